// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/shadow.h"

#include <linux/mman.h>

namespace dime::agent {
namespace {

constexpr long kThisProcess = -10001;  // PIDFD_SELF_THREAD_GROUP, since Linux 6.14

}  // namespace

long Shadow::create(Arena& arena, bool copies) {
  copies_ = copies;
  range_ = arena.shadow();
  singles_ = static_cast<std::uint32_t>(range_.bytes() / kPageBytes / 2);
  groups_ = singles_ / kRun;
  const std::uint64_t slots = std::uint64_t{singles_} + std::uint64_t{groups_} * kRun;
  // Memory is only used as far as the tables grow, so they may be as large as the area.
  free_ = static_cast<std::uint32_t*>(arena.allocate(singles_ * sizeof(std::uint32_t)));
  used_ = static_cast<std::uint8_t*>(arena.allocate(groups_));
  empty_ = static_cast<std::uint32_t*>(arena.allocate(groups_ * sizeof(std::uint32_t)));
  sums_ = static_cast<std::uint32_t*>(arena.allocate(slots * sizeof(std::uint32_t)));
  if (free_ == nullptr || used_ == nullptr || empty_ == nullptr || sums_ == nullptr) {
    return -ENOMEM;
  }
  free_count_ = 0;
  fresh_ = 0;
  empty_count_ = 0;
  fresh_groups_ = 0;
  stale_.count = 0;
  return reopen();
}

long Shadow::reopen() {
  // Nobody touches a hole of it; should the kernel do so for the program (mlock), it must not wait.
  const auto use = copies_ ? Userfault::Use::kCopies : Userfault::Use::kMoves;
  if (const long opened = userfault_.open(Userfault::Events::kSignals, use); failed(opened)) {
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
  return fresh_ < singles_ ? fresh_++ : kNone;
}

std::uint32_t Shadow::take_run(unsigned count) {
  std::uint32_t group = fresh_groups_;
  if (empty_count_ != 0) {
    group = empty_[--empty_count_];
  } else if (fresh_groups_ < groups_) {
    ++fresh_groups_;
  } else {
    return kNone;
  }
  used_[group] = static_cast<std::uint8_t>((1u << count) - 1);
  return singles_ + group * kRun;
}

void Shadow::give_back_empty(std::uint32_t slot) {
  if (slot < singles_) {
    free_[free_count_++] = slot;
    return;
  }
  const std::uint32_t group = (slot - singles_) / kRun;
  used_[group] = static_cast<std::uint8_t>(used_[group] & ~(1u << (slot - singles_) % kRun));
  if (used_[group] == 0) {
    empty_[empty_count_++] = group;
  }
}

void Shadow::discard(std::uint32_t slot) {
  system_call(__NR_madvise, address(slot), kPageBytes, MADV_DONTNEED);
  give_back_empty(slot);
}

void Shadow::add_stale(std::uint32_t slot) {
  if (stale_.count == Stale::kMost) {
    discard(slot);
  } else {
    stale_.slots[stale_.count++] = slot;
  }
}

void Shadow::take_stale(Stale& taken) {
  taken.count = stale_.count;
  for (std::uint32_t i = 0; i < stale_.count; ++i) {
    taken.slots[i] = stale_.slots[i];
  }
  stale_.count = 0;
}

void Shadow::empty(const Stale& stale) const {
  struct {
    std::uint64_t begin, bytes;
  } pages[Stale::kMost];
  for (std::uint32_t i = 0; i < stale.count; ++i) {
    pages[i] = {address(stale.slots[i]), kPageBytes};
  }
  const long emptied = system_call(__NR_process_madvise, kThisProcess, pages,
                                   static_cast<long>(stale.count), MADV_DONTNEED, 0L);
  if (emptied == static_cast<long>(stale.count * kPageBytes)) {
    return;
  }
  for (std::uint32_t i = 0; i < stale.count; ++i) {
    system_call(__NR_madvise, address(stale.slots[i]), kPageBytes, MADV_DONTNEED);
  }
}

}  // namespace dime::agent
