// SPDX-License-Identifier: GPL-2.0
// The other members of the instance: who shares the limit, and how one gets local pages from
// another.
//
// Only a process's own handler can evict its pages. A member that is at the limit and has less than
// its fair share asks the richest member to evict some: it writes the number into that member's
// record and rings its doorbell, a datagram socket with an abstract name, so that a sleeping
// handler looks. Nobody waits for an answer as long as it has pages of its own to evict.
#pragma once

#include "engines/user/agent/member.h"

namespace dime::agent {

class Neighbours {
 public:
  /// Opens the doorbell. Without one (no such sockets here) requests are seen at the next tick.
  void start(const Membership& membership);
  void close();

  /// To be polled with the userfaultfd; -1 without a doorbell.
  [[nodiscard]] int doorbell() const { return doorbell_; }
  void silence() const;

  /// Asks for pages if this member, which has `local` of `limit`, has less than its share. At most
  /// one request in 200 us.
  void ask(std::uint64_t local, std::uint64_t limit, Nanos now);

 private:
  struct Address {
    std::uint16_t family;
    char path[108];
  };
  [[nodiscard]] unsigned address_of(std::uint32_t pid, Address& address) const;

  const Membership* membership_ = nullptr;
  int doorbell_ = -1;
  Nanos last_asked_{};
};

}  // namespace dime::agent
