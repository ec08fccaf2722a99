// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/inline/maintenance.h"

#include <linux/poll.h>

#include "core/atomic.h"
#include "engines/user/agent/clock.h"
#include "engines/user/agent/inline/own_descriptors.h"
#include "engines/user/agent/own_thread.h"
#include "engines/user/agent/process_stat.h"

namespace dime::agent::maintenance {
namespace {

constexpr std::uint64_t kStackBytes = 256 << 10;
constexpr Nanos kRetry{100'000'000};

InlinePath* path = nullptr;
void (*detach)() = nullptr;
void (*followed)() = nullptr;
void* stack = nullptr;

Mutex changing;
std::uint32_t number = 0;  ///< of the thread, 0 = none
std::uint32_t is_to_end = 0;
std::uint32_t wanted = 0;        ///< 1: there should be one
std::uint32_t first_ended = 0;   ///< 1: the process's first thread has ended, or is about to
std::uint64_t next_attempt = 0;  ///< to start one, or to do its work

bool in_own_process() {
  return path->manager().membership().member().pid ==
         static_cast<std::uint32_t>(system_call(__NR_getpid));
}

void round() {
  dime_member& member = path->manager().membership().member();
  if (atomic::load(member.give_back) != 0) {
    path->give_back();
  }
}

/// True if the process is to leave: it has left then.
bool tick() {
  dime_member& member = path->manager().membership().member();
  if (atomic::load(member.command) == DIME_COMMAND_DETACH) {
    detach();
    return true;
  }
  path->tick();
  followed();
  return false;
}

int run(void* /*nothing*/) {
  own_descriptors::close_others();
  Neighbours& neighbours = path->manager().neighbours();
  Nanos next = clock::now() + PageManager::kTick;
  LastThread last;
  while (atomic::load_acquire(is_to_end) == 0) {
    const auto timeout = clock::timespec_of(next - clock::now());
    pollfd doorbell{neighbours.doorbell(), POLLIN, 0};
    system_call(__NR_ppoll, &doorbell, 1L, &timeout, 0L, 0L);
    if (doorbell.revents != 0) {
      neighbours.silence();
    }
    round();
    const Nanos before = clock::now();
    if (before < next) {
      continue;
    }
    // Threads may end by calls that the agent does not see.
    if (tick() || last.is_left()) {
      atomic::store(wanted, 0u);
      break;
    }
    const Nanos now = clock::now();
    next = now + PageManager::until_next_tick(now - before);
  }
  return last.status();
}

/// Under `changing`.
long start_locked() {
  atomic::store(is_to_end, 0u);
  const SignalsBlocked blocked;  // those of the program are for its own threads
  const long started =
      own_thread::start(reinterpret_cast<std::uint64_t>(stack) + kStackBytes, run, nullptr);
  if (!failed(started)) {
    number = static_cast<std::uint32_t>(started);
    atomic::store(path->manager().membership().member().handler_tid, number);
  }
  return started;
}

/// Under `changing`.
void end_locked() {
  if (number == 0) {
    return;
  }
  atomic::store_release(is_to_end, 1u);
  path->manager().neighbours().ring_own();
  const long process = system_call(__NR_getpid);
  Backoff backoff;
  // As long as there is such a thread, the kernel counts it.
  while (system_call(__NR_tgkill, process, number, 0L) != -ESRCH) {
    backoff.pause();
  }
  number = 0;
}

}  // namespace

bool prepare(Memory& memory, InlinePath& of, void (*on_detach)(), void (*on_followed)()) {
  path = &of;
  detach = on_detach;
  followed = on_followed;
  stack = memory.allocate(kStackBytes);
  return stack != nullptr;
}

long start() {
  const SignalsBlocked blocked;
  changing.lock();
  const long started = number != 0 ? 0 : start_locked();
  atomic::store(wanted, 1u);
  changing.unlock();
  return started;
}

void end() {
  if (!in_own_process()) {
    atomic::store_release(is_to_end, 1u);  // a child of vfork(): it cannot see the thread's end
    atomic::store(wanted, 0u);
    return;
  }
  const SignalsBlocked blocked;
  changing.lock();
  end_locked();
  atomic::store(wanted, 0u);
  changing.unlock();
}

void continue_in_child() {
  changing.reset();
  number = 0;
  wanted = 0;
  first_ended = 0;
}

void attend() {
  if (atomic::load(wanted) == 0 || atomic::load(number) != 0) {
    return;
  }
  const Nanos now = clock::now();
  if (now.value < atomic::load(next_attempt)) {
    return;
  }
  atomic::store(next_attempt, (now + kRetry).value);
  if (in_own_process() && failed(start())) {
    const SignalsBlocked blocked;
    round();
    if (tick()) {
      atomic::store(wanted, 0u);
    }
  }
}

void before_thread_end() {
  const long process = system_call(__NR_getpid);
  if (process == system_call(__NR_gettid)) {
    atomic::store(first_ended, 1u);
  }
  if (atomic::load(first_ended) == 0 || !in_own_process()) {
    return;
  }
  const SignalsBlocked blocked;
  changing.lock();
  end_locked();  // still wanted: by the threads that go on, if there are any
  changing.unlock();
}

Paused::Paused() : was_running_(atomic::load(wanted) != 0 && in_own_process()) {
  if (was_running_) {
    end();
  }
}

Paused::~Paused() {
  if (was_running_) {
    start();
  }
}

}  // namespace dime::agent::maintenance
