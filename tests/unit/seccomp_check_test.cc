// SPDX-License-Identifier: GPL-2.0
#include "engines/user/inject/seccomp_check.h"

#include <gtest/gtest.h>
#include <linux/audit.h>

#include <cstddef>
#include <vector>

namespace dime {
namespace {

using Program = std::vector<sock_filter>;

constexpr sock_filter step(int code, std::uint32_t operand, std::uint8_t taken = 0,
                           std::uint8_t passed = 0) {
  return {static_cast<std::uint16_t>(code), taken, passed, operand};
}

constexpr sock_filter kLoadNumber = step(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));

std::uint32_t answer(const Program& program, int number, std::uint64_t first = 0) {
  seccomp_data call{};
  call.nr = number;
  call.arch = AUDIT_ARCH_X86_64;
  call.args[0] = first;
  return evaluate_filter(program, call);
}

TEST(SeccompFilter, AnswersByNumber) {
  const Program program = {kLoadNumber, step(BPF_JMP | BPF_JEQ | BPF_K, 9, 0, 1),
                           step(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
                           step(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  EXPECT_EQ(answer(program, 9), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(answer(program, 10), SECCOMP_RET_ALLOW);
}

TEST(SeccompFilter, LooksAtArgumentsAndRanges) {
  const Program program = {
      step(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      step(BPF_ALU | BPF_AND | BPF_K, 0x7e020000), step(BPF_JMP | BPF_JGT | BPF_K, 0, 1, 0),
      step(BPF_RET | BPF_K, SECCOMP_RET_ALLOW), step(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1)};
  EXPECT_EQ(answer(program, 56, 0x00010f00), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(program, 56, 0x10000000), SECCOMP_RET_ERRNO | 1);
}

TEST(SeccompFilter, KeepsValuesInItsMemory) {
  const Program program = {kLoadNumber,
                           step(BPF_ST, 3),
                           step(BPF_LD | BPF_IMM, 5),
                           step(BPF_MISC | BPF_TAX, 0),
                           step(BPF_LD | BPF_MEM, 3),
                           step(BPF_ALU | BPF_MUL | BPF_X, 0),
                           step(BPF_ALU | BPF_SUB | BPF_K, 1),
                           step(BPF_STX, 4),
                           step(BPF_LDX | BPF_MEM, 4),
                           step(BPF_ALU | BPF_ADD | BPF_X, 0),
                           step(BPF_RET | BPF_A, 0)};
  EXPECT_EQ(answer(program, 7), 7u * 5 - 1 + 5);
}

TEST(SeccompFilter, JumpsForward) {
  const Program program = {step(BPF_JMP | BPF_JA, 1), step(BPF_RET | BPF_K, 1),
                           step(BPF_LD | BPF_LEN, 0), step(BPF_RET | BPF_A, 0)};
  EXPECT_EQ(answer(program, 0), sizeof(seccomp_data));
}

TEST(SeccompFilter, WhatItDoesNotUnderstandIsARefusal) {
  EXPECT_EQ(answer({}, 0), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(answer({kLoadNumber}, 0), SECCOMP_RET_KILL_PROCESS);
  const sock_filter allow = step(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer({step(BPF_LD | BPF_W | BPF_ABS, 4096), allow}, 0), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(answer({step(BPF_LD | BPF_W | BPF_ABS, 2), allow}, 0), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(answer({step(BPF_ST, 99), allow}, 0), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(answer({step(BPF_ALU | BPF_DIV | BPF_K, 0), allow}, 0), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(answer({step(BPF_JMP | BPF_JA, 0xffffff), allow}, 0), SECCOMP_RET_KILL_PROCESS);
}

}  // namespace
}  // namespace dime
