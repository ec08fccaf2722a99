// SPDX-License-Identifier: GPL-2.0
// The frame is what the kernel writes when it delivers a signal (arch/x86/include/asm/sigframe.h,
// struct rt_sigframe): a return address, a ucontext, and apart from them the vector registers in
// the format of XSAVE between two magic numbers.
#include "engines/user/inject/return_frame.h"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/ucontext.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <span>

#include "engines/user/inject/interrupted_call.h"
#include "engines/user/inject/process_memory.h"

namespace dime {
namespace {

constexpr std::uint64_t kRedZone = 128;
constexpr std::uint64_t kVectorAlignment = 64;
constexpr std::uint64_t kSignalInfoBytes = 128;
// The kernel's ucontext is as glibc's up to the signal mask, of which it has 64 bits.
constexpr std::uint64_t kContextBytes = offsetof(ucontext_t, uc_sigmask) + sizeof(std::uint64_t);
constexpr std::uint64_t kFrameBytes = sizeof(std::uint64_t) + kContextBytes + kSignalInfoBytes;

constexpr std::uint64_t kHasVectorState = 1;           // UC_FP_XSTATE
constexpr std::uint64_t kHasStackSegment = 6;          // UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS
constexpr std::uint32_t kVectorMagic = 0x46505853;     // FP_XSTATE_MAGIC1
constexpr std::uint32_t kVectorEndMagic = 0x46505845;  // FP_XSTATE_MAGIC2
constexpr std::size_t kSoftwareBytes = 464;            // of the legacy area: free for software

// Describes the saved vector state (struct _fpx_sw_bytes).
struct VectorDescription {
  std::uint32_t magic;
  std::uint32_t extended_bytes;
  std::uint64_t features;
  std::uint32_t bytes;
};

// The thread's vector registers, as a signal frame has them. Empty: the kernel does not give them.
std::vector<std::byte> vector_state(pid_t tid) {
  constexpr std::size_t kMost = 16384;
  std::vector<std::byte> state(kMost);
  iovec part{state.data(), state.size()};
  if (::ptrace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &part) != 0 ||
      part.iov_len < kSoftwareBytes + sizeof(VectorDescription)) {
    return {};
  }
  state.resize(part.iov_len + sizeof kVectorEndMagic);
  VectorDescription description{};
  // The kernel leaves the set of enabled features where a frame has its description.
  std::memcpy(&description.features, state.data() + kSoftwareBytes, sizeof description.features);
  description.magic = kVectorMagic;
  description.bytes = static_cast<std::uint32_t>(part.iov_len);
  description.extended_bytes = static_cast<std::uint32_t>(state.size());
  std::memcpy(state.data() + kSoftwareBytes, &description, sizeof description);
  std::memcpy(state.data() + part.iov_len, &kVectorEndMagic, sizeof kVectorEndMagic);
  return state;
}

void set_registers(mcontext_t& context, const user_regs_struct& from) {
  user_regs_struct registers = from;
  // rt_sigreturn ends a restart, so the frame leads to the system call itself.
  if (was_interrupted(from)) {
    constexpr std::uint64_t kInstructionBytes = 2;
    registers.rax = registers.orig_rax;
    registers.rip -= kInstructionBytes;
  }
  const auto set = [&context](int index, std::uint64_t value) {
    context.gregs[index] = static_cast<greg_t>(value);
  };
  set(REG_R8, registers.r8);
  set(REG_R9, registers.r9);
  set(REG_R10, registers.r10);
  set(REG_R11, registers.r11);
  set(REG_R12, registers.r12);
  set(REG_R13, registers.r13);
  set(REG_R14, registers.r14);
  set(REG_R15, registers.r15);
  set(REG_RDI, registers.rdi);
  set(REG_RSI, registers.rsi);
  set(REG_RBP, registers.rbp);
  set(REG_RBX, registers.rbx);
  set(REG_RDX, registers.rdx);
  set(REG_RAX, registers.rax);
  set(REG_RCX, registers.rcx);
  set(REG_RSP, registers.rsp);
  set(REG_RIP, registers.rip);
  set(REG_EFL, registers.eflags);
  set(REG_CSGSFS, registers.cs | registers.gs << 16U | registers.fs << 32U | registers.ss << 48U);
}

template <std::size_t N>
std::optional<RemoteAddress> find_bytes(std::span<const std::byte> code, RemoteAddress begin,
                                        const std::array<unsigned char, N>& wanted) {
  const auto bytes = std::as_bytes(std::span(wanted));
  const auto found = std::search(code.begin(), code.end(), bytes.begin(), bytes.end());
  if (found == code.end()) {
    return std::nullopt;
  }
  return begin + static_cast<std::uint64_t>(found - code.begin());
}

}  // namespace

Result<BorrowedCode> find_borrowed_code(pid_t pid, const std::vector<ProcessMapping>& mappings) {
  constexpr std::array<unsigned char, 3> kCallAndReturn{0x0f, 0x05, 0xc3};
  constexpr std::array<unsigned char, 9> kSignalReturn{0x48, 0xc7, 0xc0, 0x0f, 0x00,
                                                       0x00, 0x00, 0x0f, 0x05};
  const auto libc = find_libc(mappings);
  const auto code =
      std::find_if(mappings.begin(), mappings.end(), [&](const ProcessMapping& mapping) {
        return libc && mapping.range.begin >= *libc && mapping.executable && mapping.inode != 0;
      });
  if (code == mappings.end()) {
    return fail(0, "process {} has no glibc (libc.so.6) mapped", pid);
  }
  std::vector<std::byte> bytes(code->range.bytes());
  DIME_TRY_VOID(read_memory(pid, code->range.begin, bytes));
  const auto call = find_bytes(bytes, code->range.begin, kCallAndReturn);
  const auto signal_return = find_bytes(bytes, code->range.begin, kSignalReturn);
  if (!call || !signal_return) {
    return fail(0, "the C library of process {} has no plain system call", pid);
  }
  return BorrowedCode{*call, *signal_return};
}

ReturnFrame ReturnFrame::build(pid_t pid, pid_t tid, const user_regs_struct& registers,
                               std::uint64_t signal_mask, RemoteAddress signal_return) {
  const std::vector<std::byte> vectors = vector_state(tid);
  const std::uint64_t vectors_at =
      (registers.rsp - kRedZone - vectors.size()) & ~(kVectorAlignment - 1);
  const std::uint64_t frame_at = ((vectors_at - kFrameBytes) & ~std::uint64_t{15}) - 8;
  ucontext_t context{};
  context.uc_flags = kHasStackSegment | (vectors.empty() ? 0 : kHasVectorState);
  // Refused by the kernel, which goes on: the thread keeps the alternate stack that it has.
  context.uc_stack.ss_flags = ~SS_ONSTACK;
  set_registers(context.uc_mcontext, registers);
  const std::uint64_t vectors_pointer = vectors.empty() ? 0 : vectors_at;
  std::memcpy(&context.uc_mcontext.fpregs, &vectors_pointer, sizeof vectors_pointer);
  std::memcpy(&context.uc_sigmask, &signal_mask, sizeof signal_mask);

  std::array<std::byte, sizeof signal_return.value + kContextBytes> head;
  std::memcpy(head.data(), &signal_return.value, sizeof signal_return.value);
  std::memcpy(head.data() + sizeof signal_return.value, &context, kContextBytes);
  std::vector<std::byte> bytes(head.begin(), head.end());
  bytes.resize(vectors_at - frame_at);
  bytes.insert(bytes.end(), vectors.begin(), vectors.end());
  ReturnFrame frame;
  frame.former_.resize(bytes.size());
  if (read_memory(pid, {frame_at}, frame.former_) && write_memory(pid, {frame_at}, bytes)) {
    frame.address_ = {frame_at};
  }
  return frame;
}

void ReturnFrame::restore(pid_t pid) const {
  if (address_ != RemoteAddress{}) {
    // Fails only where the process is gone.
    static_cast<void>(write_memory(pid, address_, former_));
  }
}

}  // namespace dime
