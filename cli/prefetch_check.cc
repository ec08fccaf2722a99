// SPDX-License-Identifier: GPL-2.0
#include "cli/prefetch_check.h"

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/shared_object.h"
#include "prefetchers/registry.h"

namespace dime {
namespace {

std::string parameters_of(const dime_prefetch_ops& prefetcher) {
  const auto describe = [&](char* buffer, std::uint64_t size) {
    TextWriter out(buffer, size);
    choice_text::describe(out, prefetcher.parameters, prefetcher.parameter_count);
    return out.length();
  };
  std::string text(describe(nullptr, 0), '\0');
  describe(text.data(), text.size() + 1);
  return text;
}

std::string all_names() {
  std::string names;
  for (const dime_prefetch_ops* const prefetcher : prefetchers::kAll) {
    names += names.empty() ? "" : ", ";
    names += prefetcher->name;
  }
  return names;
}

}  // namespace

Result<PrefetchChoice> check_prefetcher(std::string_view label, const std::string& text) {
  Text whole(text);
  const dime_prefetch_ops* prefetcher = prefetchers::find(prefetch_choice::name_of(whole));
  if (prefetcher == nullptr && names_shared_object(text)) {
    const SharedObjectText parts = split_shared_object(text);
    DIME_TRY(prefetcher, load_prefetcher(label, parts.path));
    whole = whole.slice(static_cast<std::uint32_t>(parts.path.size()), whole.size);
  } else if (prefetcher == nullptr) {
    return fail(0, "{}{}: unknown prefetcher; allowed: {}, ./FILE.so", label, text, all_names());
  }
  PrefetchChoice choice;
  if (const auto refusal = prefetch_choice::read(*prefetcher, whole, choice); !refusal.ok()) {
    const std::string own = parameters_of(*prefetcher);
    return fail(0, "{}{}: {}: {}; {} has {}", label, text,
                std::string_view(refusal.part.data, refusal.part.size), refusal.problem,
                prefetcher->name, own.empty() ? "no parameters" : own);
  }
  return choice;
}

std::vector<std::string> prefetcher_details(const dime_prefetch_ops& prefetcher) {
  std::vector<std::string> lines;
  if (prefetcher.parameter_count != 0) {
    lines.push_back("parameters: " + parameters_of(prefetcher));
  }
  if (prefetcher.source != nullptr) {
    lines.push_back(fmt::format("source: {}", prefetcher.source));
  }
  return lines;
}

}  // namespace dime
