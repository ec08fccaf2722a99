// SPDX-License-Identifier: GPL-2.0
// A library with system-call instructions of its own, one at the very end of a function.
#include <sys/syscall.h>

extern "C" {

long raw_call(long number, long a, long b, long c, long d, long e, long f) {
  long result = number;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "+a"(result)
                   : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

// No C code around it, and no instruction that could move: a call with arguments as they come.
long raw_read(int descriptor, void* to, unsigned long bytes);
__asm__(
    ".globl raw_read\n"
    ".type raw_read, @function\n"
    "raw_read:\n"
    "  xor %eax, %eax\n"
    "  syscall\n"
    "  ret\n"
    ".size raw_read, . - raw_read\n");

}  // extern "C"
