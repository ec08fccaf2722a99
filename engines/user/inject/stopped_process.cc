// SPDX-License-Identifier: GPL-2.0
#include "engines/user/inject/stopped_process.h"

#include <dirent.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <memory>

#include "base/sysctl.h"
#include "engines/user/inject/interrupted_call.h"

namespace dime {
namespace {

bool has_ended(pid_t pid, pid_t tid) {
  const auto stat = read_small_file(fmt::format("/proc/{}/task/{}/stat", pid, tid));
  if (!stat) {
    return true;
  }
  const std::size_t at = stat->rfind(')');
  return at == std::string::npos || at + 2 >= stat->size() || (*stat)[at + 2] == 'Z' ||
         (*stat)[at + 2] == 'X';
}

Result<std::vector<pid_t>> list_threads(pid_t pid) {
  const std::string path = fmt::format("/proc/{}/task", pid);
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
  if (folder == nullptr) {
    return fail(ESRCH, "process {}", pid);
  }
  std::vector<pid_t> threads;
  while (const dirent* const entry = ::readdir(folder.get())) {  // NOLINT(concurrency-mt-unsafe)
    const std::string_view name(entry->d_name);
    pid_t tid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), tid).ec == std::errc{}) {
      threads.push_back(tid);
    }
  }
  return threads;
}

bool contains(const std::vector<pid_t>& list, pid_t tid) {
  return std::find(list.begin(), list.end(), tid) != list.end();
}

}  // namespace

StoppedProcess::StoppedProcess(StoppedProcess&& other) noexcept
    : pid_(other.pid_),
      threads_(std::move(other.threads_)),
      running_(std::move(other.running_)),
      postponed_signals_(std::move(other.postponed_signals_)),
      held_by_signal_(other.held_by_signal_) {
  other.threads_.clear();
  other.running_.clear();
  other.postponed_signals_.clear();
}

Result<StoppedProcess> StoppedProcess::stop(const ProcessId& wanted, Deadline deadline) {
  StoppedProcess process(wanted.pid);
  // A running thread may start others; once a pass over the list finds none that is new, all stand
  // still.
  for (bool found = true; found;) {
    DIME_TRY(found, process.stop_new_threads(deadline));
  }
  if (process.threads_.empty()) {
    return fail(ESRCH, "process {}", wanted.pid);
  }
  // A process that is traced cannot go, so its pid names it from here on.
  DIME_TRY(const ProcessId stopped, identify(wanted.pid));
  if (stopped != wanted) {
    return fail(ESRCH, "process {}", wanted.pid);
  }
  return process;
}

Result<bool> StoppedProcess::stop_new_threads(Deadline deadline) {
  DIME_TRY(const std::vector<pid_t> present, list_threads(pid_));
  std::vector<pid_t> seized;
  for (const pid_t tid : present) {
    if (contains(threads_, tid)) {
      continue;
    }
    if (::ptrace(PTRACE_SEIZE, tid, nullptr, PTRACE_O_TRACESYSGOOD) != 0) {
      const int code = errno;
      if (code == ESRCH || has_ended(pid_, tid)) {
        continue;
      }
      return fail(code, "tracing thread {} of process {}", tid, pid_);
    }
    ::ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr);
    seized.push_back(tid);
  }
  for (const pid_t tid : seized) {
    DIME_TRY_VOID(stop_thread(tid, deadline));
  }
  return !seized.empty();
}

Result<void> StoppedProcess::stop_thread(pid_t tid, Deadline deadline) {
  for (;;) {
    auto stop = wait_for_stop(tid, deadline);
    if (!stop) {
      return timed_out(
          fmt::format("thread {} of process {} does not stop: it waits in the kernel", tid, pid_));
    }
    switch (stop->kind) {
      case ThreadStop::Kind::kEnded:
        return {};
      case ThreadStop::Kind::kPaused:
        held_by_signal_ = held_by_signal_ || stop->code != SIGTRAP;
        threads_.push_back(tid);
        restart_interrupted_call(tid);
        return {};
      case ThreadStop::Kind::kSignal:
        // Delivered as if nobody traced; the interruption is still due and stops the thread behind
        // it.
        ::ptrace(PTRACE_CONT, tid, nullptr, stop->code);
        break;
      default:
        ::ptrace(PTRACE_CONT, tid, nullptr, nullptr);
        break;
    }
  }
}

Result<pid_t> StoppedProcess::choose_thread() const {
  pid_t chosen = 0;
  Lender best = Lender::kNone;
  for (const pid_t tid : threads_) {
    user_regs_struct registers{};
    if (::ptrace(PTRACE_GETREGS, tid, nullptr, &registers) == 0 && lender_kind(registers) > best) {
      best = lender_kind(registers);
      chosen = tid;
    }
  }
  if (chosen == 0) {
    return fail(ESRCH, "process {}", pid_);
  }
  return chosen;
}

void StoppedProcess::adopt(pid_t tid) {
  running_.push_back(tid);
}

StoppedProcess::~StoppedProcess() {
  constexpr std::chrono::milliseconds kPatience{500};
  for (const pid_t tid : running_) {
    ::ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr);
    if (wait_for_stop(tid, deadline_in(kPatience))) {
      threads_.push_back(tid);
    }
  }
  for (const int signal : postponed_signals_) {
    ::kill(pid_, signal);
  }
  for (const pid_t tid : threads_) {
    if (::ptrace(PTRACE_DETACH, tid, nullptr, nullptr) != 0) {
      int status = 0;
      ::waitpid(tid, &status, __WALL | WNOHANG);  // it was killed: collect it, as its tracer has to
    }
  }
}

}  // namespace dime
