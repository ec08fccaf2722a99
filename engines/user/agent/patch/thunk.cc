// SPDX-License-Identifier: GPL-2.0
// The code between a stub and the hook, and the raw system calls; in assembly, because the stack
// and every register count.
//
// A thunk is entered by a stub's call, 128 bytes below the program's rsp, and leaves with
// `ret $128`, so that a stub needs no instruction for that. It pushes a Frame (patch.h) from its
// end to its beginning. The flags are kept by lahf and seto, sahf and an addition that overflows,
// which together cost less than popf.
//
// Unwinding (cancellation, exceptions, debuggers) skips the stub: the caller of a thunk is said to
// be the instruction behind the original `syscall`, in the library's own function, whose distance
// is in the nop at the return address (engines/user/sites/stub_writer.cc).
#include "engines/user/agent/patch/thunk.h"

#include <cstddef>

#include "engines/user/agent/patch/patch.h"

namespace dime::agent::patch {
namespace {

static_assert(offsetof(Frame, flags) == 48 && offsetof(Frame, number) == 56 &&
              offsetof(Frame, stack) == 64 && offsetof(Frame, frame_pointer) == 72 &&
              offsetof(Frame, resume) == 80);
static_assert(sizeof(dime_gate_cells) == 3584);

// r16 (the return address) = R + *(int32 *)(R + 3), with R = *(CFA - 136).
__asm__(R"(
  .macro dime_enter
  .cfi_startproc
  .cfi_def_cfa %rsp, 136
  .cfi_escape 0x16, 16, 16, 0x08, 136, 0x1c, 0x06, 0x12, 0x23, 3, 0x94, 4, 0x08, 32, 0x24, 0x08, 32, 0x26, 0x22
  push %rbp
  .cfi_def_cfa %rsp, 144
  .cfi_offset %rbp, -144
  mov %rsp, %rbp
  .cfi_def_cfa %rbp, 144
  push $0
  push %rax
  lahf
  seto %al
  push %rax
  push %r9
  push %r8
  push %r10
  push %rdx
  push %rsi
  push %rdi
  .endm

  # Restores the registers, the flags and the frame pointer; rax = the number.
  .macro dime_restore
  pop %rdi
  pop %rsi
  pop %rdx
  pop %r10
  pop %r8
  pop %r9
  pop %rax
  add $0x7f, %al
  sahf
  pop %rax
  lea 8(%rsp), %rsp
  pop %rbp
  .cfi_def_cfa %rsp, 136
  .endm

  # Calls the hook, and returns to the stub with what it says. In the tested thunk the hook may also
  # say that the call is to be made as it is (kRunRaw of patch.h).
  .macro dime_through_hook tested=0
  mov %rsp, %rsi
  movslq 56(%rsp), %rdi
  and $-16, %rsp
  call *dime_patch_hook(%rip)
  lea -72(%rbp), %rsp
  cmpq $0, 64(%rsp)
  jne 3f
  mov %rax, %rcx
  .cfi_remember_state
  dime_restore
  mov %rcx, %rax
  ret $128
  .cfi_restore_state
3:
  .if \tested
  cmpq $1, 64(%rsp)
  je 2b
  .endif
  # A child that goes on on a stack of its own.
  mov 64(%rsp), %r11
  mov %rax, 56(%rsp)
  dime_restore
  mov (%rsp), %rcx
  mov %r11, %rsp
  jmp *%rcx
  .endm

  .pushsection .text.dime_thunk, "ax", @progbits

  .p2align 6
  .globl dime_tested_thunk
  .hidden dime_tested_thunk
  .type dime_tested_thunk, @function
dime_tested_thunk:
  dime_enter
  mov 56(%rsp), %eax
  cmp $15, %eax
  je 2f
  cmp $58, %eax
  je 2f
  cmp $56, %eax
  jne dime_call_hook
  test $0x100, %edi
  jz dime_call_hook
  # The child begins on a stack that the program names.
  mov %rsp, %rsi
  mov $56, %edi
  and $-16, %rsp
  call *dime_patch_before_raw(%rip)
  lea -72(%rbp), %rsp
2:
  .cfi_remember_state
  dime_restore
  mov (%rsp), %rcx
  lea 136(%rsp), %rsp
  lea 9(%rcx), %rcx
  jmp *%rcx
  .cfi_restore_state

  .p2align 4
dime_call_hook:
  dime_through_hook 1
  .cfi_endproc
  .size dime_tested_thunk, . - dime_tested_thunk

  .p2align 6
  .globl dime_thunk
  .hidden dime_thunk
  .type dime_thunk, @function
dime_thunk:
  dime_enter
  dime_through_hook
  .cfi_endproc
  .size dime_thunk, . - dime_thunk

  .globl dime_raw_forward
  .hidden dime_raw_forward
  .type dime_raw_forward, @function
dime_raw_forward:
  .cfi_startproc
  cmp $435, %rdi
  jne 1f
  movq $1, 64(%rsi)
  xor %eax, %eax
  ret
1:
  mov %rdi, %rax
  mov %rsi, %rcx
  mov (%rcx), %rdi
  mov 8(%rcx), %rsi
  mov 16(%rcx), %rdx
  mov 24(%rcx), %r10
  mov 32(%rcx), %r8
  mov 40(%rcx), %r9
  jmp dime_raw_system_call
  .cfi_endproc
  .size dime_raw_forward, . - dime_raw_forward
  .popsection

  .pushsection .text.dime_raw, "ax", @progbits
  .p2align 12
  .globl dime_raw_code
  .hidden dime_raw_code
dime_raw_code:
  .globl dime_raw_system_call
  .hidden dime_raw_system_call
  .type dime_raw_system_call, @function
dime_raw_system_call:
  .cfi_startproc
  syscall
  ret
  .cfi_endproc
  .size dime_raw_system_call, . - dime_raw_system_call
  # No unwind table covers the restorer, nor the byte in front of it: unwinders then know it by its
  # bytes.
  .p2align 5
  .globl dime_raw_restorer
  .hidden dime_raw_restorer
  .type dime_raw_restorer, @function
dime_raw_restorer:
  mov $15, %rax
  syscall
  .size dime_raw_restorer, . - dime_raw_restorer
  .p2align 6
  .globl dime_gates
  .hidden dime_gates
dime_gates:
  .set dime_gate, 0
  .rept 448
  syscall
  jmp *dime_gate_cells + dime_gate(%rip)
  .set dime_gate, dime_gate + 8
  .endr
  .p2align 12
  .popsection
)");

}  // namespace
}  // namespace dime::agent::patch
