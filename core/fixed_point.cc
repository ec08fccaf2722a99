// SPDX-License-Identifier: GPL-2.0
// The logarithm comes digit by digit from repeated squaring, the exponential from its series, the
// square root bit by bit. The normal quantile is P. J. Acklam's rational approximation (2003): one
// quotient of polynomials in (p - 1/2)^2 for the middle, one in sqrt(-2 ln p) for the tail; its own
// error is below 1.15e-9.
#include "core/fixed_point.h"

namespace dime::fixed {
namespace {

constexpr unsigned kSeriesPoint = 60;

/// A polynomial, the highest power first.
template <unsigned kCount>
Fixed polynomial(const Fixed (&coefficients)[kCount], Fixed x) {
  Fixed sum = 0;
  for (const Fixed coefficient : coefficients) {
    sum = multiply(sum, x) + coefficient;
  }
  return sum;
}

constexpr Fixed kMiddleAbove[] = {literal(-39.69683028665376), literal(220.9460984245205),
                                  literal(-275.9285104469687), literal(138.3577518672690),
                                  literal(-30.66479806614716), literal(2.506628277459239)};
constexpr Fixed kMiddleBelow[] = {literal(-54.47609879822406), literal(161.5858368580409),
                                  literal(-155.6989798598866), literal(66.80131188771972),
                                  literal(-13.28068155288572), kOne};
constexpr Fixed kTailAbove[] = {literal(-0.007784894002430293), literal(-0.3223964580411365),
                                literal(-2.400758277161838),    literal(-2.549732539343734),
                                literal(4.374664141464968),     literal(2.938163982698783)};
constexpr Fixed kTailBelow[] = {literal(0.007784695709041462), literal(0.3224671290700398),
                                literal(2.445134137142996), literal(3.754408661907416), kOne};
constexpr Fixed kTailUpTo = literal(0.02425);
constexpr Fixed kTwoLn2 = literal(1.3862943611198906);

}  // namespace

Fixed square_root(Fixed value) {
  constexpr unsigned kMoreDigits = 26;  // below 2^63 in all
  constexpr unsigned kRootPoint = (kPoint + kMoreDigits) / 2;
  const std::uint64_t square = static_cast<std::uint64_t>(value) << kMoreDigits;
  std::uint64_t root = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 31; bit != 0; bit >>= 1) {
    const std::uint64_t candidate = root | bit;
    root = candidate * candidate <= square ? candidate : root;
  }
  return static_cast<Fixed>(root << (kPoint - kRootPoint));
}

Fixed minus_log2(Fraction fraction) {
  const unsigned below_whole = static_cast<unsigned>(__builtin_clzll(fraction)) - 1;
  std::uint64_t mantissa = fraction << below_whole;  // in [1, 2)
  Fixed log2 = 0;
  for (Fixed digit = kOne / 2; digit != 0; digit /= 2) {
    mantissa = scaled_unsigned(mantissa, mantissa, kFractionPoint);
    if (mantissa >= 2 * kWhole) {
      mantissa /= 2;
      log2 += digit;
    }
  }
  return Fixed{below_whole} * kOne - log2;
}

Fixed exp2(Fixed x) {
  constexpr std::uint64_t kLn2 = 799'144'290'325'165'979;  // in 1/2^60
  const Fixed whole = x >> kPoint;
  const auto rest = static_cast<std::uint64_t>(x - whole * kOne) << (kSeriesPoint - kPoint);
  const std::uint64_t y = scaled_unsigned(rest, kLn2, kSeriesPoint);
  std::uint64_t term = std::uint64_t{1} << kSeriesPoint;
  std::uint64_t sum = term;
  for (std::uint64_t n = 1; term != 0; ++n) {
    term = scaled_unsigned(term, y, kSeriesPoint) / n;
    sum += term;
  }
  constexpr Fixed kDown = kSeriesPoint - kPoint;
  const Fixed shift = kDown - whole;
  if (shift > Fixed{kSeriesPoint}) {
    return 0;
  }
  return static_cast<Fixed>(shift >= 0 ? sum >> shift : sum << -shift);
}

Fixed normal_quantile(Fraction probability) {
  const auto p = static_cast<Fixed>(probability >> (kFractionPoint - kPoint));
  if (p >= kTailUpTo) {
    const Fixed q = p - kOne / 2;
    const Fixed r = multiply(q, q);
    return divide(multiply(polynomial(kMiddleAbove, r), q), polynomial(kMiddleBelow, r));
  }
  const Fixed q = square_root(multiply(kTwoLn2, minus_log2(probability)));
  return divide(polynomial(kTailAbove, q), polynomial(kTailBelow, q));
}

}  // namespace dime::fixed
