// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/shadow.h"

#include <linux/mman.h>

namespace dime::agent {

long Shadow::create(Arena& arena) {
  range_ = arena.shadow();
  slots_ = static_cast<std::uint32_t>(range_.bytes() / kPageBytes);
  // Memory is only used as far as the stack grows, so the tables may be as large as the area.
  free_ = static_cast<std::uint32_t*>(arena.allocate(slots_ * sizeof(std::uint32_t)));
  sums_ = static_cast<std::uint32_t*>(arena.allocate(slots_ * sizeof(std::uint32_t)));
  if (free_ == nullptr || sums_ == nullptr) {
    return -ENOMEM;
  }
  free_count_ = 0;
  fresh_ = 0;
  return reopen();
}

long Shadow::reopen() {
  if (const long opened = userfault_.open(Userfault::Events::kNone); failed(opened)) {
    return opened;
  }
  const long registered = userfault_.register_missing(range_);
  if (failed(registered)) {
    userfault_.close();
  }
  return registered;
}

std::uint32_t Shadow::take() {
  if (free_count_ != 0) {
    return free_[--free_count_];
  }
  return fresh_ < slots_ ? fresh_++ : kNone;
}

void Shadow::give_back_empty(std::uint32_t slot) {
  free_[free_count_++] = slot;
}

void Shadow::discard(std::uint32_t slot) {
  system_call(__NR_madvise, address(slot), kPageBytes, MADV_DONTNEED);
  give_back_empty(slot);
}

}  // namespace dime::agent
