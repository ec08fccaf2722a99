// SPDX-License-Identifier: GPL-2.0
// A library with a system call in every kind of surroundings, for patch_test.cc. Each function
// returns something that depends on the call and on what must not change across it.
__asm__(R"(
  .macro sample name
  .globl \name
  .type \name, @function
  .p2align 4
\name:
  .endm
  .text

  # Window: the previous instruction. 110 is getppid.
  sample sample_previous
  mov $110, %eax
  syscall
  ret

  # What follows: the call is jumped to.
  sample sample_following
  jmp 1f
  mov $39, %eax
1:
  lea -28(%rdi), %rax
  jmp 2f
  nop
2:
  syscall
  lea 1000(%rax), %rax
  ret

  # Several previous.
  sample sample_several
  push $110
  pop %rax
  nop
  syscall
  ret

  # One before, one after.
  sample sample_both
  call 1f
1:
  pop %rdx
  mov $110, %eax
  jmp 2f
2:
  push %rdi
  pop %rdi
  syscall
  mov %eax, %eax
  ret

  # Rip-relative operands before and behind the call.
  sample sample_relative_before
  mov number_of_getppid(%rip), %eax
  syscall
  ret
  sample sample_relative_behind
  mov $110, %eax
  nop
  syscall
  add number_of_getppid(%rip), %rax
  ret

  # The sum of a red zone that was filled before the call.
  sample sample_red_zone
  mov $16, %ecx
1:
  mov %rdi, %rax
  imul %rcx, %rax
  neg %rcx
  mov %rax, (%rsp, %rcx, 8)
  neg %rcx
  dec %ecx
  jnz 1b
  mov $110, %eax
  syscall
  xor %eax, %eax
  mov $16, %ecx
1:
  neg %rcx
  add (%rsp, %rcx, 8), %rax
  neg %rcx
  dec %ecx
  jnz 1b
  ret

  # The flags: all those that arithmetic sets, from the argument.
  sample sample_flags
  push %rdi
  popf
  mov $110, %eax
  syscall
  pushf
  pop %rax
  and $0x8d5, %eax
  ret
  # The same where the number is not constant.
  sample sample_flags_tested
  push %rdi
  popf
  lea (%rsi), %rax
  syscall
  pushf
  pop %rax
  and $0x8d5, %eax
  ret

  # All other registers: 0 if none has changed. The number is the argument.
  sample sample_registers
  push %rbx
  push %rbp
  push %r12
  push %r13
  push %r14
  push %r15
  mov $0x1001, %ebx
  mov $0x1002, %ebp
  mov $0x1003, %r12d
  mov $0x1004, %r13d
  mov $0x1005, %r14d
  mov %rsp, %r15
  movq %rbx, %xmm0
  movq %r14, %xmm15
  lea (%rdi), %rax
  mov $0x1006, %edi
  mov $0x1007, %esi
  mov $0x1008, %edx
  mov $0x1009, %r10d
  mov $0x100a, %r8d
  mov $0x100b, %r9d
  cmp $0, %eax
  lea (%rax), %rax
  syscall
  sub $0x1006, %rdi
  sub $0x1007, %rsi
  sub $0x1008, %rdx
  sub $0x1009, %r10
  sub $0x100a, %r8
  sub $0x100b, %r9
  sub %rsp, %r15
  sub $0x1002, %rbp
  sub $0x1003, %r12
  sub $0x1004, %r13
  movq %xmm0, %rax
  sub %rbx, %rax
  sub $0x1001, %rbx
  or %rdi, %rax
  or %rsi, %rax
  or %rdx, %rax
  or %r10, %rax
  or %r8, %rax
  or %r9, %rax
  or %r15, %rax
  or %rbx, %rax
  or %rbp, %rax
  or %r12, %rax
  or %r13, %rax
  movq %xmm15, %rdx
  sub %r14, %rdx
  or %rdx, %rax
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbp
  pop %rbx
  ret

  # Any call, with the arguments shifted: sample_call(number, a, b, c).
  sample sample_call
  .cfi_startproc
  mov %rdi, %rax
  mov %rsi, %rdi
  mov %rdx, %rsi
  mov %rcx, %rdx
  xor %r10d, %r10d
  lea (%rax), %rax
  syscall
  ret
  .cfi_endproc

  # vfork by a number that is not constant; the child ends with status 7.
  sample sample_vfork
  lea 19(%rdi), %rax
  syscall
  test %eax, %eax
  jnz 1f
  mov $7, %edi
  mov $60, %eax
  syscall
1:
  ret

  # clone(flags, stack): the child goes on on the new stack, which holds the status to end with.
  sample sample_clone
  xor %edx, %edx
  xor %r10d, %r10d
  xor %r8d, %r8d
  mov $56, %eax
  syscall
  test %rax, %rax
  jnz 1f
  pop %rdi
  mov $60, %eax
  syscall
1:
  ret

  .section .data
  .p2align 3
number_of_getppid:
  .quad 110
  .text
)");
