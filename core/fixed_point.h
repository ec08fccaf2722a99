// SPDX-License-Identifier: GPL-2.0
// Functions of real numbers in integers: the kernel engine has no floating point.
//
// A Fixed is a signed number with 32 binary digits behind the point. Errors are below 2e-6,
// relative to 1 or to the result, whichever is greater; the tests compare with the C library over
// the arguments that the jitter tables have.
#pragma once

#include <cstdint>

namespace dime::fixed {

using Fixed = std::int64_t;

inline constexpr unsigned kPoint = 32;
inline constexpr Fixed kOne = Fixed{1} << kPoint;

/// Probabilities and other numbers in (0, 1] in 1/2^62.
using Fraction = std::uint64_t;
inline constexpr unsigned kFractionPoint = 62;
inline constexpr Fraction kWhole = Fraction{1} << kFractionPoint;

/// A literal, folded by the compiler.
consteval Fixed literal(double value) {
  return static_cast<Fixed>(value * 4294967296.0 + (value < 0 ? -0.5 : 0.5));
}

/// a * b / 2^digits, rounded down, with every digit in between. REQUIRES: the result fits.
constexpr std::int64_t scaled(std::int64_t a, std::int64_t b, unsigned digits) {
  __extension__ using Wide = __int128;
  return static_cast<std::int64_t>(Wide{a} * b >> digits);
}
constexpr std::uint64_t scaled_unsigned(std::uint64_t a, std::uint64_t b, unsigned digits) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>(Wide{a} * b >> digits);
}

constexpr Fixed multiply(Fixed a, Fixed b) {
  return scaled(a, b, kPoint);
}

/// To 20 binary digits behind the point. REQUIRES: |numerator| < 2^10, denominator not 0.
constexpr Fixed divide(Fixed numerator, Fixed denominator) {
  constexpr unsigned kDigits = 20;
  return numerator * (Fixed{1} << kDigits) / denominator * (Fixed{1} << (kPoint - kDigits));
}

/// REQUIRES: 0 <= value < 32.
Fixed square_root(Fixed value);

/// -log2 of a fraction.
Fixed minus_log2(Fraction fraction);

/// 2^x. REQUIRES: x < 30.
Fixed exp2(Fixed x);

/// The quantile of the standard normal distribution at `probability`, at most 1/2; from 2^-23.
Fixed normal_quantile(Fraction probability);

}  // namespace dime::fixed
