// SPDX-License-Identifier: GPL-2.0
// A prefetcher as it is asked for: NAME, then the value of its first parameter and PARAMETER=VALUE
// as often as wanted, between commas or colons: `sequential:8`, `linux,page-cluster=4`. One that
// replays a recording has the recording instead of a value: `tape:FILE,pages=8`.
#pragma once

#include "core/choice_text.h"
#include "dime/prefetch.h"

namespace dime {

struct PrefetchChoice {
  const dime_prefetch_ops* prefetcher = nullptr;  ///< null: nothing is prefetched
  std::uint64_t values[DIME_PREFETCH_PARAMETERS] = {};
  Text tape;  ///< part of the text that was read; empty where there is none
};

namespace prefetch_choice {

using choice_text::name_of;

/// Reads the rest of `text` for `prefetcher`, whose name it begins with.
choice_text::Refusal read(const dime_prefetch_ops& prefetcher, Text text, PrefetchChoice& choice);

}  // namespace prefetch_choice
}  // namespace dime
