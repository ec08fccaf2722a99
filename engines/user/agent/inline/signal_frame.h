// SPDX-License-Identifier: GPL-2.0
// What the kernel puts on a stack for a signal, and the code that it enters and returns from.
//
// The frame (return address, ucontext, siginfo, and the processor's extended state above them) has
// no pointer into itself but one, so it can be moved. Its layout is the kernel's ABI:
// arch/x86/include/asm/sigframe.h and uapi/asm/sigcontext.h.
#pragma once

#include <cstdint>

#include "engines/user/agent/inline/signals.h"

namespace dime::agent::signals {

/// Of a context's registers.
enum Register : unsigned {
  kRdi = 8,
  kRsi = 9,
  kRbp = 10,
  kRdx = 12,
  kRax = 13,
  kRsp = 15,
  kRip = 16,
  kError = 19,
  kR10 = 2,
  kR8 = 0,
  kR9 = 1
};

struct Context {
  std::uint64_t flags;
  std::uint64_t link;
  AlternateStack stack;
  std::uint64_t registers[23];
  std::uint64_t extended_state;
  std::uint64_t reserved[8];
  std::uint64_t mask;
};
static_assert(sizeof(Context) == 304);

struct Info {
  std::int32_t signal;
  std::int32_t error;
  std::int32_t code;
  std::int32_t padding;
  std::uint64_t address;
  char rest[104];
};
static_assert(sizeof(Info) == 128);

struct Frame {
  std::uint64_t back;
  Context context;
  Info info;
};

/// Below `top`, as the kernel places a frame.
[[nodiscard]] Frame* copy_below(const Frame& frame, std::uint64_t top);
/// At `at`, with its extended state above it. REQUIRES: a return address fits there, that is, `at`
/// is 8 below a multiple of 16.
[[nodiscard]] Frame* copy_to(const Frame& frame, std::uint64_t at);

/// Where to go on: with this stack pointer, in this code.
struct Going {
  Frame* frame;
  std::uint64_t handler;
};

/// The handler of every signal: goes on where dime_on_signal() says.
extern "C" __attribute__((visibility("hidden"))) void dime_signal_entry();
/// Back to what was interrupted.
extern "C" __attribute__((visibility("hidden"))) void dime_signal_done();
/// Where a handler of the program returns to: goes on where dime_before_return() says.
extern "C" __attribute__((visibility("hidden"))) void dime_signal_return();

extern "C" __attribute__((visibility("hidden"))) Going dime_on_signal(int signal, Frame* frame);
extern "C" __attribute__((visibility("hidden"))) Going dime_before_return(Frame* frame);

inline std::uint64_t address_of(void (*code)()) {
  return reinterpret_cast<std::uint64_t>(code);
}

}  // namespace dime::agent::signals
