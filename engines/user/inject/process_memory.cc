// SPDX-License-Identifier: GPL-2.0
#include "engines/user/inject/process_memory.h"

#include <sys/uio.h>

#include <vector>

#include "dime/abi.h"

namespace dime {
namespace {

void* foreign_pointer(RemoteAddress address) {
  return reinterpret_cast<void*>(address.value);  // NOLINT(performance-no-int-to-ptr)
}

Result<void> check_count(ssize_t count, std::size_t wanted, pid_t pid, RemoteAddress at) {
  if (count < 0) {
    return fail(errno, "memory of process {} at {:#x}", pid, at.value);
  }
  if (static_cast<std::size_t>(count) != wanted) {
    return fail(EFAULT, "memory of process {} at {:#x}", pid, at.value);
  }
  return {};
}

}  // namespace

Result<void> read_memory(pid_t pid, RemoteAddress from, std::span<std::byte> to) {
  const iovec local{to.data(), to.size()};
  const iovec remote{foreign_pointer(from), to.size()};
  return check_count(::process_vm_readv(pid, &local, 1, &remote, 1, 0), to.size(), pid, from);
}

Result<void> write_memory(pid_t pid, RemoteAddress to, std::span<const std::byte> from) {
  const iovec local{const_cast<std::byte*>(from.data()), from.size()};  // NOLINT: only read
  const iovec remote{foreign_pointer(to), from.size()};
  return check_count(::process_vm_writev(pid, &local, 1, &remote, 1, 0), from.size(), pid, to);
}

Result<ElfImage> read_library(pid_t pid, RemoteAddress base, std::string name) {
  std::vector<std::byte> memory(DIME_PAGE_BYTES);
  DIME_TRY_VOID(read_memory(pid, base, memory));
  DIME_TRY(const auto segments, ElfImage::segments_of(memory, name));
  memory.resize(segments.back().begin + segments.back().bytes);
  for (const ElfSegment& segment : segments) {
    const auto part = std::span(memory).subspan(segment.begin, segment.bytes);
    DIME_TRY_VOID(read_memory(pid, base + segment.begin, part));
  }
  return ElfImage::from_memory(std::move(memory), base, std::move(name));
}

}  // namespace dime
