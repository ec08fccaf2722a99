// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/own_thread.h"

#include <linux/sched.h>

#include "engines/user/agent/syscalls.h"

namespace dime::agent::own_thread {

long start(std::uint64_t stack_top, int (*entry)(void*), void* argument) {
  constexpr long kFlags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
  long result = __NR_clone;
  register void* r12 __asm__("r12") = argument;
  register int (*r13)(void*) __asm__("r13") = entry;
  __asm__ volatile(
      "xor %%edx, %%edx\n\t"
      "xor %%r10d, %%r10d\n\t"
      "xor %%r8d, %%r8d\n\t"
      // Both return from the call to 1, the new thread on its own stack.
      "lea 1f(%%rip), %%rcx\n\t"
      "mov %%rcx, -8(%%rsi)\n\t"
      "sub $8, %%rsi\n\t"
      "call dime_raw_system_call\n"
      "1:\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 2f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "mov %%r12, %%rdi\n\t"
      "call *%%r13\n\t"
      "mov %%eax, %%edi\n\t"
      "mov $60, %%eax\n\t"  // exit: of this thread only
      "call dime_raw_system_call\n"
      "2:"
      : "+a"(result), "+S"(stack_top)
      : "D"(kFlags), "r"(r12), "r"(r13)
      : "rcx", "rdx", "r8", "r10", "r11", "memory");
  return result;
}

}  // namespace dime::agent::own_thread
