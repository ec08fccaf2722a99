// SPDX-License-Identifier: GPL-2.0
#include "experiments/child_group.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "base/environment.h"

namespace dime::experiments {
namespace {

constexpr int kFileMode = 0644;

sigset_t interrupting_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    ::sigaddset(&set, signal);
  }
  return set;
}

// In the child: the error goes to the pipe where the program cannot be started.
[[noreturn]] void become(const ChildRequest& request, char* const* words, char* const* environment,
                         pid_t group, const sigset_t& mask, int out, int err, int pipe) {
  const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::setpgid(0, group);
  const bool ready = ::dup2(in, STDIN_FILENO) >= 0 && ::dup2(out, STDOUT_FILENO) >= 0 &&
                     ::dup2(err, STDERR_FILENO) >= 0 && ::chdir(request.folder.c_str()) == 0 &&
                     (!request.small_pages || ::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0);
  if (ready) {
    ::sigprocmask(SIG_SETMASK, &mask, nullptr);
    std::signal(SIGPIPE, SIG_DFL);  // NOLINT(cert-err33-c)
    ::execvpe(words[0], words, environment);
  }
  const int error = errno;
  [[maybe_unused]] const ssize_t told = ::write(pipe, &error, sizeof error);
  ::_exit(127);
}

Result<UniqueFd> open_output(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kFileMode));
  if (!file.valid()) {
    return fail(errno, "opening {}", path);
  }
  return file;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

// Children of this process, those among them that lost their own parent.
std::vector<pid_t> children() {
  std::ifstream file(fmt::format("/proc/self/task/{}/children", ::getpid()));
  std::vector<pid_t> pids;
  for (pid_t pid = 0; file >> pid;) {
    pids.push_back(pid);
  }
  return pids;
}

}  // namespace

Interrupt::Interrupt() {
  const sigset_t wanted = interrupting_signals();
  ::sigprocmask(SIG_BLOCK, &wanted, &mask_);
  std::signal(SIGPIPE, SIG_IGN);  // NOLINT(cert-err33-c)
  // A file that reaches the limit of its size is an error of write(), as a full disk is.
  std::signal(SIGXFSZ, SIG_IGN);  // NOLINT(cert-err33-c)
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  fd_.reset(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
}

Interrupt::~Interrupt() {
  signalfd_siginfo dropped{};
  while (::read(fd_.get(), &dropped, sizeof dropped) > 0) {
  }
  ::sigprocmask(SIG_SETMASK, &mask_, nullptr);
}

bool Interrupt::came(int within_ms) const {
  pollfd wanted{fd_.get(), POLLIN, 0};
  return ::poll(&wanted, 1, within_ms) > 0;
}

Result<Child> ChildGroup::start(const ChildRequest& request) {
  std::vector<std::string> words = request.words;
  std::vector<std::string> environment = request.environment;
  const std::vector<char*> word_pointers = pointers_to(words);
  const std::vector<char*> environment_pointers = pointers_to(environment);
  DIME_TRY(const UniqueFd out, open_output(request.out));
  DIME_TRY(const UniqueFd err, open_output(request.err));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return fail(errno, "making a pipe");
  }
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  Child child;
  child.began = std::chrono::steady_clock::now();
  child.pid = ::fork();
  if (child.pid < 0) {
    return fail(errno, "starting '{}'", request.words.front());
  }
  if (child.pid == 0) {
    become(request, word_pointers.data(), environment_pointers.data(), group_, interrupt_.mask(),
           out.get(), err.get(), writer.get());
  }
  writer.reset();
  ::setpgid(child.pid, group_);
  if (group_ == 0) {
    group_ = child.pid;
    watcher_.watch(group_);
  }
  int exec_error = 0;
  if (::read(reader.get(), &exec_error, sizeof exec_error) == ssize_t{sizeof exec_error}) {
    ::waitpid(child.pid, nullptr, 0);
    return fail(exec_error, "'{}' cannot be started in {}", request.words.front(), request.folder);
  }
  // The C library's header for pidfd_open gives it the linkage of C++.
  child.fd.reset(static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0)));
  if (!child.fd.valid()) {
    return fail(errno, "watching process {}", child.pid);
  }
  return child;
}

Waited ChildGroup::wait(Child& child, double seconds_left) const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds_left);
  for (;;) {
    pollfd wanted[2] = {{child.fd.get(), POLLIN, 0}, {interrupt_.fd(), POLLIN, 0}};
    const std::chrono::duration<double> left = end - std::chrono::steady_clock::now();
    constexpr double kMostMilliseconds = 1e6;
    const double milliseconds = std::clamp(1e3 * left.count(), 0.0, kMostMilliseconds);
    ::poll(static_cast<pollfd*>(wanted), 2, static_cast<int>(std::ceil(milliseconds)));
    if (wanted[0].revents != 0) {
      const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - child.began;
      int status = 0;
      rusage usage{};
      ::wait4(child.pid, &status, 0, &usage);
      constexpr int kSignalBase = 128;  // as shells show death by signal
      child.exit_status =
          WIFSIGNALED(status) ? kSignalBase + WTERMSIG(status) : WEXITSTATUS(status);
      child.wall_s = wall.count();
      child.user_s = seconds(usage.ru_utime);
      child.sys_s = seconds(usage.ru_stime);
      // A signal to a whole job or terminal reaches the program and this process in any order.
      constexpr int kOtherMayComeMs = 2'000;
      const bool was_told =
          child.exit_status == kSignalBase + SIGTERM || child.exit_status == kSignalBase + SIGINT;
      return was_told && interrupt_.came(kOtherMayComeMs) ? Waited::kInterrupted : Waited::kEnded;
    }
    if (wanted[1].revents != 0) {
      return Waited::kInterrupted;
    }
    if (std::chrono::steady_clock::now() >= end) {
      return Waited::kLimit;
    }
  }
}

void ChildGroup::stop(Child& child, double seconds_left) {
  ::kill(child.pid, SIGTERM);
  if (wait(child, seconds_left) != Waited::kEnded) {
    kill_all();
  }
}

void ChildGroup::kill_all() {
  if (group_ != 0) {
    ::kill(-group_, SIGKILL);
  }
  // Killing a process may hand its children to this one, so it takes some rounds.
  for (bool found = true; found;) {
    found = false;
    for (const pid_t pid : children()) {
      if (pid != watcher_.pid()) {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        found = true;
      }
    }
  }
  group_ = 0;
  watcher_.watch(0);
}

}  // namespace dime::experiments
