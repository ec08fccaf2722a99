// SPDX-License-Identifier: GPL-2.0
// Requests from the program's threads to the handler, by page fault.
//
// The handler's descriptors are in a table of its own, so that a program that closes every
// descriptor cannot close them. What a program's thread can always do is touch a page: it writes
// its request down and touches a page of the mailbox, a registered range whose pages are absent.
// The handler sees the fault, carries out the request, and fills the page, which lets the thread go
// on.
#pragma once

#include "core/units.h"
#include "engines/user/agent/syscalls.h"

namespace dime::agent {

enum class RequestKind : std::uint32_t {
  kMapped,          ///< begin, end: the program has mapped this range
  kMappedWritable,  ///< the same, and it may write to it
  kHeapGrown,       ///< the same, of the program break's memory
  kNamed,           ///< begin, end: was given `name`
  kPlace,           ///< begin, end: goes to `tier`; `result` is 0 or an errno
  kMark,            ///< `name`: a moment to be noted
  kComeHome,        ///< bring every page home and evict nothing until kForkDone
  kLetGo,           ///< the same, and nothing is registered until then
  kForkDone,
  kDropped,    ///< begin, end: the content is gone
  kStayLocal,  ///< begin, end: is not managed from now on
  kLeave,      ///< the process ends
};

struct Request {
  RequestKind kind;
  std::uint64_t begin;
  std::uint64_t end;
  std::uint32_t tier = 0;
  bool stack = false;  ///< of kMapped: for a thread, whose control block will be on the last page
  char name[DIME_PATTERN_BYTES] = {};
  std::int32_t result = 0;
};

class Mailbox {
 public:
  static constexpr std::uint64_t kPages = 64;

  /// REQUIRES: `range` is kPages long, absent, and registered by the handler.
  void open(AddressRange range) {
    range_ = range;
    sent_ = 0;
    mutex_.reset();
  }
  void close() { range_ = {}; }
  [[nodiscard]] AddressRange range() const { return range_; }

  /// Sends a request and returns its result when it was carried out. Any thread but the handler;
  /// signals are blocked meanwhile.
  int send(const Request& request) {
    const SignalsBlocked blocked;
    int result = 0;
    mutex_.lock();
    if (!range_.empty()) {
      request_ = request;
      const auto* const page =
          reinterpret_cast<const volatile char*>(range_.begin + (sent_++ % kPages) * kPageBytes);
      static_cast<void>(*page);
      result = request_.result;
    }
    mutex_.unlock();
    return result;
  }

  /// For the handler, while a sender waits.
  [[nodiscard]] Request& request() { return request_; }

 private:
  Mutex mutex_;
  AddressRange range_;
  Request request_{};
  std::uint64_t sent_ = 0;
};

}  // namespace dime::agent
