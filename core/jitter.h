// SPDX-License-Identifier: GPL-2.0
// Jitter: what a fetch takes more or less than the latency, with the words of tc-netem.
//
//   normal,500ns   lognormal,5us,corr=25%   pareto,2us   paretonormal,2us   table:0:120:5000   none
//
// The time is the standard deviation, and the mean is 0 (so the mean latency stays what it was; a
// sum below zero counts as zero):
//
//   normal        z, the standard normal distribution
//   lognormal     e^z, less its mean and divided by its standard deviation
//   pareto        exponent 3, likewise
//   paretonormal  a quarter of the normal quantile and three quarters of the Pareto one, likewise
//   table         times in ns as measured: ascending quantiles at equal steps from 0 to 1, between
//                 which lines are drawn. They are added as they are.
//
// A draw is the quantile at a uniform random number, read from a table that is finer the closer to
// a tail: 32 lines for each halving of the probability, down to one in two million. The random
// numbers are a function of the seed and of the draw's number, so the same seed gives the same
// sequence, whoever draws, in whatever order. `corr` makes a draw repeat the one before it with
// that probability: the discrete autoregressive process of Jacobs and Lewis (1978), whose
// correlation over k draws is corr^k and whose quantiles stay those of the distribution.
#pragma once

#include "core/quantity.h"
#include "core/text.h"
#include "core/units.h"

namespace dime::jitter {

inline constexpr std::uint64_t kMaxDeviationNs = kNanosPerSecond;
inline constexpr std::uint32_t kMaxCorrelation = 9'900;  // per cent times 100

/// What was asked for. Valid as long as the text that it was read from.
struct Spec {
  std::uint32_t shape = DIME_JITTER_NONE;
  std::uint32_t correlation = 0;
  Nanos deviation;
  Text table;  ///< numbers between colons
};

/// Reads one of the forms above.
Parsed<Spec> parse(Text text);

/// Writes what parse() reads as the same.
void write(TextWriter& out, const Spec& spec);

/// Makes `jitter` what `spec` says. Seed and number of draws stay. Others may draw meanwhile, from
/// the old table or the new one.
void set(dime_jitter& jitter, const Spec& spec);

/// Starts the sequence of `seed`.
void set_seed(dime_jitter& jitter, std::uint64_t seed);

/// The quantile in ns at the uniform number `random` / 2^64.
std::int64_t quantile(const dime_jitter& jitter, std::uint64_t random);

/// The next draw, in ns. Lock-free: threads and processes may draw at once.
std::int64_t draw(dime_jitter& jitter);

/// `latency` with the next draw added; as it is where there is no jitter.
Nanos jittered(dime_jitter& jitter, Nanos latency);

/// The shape as it is spelled.
const char* name_of(std::uint32_t shape);

}  // namespace dime::jitter
