// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/patch/table_file.h"

#include <linux/fcntl.h>
#include <linux/mman.h>

#include "engines/user/agent/own_file.h"
#include "engines/user/agent/syscalls.h"

namespace dime::agent::patch {
namespace {

constexpr std::uint64_t kMostBytes = 64 << 20;  // as the commands accept

/// Tables of root serve programs that root started and that have given up their rights since.
long open_trusted(const char* path, struct stat& about) {
  constexpr std::uint32_t kRoot = 0;
  const long fd = open_own_file(path, O_RDONLY, effective_user(), 1, kMostBytes, about);
  return fd == -EPERM ? open_own_file(path, O_RDONLY, kRoot, 1, kMostBytes, about) : fd;
}

}  // namespace

TableFile::~TableFile() {
  if (address_ != 0) {
    system_call(__NR_munmap, address_, bytes_);
  }
}

long TableFile::open(const char* path) {
  struct stat about {};
  const long fd = open_trusted(path, about);
  if (failed(fd)) {
    return fd;
  }
  const long result = system_call(__NR_mmap, 0L, about.st_size, static_cast<long>(PROT_READ),
                                  static_cast<long>(MAP_PRIVATE | MAP_POPULATE), fd, 0L);
  system_call(__NR_close, fd);
  if (failed(result)) {
    return result;
  }
  address_ = static_cast<std::uint64_t>(result);
  bytes_ = static_cast<std::uint64_t>(about.st_size);
  return table_.open(reinterpret_cast<const void*>(address_), bytes_) ? 0 : -EINVAL;
}

}  // namespace dime::agent::patch
