// SPDX-License-Identifier: GPL-2.0
// The frame of a trace file: a header, then Zstandard frames. The header is a skippable frame, so
// that `zstd -t` checks a trace and `zstd -dc` unpacks it.
#pragma once

#include <cstdint>
#include <cstring>

#include "dime/abi.h"

namespace dime::trace {

inline constexpr std::uint16_t kVersion = 1;

struct Header {
  std::uint32_t skippable = 0x184d2a5d;  ///< one of Zstandard's numbers for skippable frames
  std::uint32_t bytes = 16;              ///< that follow
  char magic[8] = {'D', 'i', 'M', 'E', 't', 'r', 'c', '\0'};
  std::uint16_t version = kVersion;
  std::uint16_t page_shift = DIME_PAGE_SHIFT;
  std::uint32_t unit_ns = 0;  ///< of the times in blocks of events

  [[nodiscard]] bool is_trace() const {
    const Header ours;
    return skippable == ours.skippable && bytes == ours.bytes &&
           std::memcmp(magic, ours.magic, sizeof magic) == 0;
  }
};
static_assert(sizeof(Header) == 24);

}  // namespace dime::trace
