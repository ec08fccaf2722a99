// SPDX-License-Identifier: GPL-2.0
// The call stacks of a trace's remote accesses, in the folded form that flame-graph tools read: a
// line a stack, `program;main;sort;compare 1234`, outermost first.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"
#include "trace/meta.h"

namespace dime::trace {

struct Folded {
  std::map<std::string, std::uint64_t> counts;  ///< remote accesses by stack
  std::uint64_t remote = 0;                     ///< of the trace
  std::uint64_t with_stack = 0;                 ///< of those
  std::uint64_t events = 0;
  std::string problem;  ///< why the trace ends before its end, or empty
};

/// Error: also where the trace was recorded without stacks.
Result<Folded> fold(const std::string& path);

/// `[file.so+0x1234]`, for code whose function is not known.
std::string nameless(const std::string& path, std::uint64_t offset);

/// The function, or what nameless() says of it, or `[unknown]` where not even the file is known.
/// Without ';' and line ends.
std::string name_of(const Frame& frame, const Meta& meta);

/// An error where the trace was recorded without call stacks. `wanted` is what needs them.
Result<void> require_stacks(const Meta& meta, const std::string& path, const std::string& wanted);

}  // namespace dime::trace
