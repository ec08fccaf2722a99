// SPDX-License-Identifier: GPL-2.0
// From the misses of a replay to the time that the program would take.
//
// Each thread runs as in the recording, less what the recording's own fetches took, plus the stalls
// of this replay; stalls queue on one link (core/transfers.h). A thread that begins is as late as
// the one that its process ran last. The program is as late as its latest thread.
//
// Of a trace that is a sample of the pages, each miss stands for as many as the sample leaves out,
// one behind the other, by the same thread; that they queue for the link is then not predicted.
//
// A recording's time is more than the program's and that of its stalls: faults cost something
// beyond their delay, and first touches are faults of the agent's. Where it is known how long the
// program takes natively, the difference is laid on the faults of the recording, and those of the
// replay pay it: first touches the floor, as they come, and others what is left, where one thread
// makes them all.
//
// What this cannot know: that threads wait for each other, beyond that; that a changed order of
// threads changes their accesses; that an eviction finds a page clean. Every eviction is written
// back.
#pragma once

#include <cstdint>
#include <span>

#include "dime/abi.h"
#include "engines/prediction/program.h"
#include "engines/simulator/replay.h"

namespace dime::prediction {

struct Timing {
  double wall_s = 0;
  double native_s = 0;              ///< with all pages local
  double stall_s = 0;               ///< of all threads together
  std::uint64_t fetches = 0;        ///< that a thread waits for
  std::uint64_t fetched_ahead = 0;  ///< by the prefetcher
  std::uint64_t late = 0;           ///< of those, touched while they were in flight
  std::uint64_t bytes_rx = 0;
  std::uint64_t bytes_tx = 0;
  double busy_share = 0;  ///< of the wire, for fetches
};

/// `misses` is what replay() gave for `program`. `parameters` says what the network is.
/// `native_ns`: how long the program takes without emulation, 0 = not known.
Timing time_of(const Program& program, std::span<const simulator::Miss> misses,
               const dime_parameters& parameters, std::uint64_t native_ns);

}  // namespace dime::prediction
