// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/inline/signal_frame.h"

namespace dime::agent::signals {
namespace {

// rdi, rsi, rdx: the signal, its siginfo and context; rsp: the frame. Nothing but the stack pointer
// has to be kept: rt_sigreturn restores all registers.
__asm__(
    ".text\n"
    ".hidden dime_signal_entry\n"
    ".globl dime_signal_entry\n"
    "dime_signal_entry:\n"
    "  mov %edi, %ebx\n"
    "  mov %rsp, %r14\n"
    "  mov %r14, %rsi\n"
    "  sub $8, %rsp\n"
    "  call dime_on_signal\n"
    "  mov %ebx, %edi\n"
    "  mov %rdx, %rcx\n"
    "  lea 312(%rax), %rsi\n"
    "  lea 8(%rax), %rdx\n"
    "  mov %rax, %rsp\n"
    "  xor %eax, %eax\n"
    "  jmp *%rcx\n"
    ".hidden dime_signal_done\n"
    ".globl dime_signal_done\n"
    "dime_signal_done:\n"
    "  ret\n"
    // Where a handler of the program returns to, with rsp at the frame's context. To unwinders it
    // is what the C library's restorer is: the registers are in the context.
    "  .cfi_startproc\n"
    "  .cfi_signal_frame\n"
    "  .cfi_escape 0x0f, 4, 0x77, 0xa0, 0x01, 0x06\n"
    "  .cfi_escape 0x10, 8, 2, 0x77, 0x28\n"
    "  .cfi_escape 0x10, 9, 2, 0x77, 0x30\n"
    "  .cfi_escape 0x10, 10, 2, 0x77, 0x38\n"
    "  .cfi_escape 0x10, 11, 3, 0x77, 0xc0, 0x0\n"
    "  .cfi_escape 0x10, 12, 3, 0x77, 0xc8, 0x0\n"
    "  .cfi_escape 0x10, 13, 3, 0x77, 0xd0, 0x0\n"
    "  .cfi_escape 0x10, 14, 3, 0x77, 0xd8, 0x0\n"
    "  .cfi_escape 0x10, 15, 3, 0x77, 0xe0, 0x0\n"
    "  .cfi_escape 0x10, 5, 3, 0x77, 0xe8, 0x0\n"
    "  .cfi_escape 0x10, 4, 3, 0x77, 0xf0, 0x0\n"
    "  .cfi_escape 0x10, 6, 3, 0x77, 0xf8, 0x0\n"
    "  .cfi_escape 0x10, 3, 3, 0x77, 0x80, 0x1\n"
    "  .cfi_escape 0x10, 1, 3, 0x77, 0x88, 0x1\n"
    "  .cfi_escape 0x10, 0, 3, 0x77, 0x90, 0x1\n"
    "  .cfi_escape 0x10, 2, 3, 0x77, 0x98, 0x1\n"
    "  .cfi_escape 0x10, 16, 3, 0x77, 0xa8, 0x1\n"
    "  nop\n"
    ".hidden dime_signal_return\n"
    ".globl dime_signal_return\n"
    "dime_signal_return:\n"
    "  lea -8(%rsp), %rdi\n"
    "  mov %rsp, %rbp\n"
    "  and $-16, %rsp\n"
    "  call dime_before_return\n"
    "  lea 8(%rax), %rsp\n"
    "  jmp *%rdx\n"
    "  .cfi_endproc\n");

std::uint64_t bytes_of_state(const Context& context) {
  if (context.extended_state == 0) {
    return 0;
  }
  constexpr std::uint32_t kMagic = 0x46505853;
  constexpr std::uint64_t kLegacy = 512;
  const auto* const words =
      reinterpret_cast<const std::uint32_t*>(context.extended_state + kLegacy - 48);
  return words[0] == kMagic ? words[1] : kLegacy;
}

void copy(std::uint64_t to, std::uint64_t from, std::uint64_t bytes) {
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}

Frame* copied(const Frame& frame, std::uint64_t at, std::uint64_t state,
              std::uint64_t state_bytes) {
  copy(at, reinterpret_cast<std::uint64_t>(&frame), sizeof(Frame));
  auto* const to = reinterpret_cast<Frame*>(at);
  if (state_bytes != 0) {
    copy(state, frame.context.extended_state, state_bytes);
    to->context.extended_state = state;
  }
  return to;
}

}  // namespace

Frame* copy_below(const Frame& frame, std::uint64_t top) {
  const std::uint64_t state_bytes = bytes_of_state(frame.context);
  const std::uint64_t state = (top - state_bytes) & ~std::uint64_t{63};
  const std::uint64_t at = ((state - sizeof(Frame)) & ~std::uint64_t{15}) - 8;
  return copied(frame, at, state, state_bytes);
}

Frame* copy_to(const Frame& frame, std::uint64_t at) {
  const std::uint64_t state = (at + sizeof(Frame) + 63) & ~std::uint64_t{63};
  return copied(frame, at, state, bytes_of_state(frame.context));
}

}  // namespace dime::agent::signals
