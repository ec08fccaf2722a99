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
  /// Wakes the thread of this process that polls the doorbell.
  void ring_own() const;
  /// The doorbell is another process's too: forgets it.
  void disown() { doorbell_ = -1; }
  /// Where its number is kept, for those who renumber it.
  [[nodiscard]] int* place() { return &doorbell_; }

  /// Asks for pages if this member, which has `local` of `limit`, has less than its share and
  /// another has pages to spare: more than its share, or any where it has not faulted for 2 ms. At
  /// most one request in 200 us. True if there is such a member.
  bool ask(std::uint64_t local, std::uint64_t limit, Nanos now);

  /// The pages that a member always may have, even while others hold the limit: a process that gets
  /// fewer cannot make progress.
  [[nodiscard]] static std::uint64_t kept(std::uint64_t limit);

 private:
  struct Address {
    std::uint16_t family;
    char path[108];
  };
  [[nodiscard]] unsigned address_of(std::uint32_t pid, Address& address) const;

  const Membership* membership_ = nullptr;
  int doorbell_ = -1;
  Nanos last_asked_{};
  bool richer_ = false;  ///< there was one with pages to spare
};

}  // namespace dime::agent
