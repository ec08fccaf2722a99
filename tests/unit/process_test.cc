// SPDX-License-Identifier: GPL-2.0
#include "engines/user/system/process.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace dime {
namespace {

/// A child that waits to be killed.
class Child {
 public:
  Child() : pid_(::fork()) {
    if (pid_ == 0) {
      for (;;) {
        ::pause();
      }
    }
  }
  ~Child() {
    if (pid_ != 0) {
      kill();
      reap();
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void kill() const { ::kill(pid_, SIGKILL); }
  /// Returns when it has ended; it stays a zombie.
  void wait_for_end() const {
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT), 0);
  }
  void reap() {
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_;
};

TEST(Process, RunsUntilItIsKilledAndHasEndedAsAZombie) {
  Child child;
  const auto id = identify(child.pid());
  ASSERT_TRUE(id);
  EXPECT_TRUE(is_alive(*id));
  EXPECT_FALSE(is_ending(*id));
  child.kill();
  while (!is_ending(*id)) {  // for a moment between taking the signal and acting on it
  }
  child.wait_for_end();
  EXPECT_FALSE(is_alive(*id));
  EXPECT_TRUE(is_ending(*id));
  child.reap();
  EXPECT_FALSE(is_alive(*id));
  EXPECT_FALSE(is_ending(*id));
  EXPECT_FALSE(identify(id->pid));
}

TEST(Process, AnotherOneWithTheSamePidIsAnother) {
  const auto self = identify(::getpid());
  ASSERT_TRUE(self);
  EXPECT_TRUE(is_alive(*self));
  EXPECT_FALSE(is_ending(*self));
  const ProcessId other{self->pid, self->start_time + 1};
  EXPECT_FALSE(is_alive(other));
  EXPECT_FALSE(is_ending(other));
}

}  // namespace
}  // namespace dime
