// SPDX-License-Identifier: GPL-2.0
#include "tests/unit/patch_hooks.h"

namespace dime::test {

std::uint64_t hooked_calls;

long counting_hook(long number, agent::patch::Frame* frame) {
  __atomic_add_fetch(&hooked_calls, 1, __ATOMIC_RELAXED);
  constexpr long kClone = 56;
  const long stack = frame->arguments[1];
  if (number != kClone || stack == 0) {
    return dime_raw_forward(number, frame);
  }
  frame->arguments[1] = 0;
  const long child = dime_raw_forward(number, frame);
  frame->arguments[1] = stack;
  if (child == 0) {
    frame->stack = static_cast<std::uint64_t>(stack);
  }
  return child;
}

}  // namespace dime::test
