// SPDX-License-Identifier: GPL-2.0
#include "core/jitter.h"

#include "core/atomic.h"
#include "core/fixed_point.h"
#include "core/parameters.h"

namespace dime::jitter {
namespace {

using fixed::Fixed;
using fixed::Fraction;

constexpr const char* kAllowed =
    "allowed: none, or normal, lognormal, pareto or paretonormal with a standard deviation up to "
    "1s, as in normal,500ns, or table:FILE; each also with ,corr=0% to 99%";
constexpr const char* kTableAllowed =
    "allowed: two times or more in ns, up to 60000000000, each at least as long as the one before";

constexpr const char* kNames[] = {"none", "normal", "lognormal", "pareto", "paretonormal", "table"};
constexpr unsigned kDrawn = DIME_JITTER_PARETONORMAL;  ///< the last shape that is computed

constexpr unsigned kLast = DIME_JITTER_HALF - 1;  ///< the place of the median in each half
constexpr unsigned kCellBits = 5;
static_assert(1u << kCellBits == DIME_JITTER_CELLS);

enum Half : unsigned { kLower = 0, kUpper = 1 };
constexpr Half kHalves[] = {kLower, kUpper};

/// The probability, from the tail, that place `i` of a half stands for.
Fraction tail_at(unsigned i) {
  constexpr unsigned kFirst = fixed::kFractionPoint - 1 - DIME_JITTER_OCTAVES - kCellBits;
  if (i == 0) {
    return Fraction{1} << (fixed::kFractionPoint - DIME_JITTER_OCTAVES - 3);
  }
  const unsigned octave = (i - 1) / DIME_JITTER_CELLS;
  const Fraction cell = (i - 1) % DIME_JITTER_CELLS;
  return (DIME_JITTER_CELLS + cell) << (kFirst + octave);
}

Fixed standardised(Fixed value, Fixed mean, Fixed deviation) {
  return fixed::divide(value - mean, deviation);
}

Fixed normal_at(Half half, Fraction tail) {
  const Fixed z = fixed::normal_quantile(tail);
  return half == kLower ? z : -z;
}

/// u^(-1/3) for u = 1 - probability has mean 3/2 and variance 3/4.
Fixed pareto_at(Half half, Fraction tail) {
  const Fraction above = half == kUpper ? tail : fixed::kWhole - tail;
  return standardised(fixed::exp2(fixed::minus_log2(above) / 3), fixed::literal(1.5),
                      fixed::literal(0.8660254037844386));
}

Fixed shape_at(std::uint32_t shape, Half half, Fraction tail) {
  switch (shape) {
    case DIME_JITTER_NORMAL:
      return normal_at(half, tail);
    case DIME_JITTER_LOGNORMAL: {
      constexpr Fixed kLog2OfE = fixed::literal(1.4426950408889634);
      const Fixed value = fixed::exp2(fixed::multiply(normal_at(half, tail), kLog2OfE));
      // Its mean is e^(1/2), its variance (e - 1) e.
      return standardised(value, fixed::literal(1.6487212707001282),
                          fixed::literal(2.1611974158950877));
    }
    case DIME_JITTER_PARETO:
      return pareto_at(half, tail);
    default: {
      // The standard deviation of the sum of the quantiles was integrated numerically.
      const Fixed sum = normal_at(half, tail) / 4 + pareto_at(half, tail) / 4 * 3;
      return standardised(sum, 0, fixed::literal(0.9377538543797387));
    }
  }
}

/// Walks along the numbers of a table text.
class TableReader {
 public:
  explicit TableReader(Text text) : rest_(text) {
    read();
    before_ = behind_;
    read();
  }

  /// The line between number `whole` and the one behind it, at `fraction`. `whole` must not
  /// descend.
  std::int64_t at(std::uint64_t whole, Fraction fraction) {
    for (; number_ < whole; ++number_) {
      before_ = behind_;
      read();
    }
    const auto rise = static_cast<std::int64_t>(behind_ - before_);
    const auto part = static_cast<std::int64_t>(fraction);
    return static_cast<std::int64_t>(before_) + fixed::scaled(rise, part, fixed::kFractionPoint);
  }

 private:
  /// Behind the last number, it stays.
  void read() {
    const std::uint32_t end = rest_.find(':');
    read_decimal(rest_.slice(0, end), behind_);
    rest_ = rest_.slice(end < rest_.size ? end + 1 : end, rest_.size);
  }

  Text rest_;
  std::uint64_t number_ = 0;  ///< of before_
  std::uint64_t before_ = 0;
  std::uint64_t behind_ = 0;
};

std::uint64_t entries_of(Text table) {
  std::uint64_t count = 1;
  for (std::uint32_t i = 0; i < table.size; ++i) {
    count += table[i] == ':' ? 1 : 0;
  }
  return count;
}

bool is_table(Text table) {
  std::uint64_t before = 0;
  for (std::uint32_t begin = 0; begin <= table.size;) {
    const Text rest = table.slice(begin, table.size);
    const std::uint32_t end = rest.find(':');
    std::uint64_t value = 0;
    if (!read_decimal(rest.slice(0, end), value) || value < before ||
        value > config::kMaxLatencyNs) {
      return false;
    }
    before = value;
    begin += end + 1;
  }
  return entries_of(table) >= 2;
}

void set_table(dime_jitter& jitter, Text table) {
  TableReader reader(table);
  const std::uint64_t steps = entries_of(table) - 1;
  const auto put = [&](Half half, unsigned i) {
    const Fraction tail = i == 0 ? 0 : tail_at(i);
    const Fraction probability = half == kLower ? tail : fixed::kWhole - tail;
    // The product's lowest digits are those of the fraction, however many it has above.
    atomic::store(jitter.quantiles_ns[half][i],
                  reader.at(fixed::scaled_unsigned(probability, steps, fixed::kFractionPoint),
                            probability * steps % fixed::kWhole));
  };
  for (unsigned i = 0; i <= kLast; ++i) {
    put(kLower, i);
  }
  for (unsigned i = kLast + 1; i != 0; --i) {
    put(kUpper, i - 1);
  }
}

/// Number `n` of a stream: the generator SplitMix64 of G. L. Steele, D. Lea and C. H. Flood (2014).
std::uint64_t random(std::uint64_t seed, std::uint64_t n) {
  std::uint64_t x = seed + (n + 1) * 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// No table gives more; it may have been damaged.
std::int64_t bounded(std::int64_t time) {
  constexpr auto kMost = static_cast<std::int64_t>(config::kMaxLatencyNs);
  return time > kMost ? kMost : time < -kMost ? -kMost : time;
}

constexpr std::uint32_t kCertain = 10'000;  // correlation is in 1/100 per cent

}  // namespace

Parsed<Spec> parse(Text text) {
  constexpr Text kTable = "table:";
  constexpr Text kCorrelation = "corr=";
  Spec spec;
  const std::uint32_t end = text.find(',');
  const Text word = text.slice(0, end);
  Text rest = text.slice(end < text.size ? end + 1 : end, text.size);
  if (word == Text(kNames[DIME_JITTER_NONE])) {
    return {spec, end == text.size ? nullptr : kAllowed};
  }
  if (word.size > kTable.size && word.slice(0, kTable.size) == kTable) {
    spec.shape = DIME_JITTER_TABLE;
    spec.table = word.slice(kTable.size, word.size);
    if (!is_table(spec.table)) {
      return {{}, kTableAllowed};
    }
  } else {
    for (std::uint32_t shape = DIME_JITTER_NORMAL; shape <= kDrawn; ++shape) {
      spec.shape = word == Text(kNames[shape]) ? shape : spec.shape;
    }
    const std::uint32_t time_end = rest.find(',');
    const Parsed<Nanos> deviation = parse_latency(rest.slice(0, time_end));
    if (spec.shape == DIME_JITTER_NONE || !deviation.ok() || deviation.value.value == 0 ||
        deviation.value.value > kMaxDeviationNs) {
      return {{}, kAllowed};
    }
    spec.deviation = deviation.value;
    rest = rest.slice(time_end < rest.size ? time_end + 1 : time_end, rest.size);
  }
  if (!rest.empty()) {
    const bool named =
        rest.size > kCorrelation.size && rest.slice(0, kCorrelation.size) == kCorrelation;
    const Parsed<std::uint32_t> correlation =
        parse_share(named ? rest.slice(kCorrelation.size, rest.size) : Text());
    if (!correlation.ok() || correlation.value > kMaxCorrelation) {
      return {{}, kAllowed};
    }
    spec.correlation = correlation.value;
  }
  return {spec, text[text.size - 1] == ',' ? kAllowed : nullptr};
}

void write(TextWriter& out, const Spec& spec) {
  out.put(kNames[spec.shape]);
  if (spec.shape == DIME_JITTER_TABLE) {
    out.put(':').put(spec.table);
  } else if (spec.shape != DIME_JITTER_NONE) {
    out.put(',').put(spec.deviation.value).put("ns");
  }
  if (spec.correlation != 0) {
    put_share(out.put(",corr="), spec.correlation);
  }
}

void set(dime_jitter& jitter, const Spec& spec) {
  if (spec.shape == DIME_JITTER_TABLE) {
    set_table(jitter, spec.table);
  } else if (spec.shape != DIME_JITTER_NONE) {
    for (const Half half : kHalves) {
      for (unsigned i = 0; i <= kLast; ++i) {
        const Fixed value = shape_at(spec.shape, half, tail_at(i));
        atomic::store(jitter.quantiles_ns[half][i],
                      fixed::multiply(value, static_cast<std::int64_t>(spec.deviation.value)));
      }
    }
  }
  atomic::store(jitter.correlation, spec.correlation);
  atomic::store(jitter.deviation_ns, spec.deviation.value);
  atomic::store_release(jitter.shape, spec.shape);
}

void set_seed(dime_jitter& jitter, std::uint64_t seed) {
  atomic::store(jitter.seed, seed);
  atomic::store(jitter.draws, std::uint64_t{0});
}

std::int64_t quantile(const dime_jitter& jitter, std::uint64_t random) {
  // The highest bit chooses the half; the rest, from 0 at the tail to 1 at the median, the line.
  const Half half = (random >> 63) == 0 ? kLower : kUpper;
  const std::uint64_t place = half == kLower ? random << 1 : ~random << 1;
  constexpr unsigned kTailBits = 64 - DIME_JITTER_OCTAVES;
  constexpr unsigned kFractionBits = 32;
  const unsigned octave_bit =
      place >> kTailBits == 0 ? kTailBits - 1 : 63 - static_cast<unsigned>(__builtin_clzll(place));
  unsigned i = 0;
  std::uint64_t fraction = place >> (kTailBits - kFractionBits);
  if (octave_bit >= kTailBits) {
    const std::uint64_t behind = place << (63 - octave_bit) << 1;
    i = 1 + (octave_bit - kTailBits) * DIME_JITTER_CELLS +
        static_cast<unsigned>(behind >> (64 - kCellBits));
    fraction = behind << kCellBits >> (64 - kFractionBits);
  }
  const std::int64_t from = bounded(atomic::load(jitter.quantiles_ns[half][i]));
  const std::int64_t to = bounded(atomic::load(jitter.quantiles_ns[half][i + 1]));
  return from + fixed::scaled(to - from, static_cast<std::int64_t>(fraction), kFractionBits);
}

std::int64_t draw(dime_jitter& jitter) {
  const std::uint64_t seed = atomic::load(jitter.seed);
  // A correlation of 100 %, which only a damaged block has, would go back to the first draw.
  const std::uint32_t asked = atomic::load(jitter.correlation);
  const std::uint64_t correlation = asked < kMaxCorrelation ? asked : kMaxCorrelation;
  std::uint64_t n = atomic::add(jitter.draws, std::uint64_t{1}) - 1;
  // Two streams from one: even numbers say whether a draw repeats, odd ones are the draws.
  while (n != 0 && (random(seed, 2 * n) >> 32) * kCertain >> 32 < correlation) {
    --n;
  }
  return quantile(jitter, random(seed, 2 * n + 1));
}

Nanos jittered(dime_jitter& jitter, Nanos latency) {
  if (atomic::load_acquire(jitter.shape) == DIME_JITTER_NONE) {
    return latency;
  }
  const std::int64_t more = draw(jitter);
  return more >= 0 ? latency + Nanos{static_cast<std::uint64_t>(more)}
                   : latency - Nanos{static_cast<std::uint64_t>(-more)};
}

const char* name_of(std::uint32_t shape) {
  return shape <= DIME_JITTER_TABLE ? kNames[shape] : "unknown";
}

}  // namespace dime::jitter
