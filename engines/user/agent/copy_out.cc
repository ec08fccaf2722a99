// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/copy_out.h"

#include <linux/mman.h>

namespace dime::agent {
namespace {

AddressRange pages_at(std::uint64_t begin, long pages) {
  return {begin, begin + static_cast<std::uint64_t>(pages) * kPageBytes};
}

long drop(AddressRange range) {
  return system_call(__NR_madvise, range.begin, range.bytes(), MADV_DONTNEED);
}

/// Why a page cannot be read by the kernel: it is not there, or its mapping may not be read.
long why_unreadable(std::uint64_t page) {
  return is_present(page) ? -EINVAL : -ENOENT;
}

}  // namespace

long copy_out(const Userfault& app, const Shadow& shadow, std::uint32_t slot, std::uint64_t from,
              unsigned pages) {
  const AddressRange all = pages_at(from, pages);
  if (const long closed = app.protect(all, true); failed(closed)) {
    return closed;
  }
  long copied = shadow.copy_run_in(slot, from, pages);
  if (copied > 0 && failed(drop(pages_at(from, copied)))) {
    // Locked or sealed memory.
    drop(pages_at(shadow.address(slot), copied));
    copied = -EINVAL;
  }
  const AddressRange staying{from + (copied > 0 ? pages_at(from, copied).bytes() : 0), all.end};
  if (!staying.empty()) {
    static_cast<void>(app.protect(staying, false));
  }
  return copied == -EFAULT ? why_unreadable(from) : copied;
}

}  // namespace dime::agent
