// SPDX-License-Identifier: GPL-2.0
#include "core/prefetch_choice.h"

namespace dime::prefetch_choice {
namespace {

using choice_text::Refusal;

/// The value of the first parameter, or the tape.
Refusal read_first(const dime_prefetch_ops& prefetcher, Text part, PrefetchChoice& choice) {
  if ((prefetcher.flags & DIME_PREFETCH_TAPE) != 0) {
    choice.tape = part;
    return {};
  }
  if (prefetcher.parameter_count == 0) {
    return {"no such parameter", part};
  }
  return choice_text::read_value(prefetcher.parameters[0], part, part, choice.values[0]);
}

}  // namespace

Refusal read(const dime_prefetch_ops& prefetcher, Text text, PrefetchChoice& choice) {
  choice = {};
  choice.prefetcher = &prefetcher;
  choice_text::set_defaults(prefetcher.parameters, prefetcher.parameter_count, choice.values);
  const bool has_tape = (prefetcher.flags & DIME_PREFETCH_TAPE) != 0;
  bool first = true;
  for (std::uint32_t at = choice_text::end_of_part(text, 0); at < text.size; first = false) {
    std::uint32_t end = choice_text::end_of_part(text, at + 1);
    if (first && has_tape) {
      // A file's name may have colons.
      end = at + 1 + text.slice(at + 1, text.size).find(',');
    }
    const Text part = text.slice(at + 1, end);
    at = end;
    const bool is_value = first && (has_tape || part.find('=') == part.size);
    const Refusal refusal =
        is_value ? read_first(prefetcher, part, choice)
                 : choice_text::read_part(prefetcher.parameters, prefetcher.parameter_count, part,
                                          choice.values);
    if (!refusal.ok()) {
      return refusal;
    }
  }
  if (has_tape && choice.tape.empty()) {
    return {"needs a recording, as in tape:TRACE", text};
  }
  return {};
}

}  // namespace dime::prefetch_choice
