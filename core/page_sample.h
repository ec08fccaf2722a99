// SPDX-License-Identifier: GPL-2.0
// Which pages belong to a sample: those whose hash is below its share, so that each process, and
// each run with the same addresses, chooses the same ones (spatial sampling, as in SHARDS,
// FAST'15).
#pragma once

#include "core/units.h"

namespace dime::page_sample {

/// Shares are per cent times 100; 0 stands for all pages, too.
inline constexpr std::uint32_t kAll = 10'000;

/// Neighbours are chosen independently of each other: the finalizer of SplitMix64.
constexpr std::uint64_t hash_of(PageNumber page) {
  std::uint64_t hash = page.value + 0x9e3779b97f4a7c15;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

constexpr bool contains(std::uint32_t share, PageNumber page) {
  return share == 0 || (hash_of(page) >> 32) * kAll >> 32 < share;
}

}  // namespace dime::page_sample
