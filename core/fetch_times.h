// SPDX-License-Identifier: GPL-2.0
// The unloaded time of a fetch by its size, as measured on a network: `4096:2900,16384:5700` says
// that 4 KiB take 2.9 us and 16 KiB take 5.7 us. It stands for latency + size / bandwidth; the wire
// is held for size / bandwidth all the same. Between two sizes times are interpolated, below the
// first and above the last the nearest line goes on.
#pragma once

#include "core/quantity.h"
#include "core/text.h"
#include "core/units.h"

namespace dime::fetch_times {

/// Reads `BYTES:NS[,BYTES:NS..]`, both ascending, or `none`.
Parsed<dime_fetch_times> parse(Text text);

/// Writes what parse() reads as the same times.
void write(TextWriter& out, const dime_fetch_times& times);

/// The time of a fetch of `bytes`. REQUIRES: times.count != 0.
Nanos at(const dime_fetch_times& times, std::uint64_t bytes);

/// Makes `times` what `wanted` says, while others may read it.
void set(dime_fetch_times& times, const dime_fetch_times& wanted);

}  // namespace dime::fetch_times
