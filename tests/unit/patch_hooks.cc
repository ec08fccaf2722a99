// SPDX-License-Identifier: GPL-2.0
#include "tests/unit/patch_hooks.h"

namespace dime::test {

std::uint64_t hooked_calls;
agent::Mutex forking;

long counting_hook(long number, agent::patch::Frame* frame) {
  __atomic_add_fetch(&hooked_calls, 1, __ATOMIC_RELAXED);
  constexpr long kClone = 56;
  if (number != kClone) {
    return dime_raw_forward(number, frame);
  }
  const long stack = frame->arguments[1];
  frame->arguments[1] = 0;
  forking.lock();
  const long child = dime_raw_forward(number, frame);
  if (child == 0) {
    forking.reset();
  } else {
    forking.unlock();
  }
  frame->arguments[1] = stack;
  if (child == 0 && stack != 0) {
    frame->stack = static_cast<std::uint64_t>(stack);
  }
  return child;
}

}  // namespace dime::test
