// SPDX-License-Identifier: GPL-2.0
// A 32-bit sum of a page's content, by which an eviction tells whether the page was changed since
// it was evicted the last time.
//
// CRC-32C by the processor's instruction (SSE 4.2), which needs general registers only. A change of
// up to 32 neighbouring bits inside a word of 64 is always seen, any other with a probability of
// 1 - 2^-32.
#pragma once

#include <cstdint>

namespace dime::agent::page_sum {

/// True on processors that have the instruction.
[[nodiscard]] bool is_available();

/// The sum of the page at `page`, below kUnknown. REQUIRES: is_available().
[[nodiscard]] std::uint32_t of(const void* page);

/// No sum was made. The number above it is no sum either.
inline constexpr std::uint32_t kUnknown = UINT32_MAX - 1;

}  // namespace dime::agent::page_sum
