// SPDX-License-Identifier: GPL-2.0
// The code that an access came from, as its thread found it by frame pointers.
#pragma once

#include <cstdint>

#include "dime/events.h"

namespace dime {

struct CallStack {
  std::uint64_t pc = 0;   ///< the instruction
  std::uint64_t top = 0;  ///< the word that the stack pointer points to; 0 = not known
  std::uint32_t depth = 0;
  std::uint64_t callers[DIME_STACK_CALLERS];  ///< return addresses, the innermost first
};

}  // namespace dime
