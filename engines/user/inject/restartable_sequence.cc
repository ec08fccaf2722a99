// SPDX-License-Identifier: GPL-2.0
#include "engines/user/inject/restartable_sequence.h"

#include <linux/rseq.h>
#include <sys/ptrace.h>

#include <cstddef>
#include <span>

#include "engines/user/inject/process_memory.h"

namespace dime {
namespace {

template <class T>
bool read_object(pid_t pid, std::uint64_t at, T& object) {
  return read_memory(pid, {at}, std::as_writable_bytes(std::span(&object, 1))).has_value();
}

}  // namespace

void abort_restartable_sequence(pid_t pid, pid_t tid, user_regs_struct& registers) {
  __ptrace_rseq_configuration where{};
  // The size of what is to be filled in goes where an address is expected.
  auto* const bytes = reinterpret_cast<void*>(sizeof where);  // NOLINT(performance-no-int-to-ptr)
  std::uint64_t description = 0;
  rseq_cs sequence{};
  if (::ptrace(PTRACE_GET_RSEQ_CONFIGURATION, tid, bytes, &where) < 0 ||
      where.rseq_abi_pointer == 0 ||
      !read_object(pid, where.rseq_abi_pointer + offsetof(struct rseq, rseq_cs), description) ||
      description == 0 || !read_object(pid, description, sequence)) {
    return;
  }
  if (registers.rip - sequence.start_ip < sequence.post_commit_offset) {
    registers.rip = sequence.abort_ip;
  }
}

}  // namespace dime
