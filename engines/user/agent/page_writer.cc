// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/page_writer.h"

#include <linux/mman.h>

#include "engines/user/agent/mappings.h"
#include "engines/user/agent/syscalls.h"

namespace dime::agent {
namespace {

/// By the kernel, which answers EFAULT where the mapping does not allow it.
bool copy(long number, std::uint64_t ours, std::uint64_t theirs, std::uint64_t bytes) {
  const struct {
    std::uint64_t begin, bytes;
  } local{ours, bytes}, remote{theirs, bytes};
  return system_call(number, system_call(__NR_getpid), &local, 1L, &remote, 1L, 0L) ==
         static_cast<long>(bytes);
}

}  // namespace

/// Where /proc cannot be read (no descriptor, another root), rights are found by trying: whether a
/// page that can be read may be executed cannot, so it may be.
void PageWriter::look_up(std::uint64_t address) {
  if (known_.contains(address)) {
    return;
  }
  MappingReader reader;
  Mapping mapping{};
  bool any = false;
  while (reader.next(mapping)) {
    any = true;
    if (mapping.range.contains(address)) {
      known_ = mapping.range;
      rights_ = (mapping.readable ? PROT_READ : PROT_NONE) |
                (mapping.writable ? PROT_WRITE : PROT_NONE) |
                (mapping.executable ? PROT_EXEC : PROT_NONE);
      return;
    }
  }
  known_ = {address, any ? address : address + kPageBytes};
  std::uint8_t byte = 0;
  const bool readable =
      copy(__NR_process_vm_readv, reinterpret_cast<std::uint64_t>(&byte), address, 1);
  rights_ = readable ? PROT_READ | PROT_EXEC : PROT_NONE;
}

void PageWriter::write(std::uint64_t to, std::uint64_t from) {
  if (copy(__NR_process_vm_writev, from, to, kPageBytes)) {
    return;
  }
  look_up(to);
  constexpr long kWritable = PROT_READ | PROT_WRITE;
  if (!known_.contains(to) || failed(system_call(__NR_mprotect, to, kPageBytes, kWritable))) {
    return;
  }
  __builtin_memcpy(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), kPageBytes);
  system_call(__NR_mprotect, to, kPageBytes, rights_);
}

}  // namespace dime::agent
