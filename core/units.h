// SPDX-License-Identifier: GPL-2.0
// Quantities and addresses as types. Plain integers appear only at the borders (ABI, system calls,
// text).
#pragma once

#include <compare>
#include <cstdint>

#include "dime/abi.h"

namespace dime {

inline constexpr std::uint64_t kPageBytes = DIME_PAGE_BYTES;
inline constexpr std::uint64_t kNanosPerSecond = 1'000'000'000;

/// A time or a duration in nanoseconds. Durations saturate at zero when subtracted.
struct Nanos {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(Nanos, Nanos) = default;
  friend constexpr Nanos operator+(Nanos a, Nanos b) { return {a.value + b.value}; }
  friend constexpr Nanos operator-(Nanos a, Nanos b) {
    return {a.value > b.value ? a.value - b.value : 0};
  }
};

constexpr Nanos later(Nanos a, Nanos b) {
  return a < b ? b : a;
}

/// Bits per second; zero means unlimited.
struct BitsPerSecond {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(BitsPerSecond, BitsPerSecond) = default;
  [[nodiscard]] constexpr bool unlimited() const { return value == 0; }
};

/// Number of a 4 KiB page in an address space: address >> 12.
struct PageNumber {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(PageNumber, PageNumber) = default;
  [[nodiscard]] constexpr std::uint64_t address() const { return value << DIME_PAGE_SHIFT; }
  static constexpr PageNumber of(std::uint64_t address) { return {address >> DIME_PAGE_SHIFT}; }
};

/// Half-open range of addresses [begin, end).
struct AddressRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  friend constexpr bool operator==(AddressRange, AddressRange) = default;
  [[nodiscard]] constexpr std::uint64_t bytes() const { return end > begin ? end - begin : 0; }
  [[nodiscard]] constexpr bool empty() const { return end <= begin; }
  [[nodiscard]] constexpr bool contains(std::uint64_t address) const {
    return address >= begin && address < end;
  }
  [[nodiscard]] constexpr bool intersects(AddressRange other) const {
    return begin < other.end && other.begin < end;
  }
  /// The pages that it touches.
  [[nodiscard]] constexpr AddressRange whole_pages() const {
    return {begin & ~(kPageBytes - 1), (end + kPageBytes - 1) & ~(kPageBytes - 1)};
  }
  [[nodiscard]] constexpr AddressRange intersection(AddressRange other) const {
    const AddressRange both{begin > other.begin ? begin : other.begin,
                            end < other.end ? end : other.end};
    return both.empty() ? AddressRange{} : both;
  }
};

}  // namespace dime
