// SPDX-License-Identifier: GPL-2.0
// waitpid has no time limit, so this polls: at once, then with growing pauses, since most stops
// come within microseconds and the rest within milliseconds.
#include "engines/user/inject/thread_wait.h"

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <thread>

namespace dime {
namespace {

ThreadStop decode(int status) {
  using Kind = ThreadStop::Kind;
  if (WIFEXITED(status)) {
    return {Kind::kEnded, WEXITSTATUS(status)};
  }
  if (WIFSIGNALED(status)) {
    return {Kind::kEnded, -WTERMSIG(status)};
  }
  const int signal = WSTOPSIG(status);
  constexpr int kEventShift = 16;
  constexpr int kSystemCallMark = 0x80;  // PTRACE_O_TRACESYSGOOD
  switch (status >> kEventShift) {
    case PTRACE_EVENT_STOP:
      return {Kind::kPaused, signal};
    case PTRACE_EVENT_CLONE:
      return {Kind::kClone, 0};
    default:
      break;
  }
  if (signal == (SIGTRAP | kSystemCallMark)) {
    return {Kind::kSystemCall, 0};
  }
  return {Kind::kSignal, signal};
}

}  // namespace

Result<ThreadStop> wait_for_stop(pid_t tid, Deadline deadline) {
  constexpr std::chrono::microseconds kShortestPause{20};
  constexpr std::chrono::microseconds kLongestPause{1000};
  auto pause = kShortestPause;
  for (;;) {
    int status = 0;
    const pid_t found = ::waitpid(tid, &status, __WALL | WNOHANG);
    if (found == tid) {
      return decode(status);
    }
    if (found < 0 && errno != EINTR) {
      return ThreadStop{};  // ECHILD: it went without leaving a status (another thread called exec)
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return timed_out(fmt::format("thread {} does not answer", tid));
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace dime
