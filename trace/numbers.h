// SPDX-License-Identifier: GPL-2.0
// The numbers in blocks: base 128, lowest bits first, and differences in zigzag code
// (docs/trace-format.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace dime::trace {

constexpr std::uint64_t zigzag(std::uint64_t difference) {
  return (difference << 1) ^ (0 - (difference >> 63));
}
constexpr std::uint64_t unzigzag(std::uint64_t value) {
  return (value >> 1) ^ (0 - (value & 1));
}

inline void put(std::vector<std::uint8_t>& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<std::uint8_t>(value));
}

/// Reads numbers one after the other; `ok` is false from the first one that is cut or too long.
struct Numbers {
  std::span<const std::uint8_t> bytes;
  std::size_t at = 0;
  bool ok = true;

  std::uint64_t next() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at == bytes.size()) {
        break;
      }
      const std::uint8_t byte = bytes[at++];
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if ((byte & 0x80) == 0) {
        return value;
      }
    }
    ok = false;
    return 0;
  }
  [[nodiscard]] bool finished() const { return ok && at == bytes.size(); }
};

/// Appends the sizes of the columns and then their bytes.
template <std::size_t count>
void put_columns(std::vector<std::uint8_t>& out,
                 const std::vector<std::uint8_t> (&columns)[count]) {
  for (const auto& column : columns) {
    put(out, column.size());
  }
  for (const auto& column : columns) {
    out.insert(out.end(), column.begin(), column.end());
  }
}

/// Finds the columns behind `head`, to the end of its bytes. False where they do not fill it.
template <std::size_t count>
bool take_columns(Numbers& head, std::span<const std::uint8_t> (&columns)[count]) {
  std::uint64_t sizes[count];
  for (std::uint64_t& size : sizes) {
    size = head.next();
  }
  std::span<const std::uint8_t> rest = head.bytes.subspan(head.at);
  for (std::size_t i = 0; i < count; ++i) {
    if (!head.ok || sizes[i] > rest.size()) {
      return false;
    }
    columns[i] = rest.first(sizes[i]);
    rest = rest.subspan(sizes[i]);
  }
  return rest.empty();
}

}  // namespace dime::trace
