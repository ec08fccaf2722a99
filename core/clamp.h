// SPDX-License-Identifier: GPL-2.0
// A control block as it may be used: every number that is an index, a count or a choice within its
// range, every name closed by a NUL.
//
// A block is memory that several processes write to, and one of them may be faulty, so whoever uses
// it takes a copy and clamps that. What is wrong becomes the nearest or the plainest value; nothing
// is reported, as a block that only these programs write to needs none of it. What cannot be
// copied, because it is read with each fault, is clamped where it is read (fetch_times, schedule,
// jitter, link).
#pragma once

#include "dime/abi.h"

namespace dime::clamp {

/// Latencies and limits as the options allow them; names closed; a link name that is no file name
/// becomes "".
void parameters(dime_parameters& copy);

/// Counts and tiers of rules within the tables; names and texts closed.
void placement(dime_placement& copy);

/// All of a block. Figures (counters, levels, times) stay as they are.
void control(dime_control& copy);

}  // namespace dime::clamp
