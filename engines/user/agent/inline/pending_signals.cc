// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/inline/pending_signals.h"

#include "core/atomic.h"
#include "engines/user/agent/inline/exclusion.h"
#include "engines/user/agent/syscalls.h"

namespace dime::agent::signals {
namespace {

constexpr std::int32_t kToThread = -6;  // SI_TKILL
constexpr long kBlock = 0;
constexpr long kUnblock = 1;
constexpr int kKinds[] = {kBus, kSystemCall};

Info of_process[2];
std::uint64_t kept_of_process = 0;  ///< bits of those that are valid
bool has_descriptor = false;
Lock lock;  ///< of the process's; with signals blocked

unsigned index_of(int signal) {
  return signal == kBus ? 0 : 1;
}

void send(const Info& info) {
  const long process = system_call(__NR_getpid);
  const long thread = system_call(__NR_gettid);
  system_call(__NR_rt_tgsigqueueinfo, process, thread, info.signal, &info);
}

/// Takes one that is kept; false: there is none.
bool take(Thread& thread, int signal, Info& info) {
  if ((thread.kept & bit(signal)) != 0) {
    thread.kept &= ~bit(signal);
    __builtin_memcpy(&info, thread.kept_info[index_of(signal)], sizeof(info));
    return true;
  }
  if ((atomic::load(kept_of_process) & bit(signal)) == 0) {
    return false;
  }
  lock.lock();
  const bool found = (kept_of_process & bit(signal)) != 0;
  if (found) {
    atomic::store(kept_of_process, kept_of_process & ~bit(signal));
    info = of_process[index_of(signal)];
  }
  lock.unlock();
  return found;
}

/// With signals blocked.
void send_kept(Thread& thread, std::uint64_t which) {
  for (const int signal : kKinds) {
    Info info;
    // The kernel has one of each kind as well: one for the thread, and the next when that is taken.
    if ((which & bit(signal)) != 0 && take(thread, signal, info)) {
      send(info);
    }
  }
}

}  // namespace

void keep(Thread& thread, const Info& info) {
  const unsigned index = index_of(info.signal);
  if (info.code == kToThread) {
    if ((thread.kept & bit(info.signal)) == 0) {
      __builtin_memcpy(thread.kept_info[index], &info, sizeof(info));
      thread.kept |= bit(info.signal);
    }
    return;
  }
  lock.lock();
  if ((kept_of_process & bit(info.signal)) == 0) {
    of_process[index] = info;
    atomic::store(kept_of_process, kept_of_process | bit(info.signal));
  }
  lock.unlock();
}

void send_unblocked(Thread& thread) {
  const std::uint64_t kept = thread.kept | atomic::load(kept_of_process);
  if ((kept & ~thread.blocked) != 0) {
    const SignalsBlocked blocked;
    send_kept(thread, ~thread.blocked);
  }
}

void forget_kept(Thread& thread) {
  lock = {};
  kept_of_process = 0;
  thread.kept = 0;
}

bool must_block_really(const Thread& thread, long number) {
  if (thread.blocked == 0) {
    return false;
  }
  return ((thread.kept | atomic::load(kept_of_process)) & thread.blocked) != 0 || has_descriptor ||
         number == __NR_rt_sigtimedwait || number == __NR_rt_sigpending;
}

void note_signal_descriptor() {
  has_descriptor = true;
}

ReallyBlocked::ReallyBlocked(Thread& thread) : thread_(thread), blocked_(thread.blocked) {
  system_call(__NR_rt_sigprocmask, kBlock, &blocked_, 0L, sizeof(blocked_));
  thread_.really_blocked = blocked_;
  thread_.blocked_in_call = blocked_;
  const SignalsBlocked all;
  send_kept(thread_, blocked_);
}

ReallyBlocked::~ReallyBlocked() {
  thread_.really_blocked = 0;
  thread_.blocked_in_call = 0;
  system_call(__NR_rt_sigprocmask, kUnblock, &blocked_, 0L, sizeof(blocked_));
}

}  // namespace dime::agent::signals
