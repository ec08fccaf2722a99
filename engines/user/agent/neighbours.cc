// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/neighbours.h"

#include <linux/fcntl.h>

#include "core/atomic.h"
#include "engines/user/agent/syscalls.h"

namespace dime::agent {
namespace {

constexpr long kUnix = 1;      // AF_UNIX
constexpr long kDatagram = 2;  // SOCK_DGRAM
constexpr Nanos kAskEvery{200'000};
constexpr Nanos kIdleAfter{2'000'000};
constexpr std::uint64_t kMostAtOnce = 64;
constexpr std::uint64_t kKept = 16;

/// Takes part in the competition for local pages. The pages of a member that has not faulted for a
/// while are the oldest of all, so first-in-first-out across members would evict them first.
bool is_faulting(const dime_member& member, Nanos now) {
  return atomic::load(member.state) == DIME_MEMBER_ACTIVE &&
         now - Nanos{atomic::load(member.last_fault_ns)} < kIdleAfter;
}

}  // namespace

// "\0" CONTROL-FILE "#" PID. A path that is too long for a socket's name is cut at its beginning,
// where it differs least.
unsigned Neighbours::address_of(std::uint32_t pid, Address& address) const {
  const char* path = membership_->path();
  unsigned length = 0;
  while (path[length] != '\0') {
    ++length;
  }
  constexpr unsigned kLongest = 90;
  path += length > kLongest ? length - kLongest : 0;
  address.family = kUnix;
  unsigned at = 0;
  address.path[at++] = '\0';
  while (*path != '\0') {
    address.path[at++] = *path++;
  }
  address.path[at++] = '#';
  do {
    address.path[at++] = static_cast<char>('0' + pid % 10);
    pid /= 10;
  } while (pid != 0);
  return at + static_cast<unsigned>(sizeof(address.family));
}

void Neighbours::start(const Membership& membership) {
  membership_ = &membership;
  const long fd = system_call(__NR_socket, kUnix, kDatagram | O_CLOEXEC | O_NONBLOCK, 0L);
  if (failed(fd)) {
    return;
  }
  Address address{};
  const unsigned bytes = address_of(membership.member().pid, address);
  if (failed(system_call(__NR_bind, fd, &address, bytes))) {
    system_call(__NR_close, fd);
    return;
  }
  doorbell_ = static_cast<int>(fd);
}

void Neighbours::close() {
  if (doorbell_ >= 0) {
    system_call(__NR_close, doorbell_);
  }
  doorbell_ = -1;
}

void Neighbours::silence() const {
  char byte = 0;
  while (doorbell_ >= 0 && !failed(system_call(__NR_recvfrom, doorbell_, &byte, 1L))) {
  }
}

void Neighbours::ring_own() const {
  Address address{};
  const unsigned bytes = address_of(membership_->member().pid, address);
  const char byte = 0;
  system_call(__NR_sendto, doorbell_, &byte, 1L, 0L, &address, bytes);
}

std::uint64_t Neighbours::kept(std::uint64_t limit) {
  return limit < kKept ? limit : kKept;
}

bool Neighbours::ask(std::uint64_t local, std::uint64_t limit, Nanos now) {
  if (now - last_asked_ < kAskEvery) {
    return richer_;
  }
  last_asked_ = now;
  const dime_member& own = membership_->member();
  // Whoever has all that is local asks nobody. To look at every member takes a microsecond.
  if (atomic::load(own.local_pages) >= atomic::load(membership_->control().levels.local_pages)) {
    richer_ = false;
    return false;
  }
  std::uint64_t competing = 1;
  for (const dime_member& member : membership_->control().members) {
    competing += &member != &own && is_faulting(member, now) ? 1 : 0;
  }
  const std::uint64_t share = limit / competing;
  dime_member* richest = nullptr;
  std::uint64_t spare = 0;
  for (dime_member& member : membership_->control().members) {
    if (&member == &own || atomic::load(member.state) != DIME_MEMBER_ACTIVE) {
      continue;
    }
    const std::uint64_t theirs = atomic::load(member.local_pages);
    const std::uint64_t keeps = is_faulting(member, now) ? share : 1;
    if (theirs > keeps && theirs - keeps > spare) {
      spare = theirs - keeps;
      richest = &member;
    }
  }
  richer_ = local < share && richest != nullptr;
  if (!richer_) {
    return false;
  }
  const std::uint64_t lacking = share - local;
  std::uint64_t wanted = lacking < spare ? lacking : spare;
  wanted = wanted < kMostAtOnce ? wanted : kMostAtOnce;
  atomic::store(richest->give_back, static_cast<std::uint32_t>(wanted));
  Address address{};
  const unsigned bytes = address_of(atomic::load(richest->pid), address);
  const char byte = 0;
  const long sent = system_call(__NR_sendto, doorbell_, &byte, 1L, 0L, &address, bytes);
  if (sent == -ECONNREFUSED) {
    membership_->reap();  // it ended without notice
  }
  return true;
}

}  // namespace dime::agent
