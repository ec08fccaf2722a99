// SPDX-License-Identifier: GPL-2.0
#include "core/fetch_times.h"

#include "core/atomic.h"
#include "core/parameters.h"

namespace dime::fetch_times {
namespace {

constexpr std::uint64_t kMaxBytes = 1ull << 30;
constexpr const char* kAllowed =
    "allowed: none, or up to 32 pairs BYTES:NS with commas between them, sizes from 1 to "
    "1073741824 "
    "and ascending, times up to 60000000000 ns and not descending";

/// One entry of a table that others may write to, within the bounds that parse() keeps.
dime_fetch_size entry(const dime_fetch_times& times, std::uint32_t i) {
  const std::uint64_t bytes = atomic::load(times.sizes[i].bytes);
  const std::uint64_t ns = atomic::load(times.sizes[i].ns);
  return {bytes < kMaxBytes ? bytes : kMaxBytes,
          ns < config::kMaxLatencyNs ? ns : config::kMaxLatencyNs};
}

/// The line through two points, at `x`; from 0 to the longest time. Sizes are below 2^31, times
/// below 2^36. Two points need not ascend where set() runs meanwhile: then the first counts.
std::uint64_t line(const dime_fetch_size& from, const dime_fetch_size& to, std::uint64_t x) {
  if (to.bytes <= from.bytes) {
    return from.ns;
  }
  const auto run = static_cast<std::int64_t>(to.bytes - from.bytes);
  const auto rise = static_cast<std::int64_t>(to.ns - from.ns);
  const auto behind = static_cast<std::int64_t>(x) - static_cast<std::int64_t>(from.bytes);
  // Whole slope and rest apart, so that the second product fits.
  std::int64_t more = 0;
  if (__builtin_mul_overflow(rise / run, behind, &more)) {
    return behind > 0 ? config::kMaxLatencyNs : 0;
  }
  const std::int64_t sum = static_cast<std::int64_t>(from.ns) + more + rise % run * behind / run;
  const std::uint64_t time = sum > 0 ? static_cast<std::uint64_t>(sum) : 0;
  return time < config::kMaxLatencyNs ? time : config::kMaxLatencyNs;
}

bool read_pair(Text pair, dime_fetch_size& size) {
  const std::uint32_t colon = pair.find(':');
  return colon != pair.size && read_decimal(pair.slice(0, colon), size.bytes) &&
         read_decimal(pair.slice(colon + 1, pair.size), size.ns) && size.bytes != 0 &&
         size.bytes <= kMaxBytes && size.ns <= config::kMaxLatencyNs;
}

}  // namespace

Parsed<dime_fetch_times> parse(Text text) {
  dime_fetch_times times{};
  if (text == Text("none")) {
    return {times, nullptr};
  }
  for (std::uint32_t begin = 0; begin <= text.size;) {
    const Text rest = text.slice(begin, text.size);
    const std::uint32_t end = rest.find(',');
    dime_fetch_size size{};
    if (times.count == DIME_MAX_FETCH_SIZES || !read_pair(rest.slice(0, end), size)) {
      return {{}, kAllowed};
    }
    if (times.count != 0) {
      const dime_fetch_size& before = times.sizes[times.count - 1];
      if (size.bytes <= before.bytes || size.ns < before.ns) {
        return {{}, kAllowed};
      }
    }
    times.sizes[times.count++] = size;
    begin += end + 1;
  }
  return {times, nullptr};
}

void write(TextWriter& out, const dime_fetch_times& times) {
  for (std::uint32_t i = 0; i < times.count; ++i) {
    out.put(i == 0 ? "" : ",").put(times.sizes[i].bytes).put(':').put(times.sizes[i].ns);
  }
  out.put(times.count == 0 ? "none" : "");
}

Nanos at(const dime_fetch_times& times, std::uint64_t bytes) {
  const std::uint32_t written = atomic::load(times.count);
  const std::uint32_t count = written < DIME_MAX_FETCH_SIZES ? written : DIME_MAX_FETCH_SIZES;
  if (count < 2) {
    return {entry(times, 0).ns};
  }
  std::uint32_t i = 1;
  while (i + 1 < count && atomic::load(times.sizes[i].bytes) < bytes) {
    ++i;
  }
  return {line(entry(times, i - 1), entry(times, i), bytes)};
}

void set(dime_fetch_times& times, const dime_fetch_times& wanted) {
  atomic::store_release(times.count, 0u);
  for (std::uint32_t i = 0; i < wanted.count; ++i) {
    atomic::store(times.sizes[i].bytes, wanted.sizes[i].bytes);
    atomic::store(times.sizes[i].ns, wanted.sizes[i].ns);
  }
  atomic::store_release(times.count, wanted.count);
}

}  // namespace dime::fetch_times
