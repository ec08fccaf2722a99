// SPDX-License-Identifier: GPL-2.0
// dime prefetchers: what --prefetch may name.
#include <fmt/format.h>

#include "cli/choice_details.h"
#include "cli/command.h"
#include "prefetchers/registry.h"

namespace dime {
namespace {

int list() {
  for (const dime_prefetch_ops* const prefetcher : prefetchers::kAll) {
    fmt::print("{:<12} {}\n", prefetcher->name, prefetcher->summary);
    for (const std::string& more : details_of(*prefetcher)) {
      fmt::print("{:<12} {}\n", "", more);
    }
  }
  return kSuccess;
}

std::function<int()> register_prefetchers(CLI::App& /*app*/) {
  return [] { return list(); };
}

}  // namespace

const Command kPrefetchersCommand = {"prefetchers", "the prefetchers that there are",
                                     register_prefetchers};

}  // namespace dime
