// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/inline/own_descriptors.h"

#include <linux/fcntl.h>
#include <linux/resource.h>

#include "core/atomic.h"

namespace dime::agent::own_descriptors {
namespace {

constexpr unsigned kOwn = 3;
constexpr std::uint64_t kLeast = 1000;  // where they begin, if the limit allows

InlinePath* path = nullptr;
std::int32_t abandoned[kOwn] = {};  ///< their numbers + 1
std::uint32_t any_abandoned = 0;
bool differ = false;  ///< in threads of the process

int& own(unsigned which) {
  Space& space = path->manager().space();
  switch (which) {
    case 0:
      return *space.app_descriptor().place();
    case 1:
      return *space.shadow_descriptor().place();
    default:
      return *path->manager().neighbours().place();
  }
}

/// To the lowest number at or above `least` that is free.
long raise(int descriptor, long least) {
  return system_call(__NR_fcntl, descriptor, F_DUPFD_CLOEXEC, least);
}

}  // namespace

void hide(InlinePath& with) {
  path = &with;
  differ = false;
  constexpr long kDescriptors = 7;  // RLIMIT_NOFILE
  rlimit limit{};
  system_call(__NR_prlimit64, 0L, kDescriptors, 0L, &limit);
  const std::uint64_t most = limit.rlim_cur > 8 ? limit.rlim_cur - 8 : 0;
  const auto least = static_cast<long>(most < kLeast ? most : kLeast);
  for (unsigned i = 0; i < kOwn; ++i) {
    const long raised = raise(own(i), least);
    if (!failed(raised)) {
      system_call(__NR_close, own(i));
      own(i) = static_cast<int>(raised);
    }
  }
}

bool contain(long descriptor) {
  for (unsigned i = 0; i < kOwn; ++i) {
    if (own(i) == static_cast<int>(descriptor) && descriptor >= 0) {
      return true;
    }
  }
  return false;
}

long from(long least) {
  long lowest = -1;
  for (unsigned i = 0; i < kOwn; ++i) {
    if (own(i) >= least && (lowest < 0 || own(i) < lowest)) {
      lowest = own(i);
    }
  }
  return lowest;
}

void make_way(long descriptor) {
  for (unsigned i = 0; i < kOwn; ++i) {
    if (own(i) == static_cast<int>(descriptor)) {
      const long moved = raise(own(i), descriptor + 1);
      own(i) = failed(moved) ? own(i) : static_cast<int>(moved);
    }
  }
}

void note_own_table() {
  differ = true;
}

bool tables_differ() {
  return differ;
}

void abandon() {
  for (unsigned i = 0; i < kOwn; ++i) {
    abandoned[i] = own(i) + 1;
  }
  atomic::store_release(any_abandoned, 1u);
}

void close_abandoned() {
  if (atomic::load(any_abandoned) == 0 || atomic::exchange(any_abandoned, 0u) == 0) {
    return;
  }
  for (const std::int32_t number : abandoned) {
    if (number > 0) {
      system_call(__NR_close, number - 1);
    }
  }
}

void close_others() {
  long begin = 0;
  for (long next = from(0); next >= 0; next = from(begin)) {
    if (next > begin) {
      system_call(__NR_close_range, begin, next - 1, 0L);
    }
    begin = next + 1;
  }
  system_call(__NR_close_range, begin, 0xffffffffL, 0L);
}

}  // namespace dime::agent::own_descriptors
