// SPDX-License-Identifier: GPL-2.0
#include "base/process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/sleeper.h"

namespace dime {
namespace {

TEST(Process, RunsUntilItIsKilledAndHasEndedAsAZombie) {
  test::Sleeper child;
  const auto id = identify(child.id().pid);
  ASSERT_TRUE(id);
  EXPECT_TRUE(is_alive(*id));
  EXPECT_FALSE(is_ending(*id));
  child.kill();
  while (!is_ending(*id)) {  // for a moment between taking the signal and acting on it
  }
  ASSERT_TRUE(child.wait_for_end());
  EXPECT_FALSE(is_alive(*id));
  EXPECT_TRUE(is_ending(*id));
  child.end();
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

TEST(StatusField, IsFoundByItsWholeName) {
  const std::string status = "Name:\tx\nTgid:\t12\nNgid:\t0\nTracerPid:\t7\n";
  EXPECT_EQ(status_field(status, "Name"), "x");
  EXPECT_EQ(status_field(status, "TracerPid"), "7");
  EXPECT_EQ(status_field(status, "gid"), "");
}

}  // namespace
}  // namespace dime
