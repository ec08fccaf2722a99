// SPDX-License-Identifier: GPL-2.0
// Quantities as people write and read them: `--local 25%`, `--latency 3us`, `--bandwidth 40Gbit/s`.
//
// Reading is exact integer arithmetic on the decimal digits; one blank may stand before the unit.
// Without a unit a number is refused, because nobody can tell which one was meant. Pure: no locale,
// no floating point, no allocation.
#pragma once

#include "core/text.h"
#include "core/units.h"

namespace dime {

/// A value, or what is allowed instead.
template <class T>
struct [[nodiscard]] Parsed {
  T value{};
  const char* problem = nullptr;  ///< one phrase that says what is allowed; null = `value` counts

  [[nodiscard]] constexpr bool ok() const { return problem == nullptr; }
};

/// A local size as in struct dime_parameters: exactly one of the two is not 0.
struct LocalSize {
  std::uint64_t npages = 0;
  std::uint32_t share = 0;  ///< per cent times 100: 2500 = 25 %
  friend constexpr bool operator==(LocalSize, LocalSize) = default;
};

/// `2000p`, `64MiB` (rounded down to pages), `12.5%` (rounded to 0.01 %).
Parsed<LocalSize> parse_local(Text text);

/// `64MiB`, `2000p`: a number of bytes.
Parsed<std::uint64_t> parse_bytes(Text text);

/// `500ns`, `3us`, `1.5ms`, `1s`; at most 60 s, rounded to nanoseconds.
Parsed<Nanos> parse_latency(Text text);

/// The same without a limit.
Parsed<Nanos> parse_duration(Text text);

/// `40Gbit/s`, `5GB/s`, `512MiB/s`, `unlimited`.
Parsed<BitsPerSecond> parse_bandwidth(Text text);

/// `25%`, `12.5%`: per cent times 100, from 0% to 100%.
Parsed<std::uint32_t> parse_share(Text text);

/// Writes exactly what parse_bandwidth() reads: `40000000.000kbit/s`, `unlimited`.
void put_bandwidth(TextWriter& out, BitsPerSecond bandwidth);

/// Writes per cent times 100 as parse_share() reads them: `12.50%`.
void put_share(TextWriter& out, std::uint32_t share);

/// A short text by value.
struct ShortText {
  char text[32];
  [[nodiscard]] const char* c_str() const { return text; }
};

/// Three significant digits and the largest unit that leaves at least 1: `20.0 us`, `123 ns`,
/// `1.50 s`; whole numbers in the smallest unit.
ShortText format_time(Nanos time);
/// `40.0 Gbit/s`, `unlimited`.
ShortText format_bandwidth(BitsPerSecond bandwidth);
/// `64.0 MiB`, `512 B`.
ShortText format_bytes(std::uint64_t bytes);
/// `25%`, `12.5%`, `2000 pages (7.81 MiB)`.
ShortText format_local(LocalSize size);

}  // namespace dime
