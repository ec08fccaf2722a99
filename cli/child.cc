// SPDX-License-Identifier: GPL-2.0
#include "cli/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "engines/user/control/environment.h"
#include "engines/user/system/unique_fd.h"

namespace dime {
namespace {

constexpr int kTickMilliseconds = 200;
constexpr int kSignals[] = {SIGINT,  SIGQUIT, SIGTERM, SIGHUP,   SIGUSR1,
                            SIGUSR2, SIGALRM, SIGPIPE, SIGWINCH, SIGCHLD};

// Signals are taken from a descriptor while this lives. The program starts with the mask and the
// SIGCHLD disposition that dime itself was started with.
class SignalGuard {
 public:
  SignalGuard() {
    sigset_t wanted;
    ::sigemptyset(&wanted);
    for (const int signal : kSignals) {
      ::sigaddset(&wanted, signal);
    }
    ::sigprocmask(SIG_BLOCK, &wanted, &mask_);
    // Where SIGCHLD is ignored, the kernel forgets children before they are waited for.
    struct sigaction plain {};
    plain.sa_handler = SIG_DFL;
    ::sigaction(SIGCHLD, &plain, &child_action_);
    fd_.reset(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  // What came in meanwhile was dealt with; blocked signals that are still pending are dropped
  // with the descriptor's reader, so they are drained first.
  ~SignalGuard() {
    signalfd_siginfo dropped{};
    while (::read(fd_.get(), &dropped, sizeof dropped) > 0) {
    }
    restore();
  }
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

  void restore() const {
    ::sigaction(SIGCHLD, &child_action_, nullptr);
    ::sigprocmask(SIG_SETMASK, &mask_, nullptr);
  }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  sigset_t mask_{};
  struct sigaction child_action_ {};
  UniqueFd fd_;
};

// si_code is positive for what the kernel sends, the terminal's signals among it.
bool was_sent_by_somebody(const signalfd_siginfo& signal) {
  return signal.ssi_code <= 0 && signal.ssi_signo != SIGCHLD;
}

void pass_on_signals(int fd, pid_t child) {
  signalfd_siginfo signal{};
  while (::read(fd, &signal, sizeof signal) == ssize_t{sizeof signal}) {
    if (was_sent_by_somebody(signal)) {
      ::kill(child, static_cast<int>(signal.ssi_signo));
    }
  }
}

int wait_for_end(const SignalGuard& signals, pid_t child, const std::function<void()>& tick,
                 rusage& usage) {
  int status = 0;
  for (;;) {
    const pid_t ended = ::wait4(child, &status, WNOHANG, &usage);
    if (ended == child || (ended < 0 && errno != EINTR)) {
      return status;
    }
    pollfd wanted{signals.fd(), POLLIN, 0};
    ::poll(&wanted, 1, kTickMilliseconds);
    pass_on_signals(signals.fd(), child);
    tick();
  }
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

}  // namespace

Result<ChildResult> run_child(ChildRequest request, const std::function<void()>& tick) {
  std::vector<char*> arguments = pointers_to(request.arguments);
  std::vector<char*> environment = pointers_to(request.environment);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return fail(errno, "making a pipe");
  }
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const SignalGuard signals;
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child < 0) {
    return fail(errno, "starting '{}'", request.program);
  }
  if (child == 0) {
    signals.restore();
    ::execve(request.program.c_str(), arguments.data(), environment.data());
    const int error = errno;
    const ssize_t told = ::write(writer.get(), &error, sizeof error);
    ::_exit(told == ssize_t{sizeof error} ? 0 : 1);
  }
  writer.reset();
  int exec_error = 0;
  // Nothing comes, and the pipe closes, once the program runs.
  if (::read(reader.get(), &exec_error, sizeof exec_error) == ssize_t{sizeof exec_error}) {
    ::waitpid(child, nullptr, 0);
    return fail(exec_error, "program '{}' cannot be executed", request.program);
  }
  rusage usage{};
  const int status = wait_for_end(signals, child, tick, usage);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  constexpr int kSignalBase = 128;  // as shells show death by signal
  const int exit_status =
      WIFSIGNALED(status) ? kSignalBase + WTERMSIG(status) : WEXITSTATUS(status);
  return ChildResult{child, exit_status, wall.count(), seconds(usage.ru_utime),
                     seconds(usage.ru_stime)};
}

}  // namespace dime
