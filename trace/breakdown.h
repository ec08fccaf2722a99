// SPDX-License-Identifier: GPL-2.0
// To which memory, code, phase, thread or process the events of a trace belong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace dime::trace {

enum class By : std::uint8_t { kMapping, kFunction, kPhase, kThread, kProcess };
/// In the order of By.
inline constexpr const char* kByWords[] = {"mapping", "function", "phase", "thread", "process"};

/// What one of them has. Uses are events by which a page was used.
struct Share {
  std::string name;
  std::uint64_t uses = 0;
  std::uint64_t first_touch = 0;
  std::uint64_t remote = 0;  ///< fetched because of a touch
  std::uint64_t evictions = 0;
  std::uint64_t pages = 0;  ///< different ones that were used
};

struct Breakdown {
  std::vector<Share> shares;  ///< most remote accesses first, or most uses where there are none
  std::uint64_t events = 0;
  std::string problem;  ///< why the trace ends before its end, or empty
  bool has_phases = false;
};

/// Reads the trace twice: names stand behind what they are about. By function, events without a
/// call stack are left out. Error: also where the trace was recorded without stacks and `by` wants
/// them.
Result<Breakdown> break_down(const std::string& path, By by);

std::string text_of(const Breakdown& breakdown, By by);
std::string json_of(const Breakdown& breakdown, By by);

}  // namespace dime::trace
