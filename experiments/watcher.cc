// SPDX-License-Identifier: GPL-2.0
#include "experiments/watcher.h"

#include <fcntl.h>
#include <sys/wait.h>

#include <csignal>

namespace dime::experiments {
namespace {

// Reads groups until the other end is closed, by whatever ends the sweep.
[[noreturn]] void watch_until_closed(int pipe) {
  ::setpgid(0, 0);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    std::signal(signal, SIG_IGN);  // NOLINT(cert-err33-c)
  }
  pid_t group = 0;
  for (;;) {
    pid_t next = 0;
    const ssize_t got = ::read(pipe, &next, sizeof next);
    if (got == ssize_t{sizeof next}) {
      group = next;
    } else if (got >= 0 || errno != EINTR) {
      break;
    }
  }
  if (group > 1) {
    ::kill(-group, SIGKILL);
  }
  ::_exit(0);
}

}  // namespace

Result<Watcher> Watcher::start() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return fail(errno, "making a pipe");
  }
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) {
    return fail(errno, "starting the process that watches over runs");
  }
  if (pid == 0) {
    writer.reset();
    watch_until_closed(reader.get());
  }
  return Watcher(std::move(writer), pid);
}

Watcher::Watcher(Watcher&& other) noexcept
    : pipe_(std::move(other.pipe_)), pid_(std::exchange(other.pid_, 0)) {}

Watcher::~Watcher() {
  pipe_.reset();
  if (pid_ > 0) {
    ::waitpid(pid_, nullptr, 0);
  }
}

void Watcher::watch(pid_t group) const {
  // Where the watcher was killed, runs go on without it: SIGPIPE is ignored by the sweep.
  [[maybe_unused]] const ssize_t told = ::write(pipe_.get(), &group, sizeof group);
}

}  // namespace dime::experiments
