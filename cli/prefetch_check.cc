// SPDX-License-Identifier: GPL-2.0
#include "cli/prefetch_check.h"

#include <fmt/format.h>

#include <vector>

#include "cli/choice_details.h"
#include "prefetchers/registry.h"

namespace dime {
namespace {

bool replays(const dime_prefetch_ops& prefetcher) {
  return (prefetcher.flags & DIME_PREFETCH_TAPE) != 0;
}

// Those that an emulated program can run with.
std::string live_names() {
  std::vector<std::string_view> names;
  for (const dime_prefetch_ops* const prefetcher : prefetchers::kAll) {
    if (!replays(*prefetcher)) {
      names.emplace_back(prefetcher->name);
    }
  }
  return fmt::format("{}", fmt::join(names, ", "));
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
    return fail(0, "{}{}: unknown prefetcher; allowed: {}, ./FILE.so", label, text,
                names_of(prefetchers::kAll));
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

Result<void> check_live_prefetcher(std::string_view label, const std::string& text) {
  const dime_prefetch_ops* const prefetcher = prefetchers::find(prefetch_choice::name_of(text));
  if (prefetcher != nullptr && replays(*prefetcher)) {
    return fail(0, "{}{}: only for dime whatif: it replays a recording", label, text);
  }
  if (names_shared_object(text)) {
    return fail(0, "{}{}: only --prefetch of a new instance and dime whatif take shared objects",
                label, text);
  }
  if (prefetcher == nullptr) {
    return fail(0, "{}{}: unknown prefetcher; allowed: {}", label, text, live_names());
  }
  DIME_TRY([[maybe_unused]] const PrefetchChoice choice, check_prefetcher(label, text));
  return {};
}

bool names_own_prefetcher(const std::string& text) {
  return prefetchers::find(prefetch_choice::name_of(text)) == nullptr && names_shared_object(text);
}

Result<OwnChoice> check_own_prefetcher(std::string_view label, const std::string& text) {
  DIME_TRY(const PrefetchChoice choice, check_prefetcher(label, text));
  const dime_prefetch_ops& prefetcher = *choice.prefetcher;
  if (replays(prefetcher)) {
    return fail(0, "{}{}: only for dime whatif: it replays a recording", label, text);
  }
  if (prefetchers::find(prefetcher.name) != nullptr) {
    return fail(0, "{}{}: there is a built-in prefetcher called {}", label, text, prefetcher.name);
  }
  return own_choice(label, text, split_shared_object(text), prefetcher.name);
}

}  // namespace dime
