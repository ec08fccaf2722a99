// SPDX-License-Identifier: GPL-2.0
// The handler: one thread inside the target that resolves its page faults.
//
// It reads faults and memory events from the userfaultfd, lets the core decide, and opens each page
// at its time. Stalls of several threads overlap: each waits in the queue of pending faults. While
// one is due within 100 us the handler spins, otherwise it sleeps. The thread has its own table of
// file descriptors and no TLS; it touches only the arena, its stack, and the control block.
#pragma once

#include "engines/user/agent/handler_affinity.h"
#include "engines/user/agent/page_manager.h"
#include "engines/user/agent/pending.h"
#include "engines/user/agent/process_stat.h"
#include "engines/user/agent/request.h"
#include "engines/user/agent/sleep_margin.h"

namespace dime::agent {

/// What the starting thread hands over.
struct HandlerStart {
  Arena* arena;
  Membership* membership;
  Mailbox* mailbox;
  AddressRange image;         ///< of the agent's library: never managed
  AddressRange thread_area;   ///< of the starting thread's TLS: never managed
  std::uint64_t rseq;         ///< of the starting thread, 0 = unknown
  std::uint32_t thread;       ///< the starting thread
  bool inherited;             ///< a forked child: its pages may exceed the limit for a while
  std::uint32_t ready;        ///< futex: 1 when `result` is valid
  std::int32_t result;        ///< 0 or a negative errno
  bool fork_events;           ///< set by the handler: it is told of forks
  const AddressRange* local;  ///< kept local by the program's wish, up to an empty one
  std::uint32_t* leave;  ///< set by the handler when it has detached: hooks do nothing from then on
};

class Handler {
 public:
  explicit Handler(HandlerStart& start);

  /// Prepares, reports through `start`, and serves until the process ends or leaves. Returns what
  /// the thread is to end with.
  int run();

 private:
  long prepare();
  void wait_for_work();
  bool read_messages();
  void on_event(const uffd_msg& message);
  void on_fault(std::uint64_t address, bool writes, std::uint32_t thread);
  void on_request(std::uint64_t page);
  void on_fork(int descriptor);
  void forget(AddressRange range);
  void on_remap(std::uint64_t from, std::uint64_t to, std::uint64_t bytes);
  void release_due();
  bool release(PendingFault& pending);
  void release_or_push(PendingFault& pending);
  bool release_prefetched(PendingFault& pending);
  void fetch_ahead(PageId page, dime_prefetch_why why, Nanos at);
  void make_room(PendingFault& pending);
  void make_rooms();
  void bring_all_home();
  void stay_local(AddressRange range);
  void tick();
  void detach();

  HandlerStart& start_;
  Membership& membership_;
  Mailbox& mailbox_;
  dime_control& control_;
  PageManager manager_;
  Space& space_;
  HandlerAffinity affinity_;
  SleepMargin sleep_margin_;
  PendingFaults pending_;
  bool serving_ = true;
  bool served_ = false;  ///< something was done since the last wait
  Nanos next_tick_{};
  LastThread last_;
};

}  // namespace dime::agent
