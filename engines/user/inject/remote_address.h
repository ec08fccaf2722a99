// SPDX-License-Identifier: GPL-2.0
// Addresses in another process. They are never dereferenced here, so they are not pointers.
#pragma once

#include <compare>
#include <cstdint>

namespace dime {

struct RemoteAddress {
  std::uint64_t value = 0;
  friend auto operator<=>(const RemoteAddress&, const RemoteAddress&) = default;
};

constexpr RemoteAddress operator+(RemoteAddress address, std::uint64_t bytes) {
  return {address.value + bytes};
}

/// Bytes from `from` to `to`; REQUIRES: from <= to.
constexpr std::uint64_t operator-(RemoteAddress to, RemoteAddress from) {
  return to.value - from.value;
}

/// Half-open.
struct RemoteRange {
  RemoteAddress begin;
  RemoteAddress end;
  [[nodiscard]] constexpr std::uint64_t bytes() const { return end - begin; }
  friend bool operator==(const RemoteRange&, const RemoteRange&) = default;
};

}  // namespace dime
