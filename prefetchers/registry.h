// SPDX-License-Identifier: GPL-2.0
// The prefetchers that are built in, by name. The list is prefetchers/list.def.
#pragma once

#include "core/text.h"
#include "dime/prefetch.h"

namespace dime::prefetchers {

#define DIME_PREFETCHER(file, symbol) extern const dime_prefetch_ops k##symbol;
#include "prefetchers/list.def"
#undef DIME_PREFETCHER

inline constexpr const dime_prefetch_ops* kAll[] = {
#define DIME_PREFETCHER(file, symbol) &k##symbol,
#include "prefetchers/list.def"
#undef DIME_PREFETCHER
};

/// The prefetcher called `name`, or null.
constexpr const dime_prefetch_ops* find(Text name) {
  for (const dime_prefetch_ops* const prefetcher : kAll) {
    if (Text(prefetcher->name) == name) {
      return prefetcher;
    }
  }
  return nullptr;
}

}  // namespace dime::prefetchers
