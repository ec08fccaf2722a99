// SPDX-License-Identifier: GPL-2.0
// A quantity is digits, optionally a point and up to six more, and a unit from a table. The value
// in the table's base unit is whole * factor + fraction * factor / 10^digits: exact, and without
// 128-bit division, which a kernel module does not have.
#include "core/quantity.h"

#include "core/parameters.h"

namespace dime {
namespace {

struct Unit {
  const char* name;
  std::uint64_t factor;
};

constexpr std::uint64_t kKilo = 1'000;
constexpr std::uint64_t kKibi = 1'024;

constexpr Unit kTimeUnits[] = {
    {"ns", 1}, {"us", kKilo}, {"ms", kKilo* kKilo}, {"s", kKilo* kKilo* kKilo}};

// In bits per second.
constexpr Unit kBandwidthUnits[] = {{"kbit/s", kKilo},
                                    {"Mbit/s", kKilo* kKilo},
                                    {"Gbit/s", kKilo* kKilo* kKilo},
                                    {"Tbit/s", kKilo* kKilo* kKilo* kKilo},
                                    {"kB/s", 8 * kKilo},
                                    {"MB/s", 8 * kKilo* kKilo},
                                    {"GB/s", 8 * kKilo* kKilo* kKilo},
                                    {"KiB/s", 8 * kKibi},
                                    {"MiB/s", 8 * kKibi* kKibi},
                                    {"GiB/s", 8 * kKibi* kKibi* kKibi}};

constexpr Unit kByteUnits[] = {{"kB", kKilo},  {"MB", kKilo* kKilo},  {"GB", kKilo* kKilo* kKilo},
                               {"KiB", kKibi}, {"MiB", kKibi* kKibi}, {"GiB", kKibi* kKibi* kKibi}};

constexpr Unit kPageUnits[] = {{"p", 1}};

constexpr std::uint64_t kShareOfOne = 100;  // local_share is in 1/100 per cent
constexpr std::uint64_t kShareOfAll = 100 * kShareOfOne;
constexpr Unit kShareUnits[] = {{"%", kShareOfOne}};

constexpr std::uint32_t kMostDecimals = 6;

struct Amount {
  bool ok = false;
  std::uint64_t down = 0;     ///< the value, rounded down
  std::uint64_t nearest = 0;  ///< rounded to the nearest, halves up
  bool exact = true;          ///< no rounding was needed
  bool has_decimals = false;
};

/// Reads a number and one of `units`. Not ok: not a number, another unit, or no integer holds it.
template <unsigned kCount>
Amount read(Text text, const Unit (&units)[kCount]) {
  std::uint32_t point = 0;
  while (point < text.size && is_digit(text[point])) {
    ++point;
  }
  std::uint32_t end = point;
  if (point < text.size && text[point] == '.') {
    ++end;
    while (end < text.size && is_digit(text[end])) {
      ++end;
    }
  }
  const bool has_decimals = end != point;
  const std::uint32_t decimals = has_decimals ? end - point - 1 : 0;
  std::uint64_t whole = 0;
  std::uint64_t fraction = 0;
  if (!read_decimal(text.slice(0, point), whole) || decimals > kMostDecimals ||
      (has_decimals && !read_decimal(text.slice(point + 1, end), fraction))) {
    return {};
  }
  std::uint64_t divisor = 1;
  for (std::uint32_t i = 0; i < decimals; ++i) {
    divisor *= 10;
  }
  const std::uint32_t unit_begin = end < text.size && text[end] == ' ' ? end + 1 : end;
  const Text name = text.slice(unit_begin, text.size);
  for (const Unit& unit : units) {
    if (name == Text(unit.name)) {
      // fraction < 10^6 and factors are at most 8 * 2^30 or 10^12: no overflow here.
      const std::uint64_t scaled = fraction * unit.factor;
      const std::uint64_t rest = scaled % divisor;
      Amount amount{.exact = rest == 0, .has_decimals = has_decimals};
      amount.ok = !__builtin_mul_overflow(whole, unit.factor, &amount.down) &&
                  !__builtin_add_overflow(amount.down, scaled / divisor, &amount.down) &&
                  !__builtin_add_overflow(amount.down, rest * 2 / divisor, &amount.nearest);
      return amount;
    }
  }
  return {};
}

/// `value` in units of `factor` with three significant digits, as in "20.0".
void put_scaled(TextWriter& out, std::uint64_t value, std::uint64_t factor) {
  const std::uint64_t whole = value / factor;
  const std::uint64_t rest = value % factor;
  if (whole >= 100) {
    out.put(whole);
  } else if (whole >= 10) {
    out.put(whole).put('.').put(rest * 10 / factor);
  } else {
    out.put(whole).put('.').put(rest * 100 / factor, 2, '0');
  }
}

/// Half of the last of three significant digits of `value` in units of `factor`. Below 1 unit: of
/// the digits it has in the next smaller one, so that 999.6 us is 1.00 ms and 996 us stays.
std::uint64_t rounding(std::uint64_t value, std::uint64_t factor) {
  const std::uint64_t whole = value / factor;
  return whole >= 100  ? factor / 2
         : whole >= 10 ? factor / 20
         : whole >= 1  ? factor / 200
                       : factor / 2000;
}

/// Writes `value`, which is in units of `base`, in the largest of `units` that leaves at least 1.
/// `units` ascend.
template <unsigned kCount>
void put_quantity(TextWriter& out, std::uint64_t value, const char* base,
                  const Unit (&units)[kCount]) {
  const Unit* chosen = nullptr;
  std::uint64_t rounded = value;
  for (const Unit& unit : units) {
    std::uint64_t candidate = 0;
    if (__builtin_add_overflow(value, rounding(value, unit.factor), &candidate)) {
      candidate = value;
    }
    if (unit.factor > 1 && candidate >= unit.factor) {
      chosen = &unit;
      rounded = candidate;
    }
  }
  if (chosen == nullptr) {
    out.put(value).put(' ').put(base);
    return;
  }
  // Rounding may have lifted 9.995 to 10.0 or 99.95 to 100, which then shows one digit less.
  put_scaled(out, rounded, chosen->factor);
  out.put(' ').put(chosen->name);
}

constexpr Unit kShownBandwidthUnits[] = {kBandwidthUnits[0], kBandwidthUnits[1], kBandwidthUnits[2],
                                         kBandwidthUnits[3]};
constexpr Unit kShownByteUnits[] = {kByteUnits[3], kByteUnits[4], kByteUnits[5]};

constexpr const char* kLocalAllowed =
    "allowed: pages (2000p), bytes (64MiB; kB, MB, GB, KiB, MiB, GiB) from one page, or a share of "
    "the touched pages (25%) above 0% and up to 100%";
constexpr const char* kLatencyAllowed =
    "allowed: 0ns to 60s with a unit (ns, us, ms, s), as in 3us or 1.5ms";
constexpr const char* kBandwidthAllowed =
    "allowed: 1kbit/s to 1000Tbit/s with a unit (kbit/s, Mbit/s, Gbit/s, Tbit/s, kB/s, MB/s, GB/s, "
    "KiB/s, MiB/s, GiB/s), as in 40Gbit/s, or 'unlimited'";

constexpr const char* kShareAllowed = "allowed: 0% to 100%";

}  // namespace

Parsed<LocalSize> parse_local(Text text) {
  if (const Amount share = read(text, kShareUnits); share.ok) {
    const bool above_all = share.down > kShareOfAll || (share.down == kShareOfAll && !share.exact);
    if (share.nearest == 0 || above_all) {
      return {{}, kLocalAllowed};
    }
    return {{0, static_cast<std::uint32_t>(share.nearest)}, nullptr};
  }
  Amount size = read(text, kPageUnits);
  if (!size.ok || size.has_decimals) {
    size = read(text, kByteUnits);
    size.down /= kPageBytes;
  }
  if (!size.ok || size.down == 0 || size.down > config::kMaxLocalNpages) {
    return {{}, kLocalAllowed};
  }
  return {{size.down, 0}, nullptr};
}

Parsed<std::uint64_t> parse_bytes(Text text) {
  const Amount bytes = read(text, kByteUnits);
  if (bytes.ok) {
    return {bytes.down, nullptr};
  }
  const Amount pages = read(text, kPageUnits);
  if (!pages.ok || pages.has_decimals || pages.down > config::kMaxLocalNpages) {
    return {{}, "allowed: a size in kB, MB, GB, KiB, MiB, GiB or p (pages)"};
  }
  return {pages.down * kPageBytes, nullptr};
}

Parsed<Nanos> parse_duration(Text text) {
  const Amount time = read(text, kTimeUnits);
  const bool vanishes = time.nearest == 0 && !time.exact;
  if (!time.ok || vanishes) {
    return {{}, kLatencyAllowed};
  }
  return {{time.nearest}, nullptr};
}

Parsed<Nanos> parse_latency(Text text) {
  Parsed<Nanos> time = parse_duration(text);
  if (time.ok() && time.value.value > config::kMaxLatencyNs) {
    time.problem = kLatencyAllowed;
  }
  return time;
}

Parsed<BitsPerSecond> parse_bandwidth(Text text) {
  if (text == Text("unlimited")) {
    return {{0}, nullptr};
  }
  const Amount rate = read(text, kBandwidthUnits);
  if (!rate.ok || rate.down < config::kMinBandwidthBps || rate.down > config::kMaxBandwidthBps) {
    return {{}, kBandwidthAllowed};
  }
  return {{rate.down}, nullptr};
}

Parsed<std::uint32_t> parse_share(Text text) {
  const Amount share = read(text, kShareUnits);
  if (!share.ok || share.nearest > kShareOfAll) {
    return {0, kShareAllowed};
  }
  return {static_cast<std::uint32_t>(share.nearest), nullptr};
}

void put_bandwidth(TextWriter& out, BitsPerSecond bandwidth) {
  if (bandwidth.unlimited()) {
    out.put("unlimited");
  } else {
    out.put(bandwidth.value / kKilo).put('.').put(bandwidth.value % kKilo, 3, '0').put("kbit/s");
  }
}

void put_share(TextWriter& out, std::uint32_t share) {
  out.put(share / kShareOfOne).put('.').put(share % kShareOfOne, 2, '0').put('%');
}

ShortText format_time(Nanos time) {
  ShortText result;
  TextWriter out(result.text, sizeof(result.text));
  put_quantity(out, time.value, "ns", kTimeUnits);
  return result;
}

ShortText format_bandwidth(BitsPerSecond bandwidth) {
  ShortText result;
  TextWriter out(result.text, sizeof(result.text));
  if (bandwidth.unlimited()) {
    out.put("unlimited");
  } else {
    put_quantity(out, bandwidth.value, "bit/s", kShownBandwidthUnits);
  }
  return result;
}

ShortText format_bytes(std::uint64_t bytes) {
  ShortText result;
  TextWriter out(result.text, sizeof(result.text));
  put_quantity(out, bytes, "B", kShownByteUnits);
  return result;
}

ShortText format_local(LocalSize size) {
  ShortText result;
  TextWriter out(result.text, sizeof(result.text));
  if (size.share == 0) {
    out.put(size.npages).put(" pages (");
    out.put(format_bytes(size.npages * kPageBytes).c_str()).put(')');
    return result;
  }
  const std::uint64_t hundredths = size.share % kShareOfOne;
  out.put(std::uint64_t{size.share / kShareOfOne});
  if (hundredths % 10 != 0) {
    out.put('.').put(hundredths, 2, '0');
  } else if (hundredths != 0) {
    out.put('.').put(hundredths / 10);
  }
  out.put('%');
  return result;
}

}  // namespace dime
