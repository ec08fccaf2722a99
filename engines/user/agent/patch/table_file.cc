// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/patch/table_file.h"

#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "engines/user/agent/syscalls.h"

namespace dime::agent::patch {
namespace {

long check_owner(const struct stat& about) {
  const auto user = static_cast<std::uint64_t>(system_call(__NR_geteuid));
  constexpr unsigned kOthersWrite = 022;
  constexpr unsigned kFormat = 0170000;
  constexpr unsigned kRegular = 0100000;
  const bool trusted = (about.st_mode & kFormat) == kRegular &&
                       (about.st_uid == user || about.st_uid == 0) &&
                       (about.st_mode & kOthersWrite) == 0;
  return trusted ? 0 : -EPERM;
}

}  // namespace

TableFile::~TableFile() {
  if (address_ != 0) {
    system_call(__NR_munmap, address_, bytes_);
  }
}

long TableFile::open(const char* path) {
  const long fd = system_call(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (failed(fd)) {
    return fd;
  }
  struct stat about {};
  long result = system_call(__NR_fstat, fd, &about);
  if (!failed(result)) {
    result = check_owner(about);
  }
  if (!failed(result)) {
    result = system_call(__NR_mmap, 0L, about.st_size, static_cast<long>(PROT_READ),
                         static_cast<long>(MAP_PRIVATE | MAP_POPULATE), fd, 0L);
  }
  system_call(__NR_close, fd);
  if (failed(result)) {
    return result;
  }
  address_ = static_cast<std::uint64_t>(result);
  bytes_ = static_cast<std::uint64_t>(about.st_size);
  return table_.open(reinterpret_cast<const void*>(address_), bytes_) ? 0 : -EINVAL;
}

}  // namespace dime::agent::patch
