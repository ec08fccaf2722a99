// SPDX-License-Identifier: GPL-2.0
#include "cli/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "base/environment.h"
#include "base/unique_fd.h"
#include "cli/output.h"

namespace dime {
namespace {

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

int wait_for_end(const SignalGuard& signals, pid_t child, const Tick& tick, rusage& usage) {
  int status = 0;
  for (;;) {
    const pid_t ended = ::wait4(child, &status, WNOHANG, &usage);
    if (ended == child || (ended < 0 && errno != EINTR)) {
      return status;
    }
    pollfd wanted{signals.fd(), POLLIN, 0};
    ::poll(&wanted, 1, static_cast<int>(tick.period.count()));
    pass_on_signals(signals.fd(), child);
    tick.call();
  }
}

// The child stands still behind its execve, because it asked to be traced: it is admitted and let
// go. One that was killed before that is left to be waited for.
Result<void> admit_stopped(pid_t child, const std::function<Result<void>(pid_t)>& admit) {
  siginfo_t state{};
  while (::waitid(P_PID, static_cast<id_t>(child), &state, WSTOPPED | WEXITED | WNOWAIT) != 0 &&
         errno == EINTR) {
  }
  if (state.si_code != CLD_TRAPPED && state.si_code != CLD_STOPPED) {
    return {};
  }
  // Should dime be killed now, a program that stands still for ever must not be left behind.
  ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_EXITKILL);
  auto admitted = admit(child);
  if (admitted && ::ptrace(PTRACE_DETACH, child, nullptr, nullptr) != 0) {
    admitted = fail(errno, "letting process {} go", child);
  }
  if (!admitted) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  return admitted;
}

// In the child. What execve or ptrace say goes to the pipe, the latter negative.
[[noreturn]] void become(const ChildRequest& request, char* const* arguments,
                         char* const* environment, int writer) {
  restore_file_size_limit();
  int error = 0;
  if (request.admit && ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) {
    error = -errno;
  } else {
    ::execve(request.program.c_str(), arguments, environment);
    error = errno;
  }
  const ssize_t told = ::write(writer, &error, sizeof error);
  ::_exit(told == ssize_t{sizeof error} ? 0 : 1);
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

}  // namespace

Result<ChildResult> run_child(ChildRequest request, const Tick& tick) {
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
    become(request, arguments.data(), environment.data(), writer.get());
  }
  writer.reset();
  int exec_error = 0;
  // Nothing comes, and the pipe closes, once the program runs.
  if (::read(reader.get(), &exec_error, sizeof exec_error) == ssize_t{sizeof exec_error}) {
    ::waitpid(child, nullptr, 0);
    if (exec_error < 0) {
      return fail(0, "program '{}' cannot be started under ptrace: {}", request.program,
                  std::strerror(-exec_error));  // NOLINT(concurrency-mt-unsafe)
    }
    return fail(exec_error, "program '{}' cannot be executed", request.program);
  }
  if (request.admit) {
    DIME_TRY_VOID(admit_stopped(child, request.admit));
  }
  rusage usage{};
  const int status = wait_for_end(signals, child, tick, usage);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  constexpr int kSignalBase = 128;  // as shells show death by signal
  const int exit_status =
      WIFSIGNALED(status) ? kSignalBase + WTERMSIG(status) : WEXITSTATUS(status);
  return ChildResult{child,
                     exit_status,
                     WIFSIGNALED(status) && WCOREDUMP(status),
                     wall.count(),
                     seconds(usage.ru_utime),
                     seconds(usage.ru_stime)};
}

}  // namespace dime
