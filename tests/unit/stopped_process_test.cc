// SPDX-License-Identifier: GPL-2.0
#include "engines/user/inject/stopped_process.h"

#include <gtest/gtest.h>

#include "base/sysctl.h"
#include "sleeper.h"

namespace dime {
namespace {

constexpr std::chrono::milliseconds kPatience{20'000};

class StoppingAProcess : public ::testing::Test {
 protected:
  [[nodiscard]] std::string tracer() const {
    const auto status = read_small_file(fmt::format("/proc/{}/status", sleeper_.id().pid));
    return status ? status_field(*status, "TracerPid") : "";
  }

  test::Sleeper sleeper_;
};

TEST_F(StoppingAProcess, HoldsItUntilTheObjectGoes) {
  {
    const auto stopped = StoppedProcess::stop(sleeper_.id(), deadline_in(kPatience));
    ASSERT_TRUE(stopped) << stopped.error().message;
    EXPECT_EQ(stopped->threads(), std::vector<pid_t>{sleeper_.id().pid});
    EXPECT_EQ(tracer(), std::to_string(::getpid()));
  }
  EXPECT_EQ(tracer(), "0");
}

TEST_F(StoppingAProcess, LeavesAloneWhoHasItsPidNow) {
  const ProcessId before{sleeper_.id().pid, sleeper_.id().start_time - 1};
  const auto stopped = StoppedProcess::stop(before, deadline_in(kPatience));
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ESRCH);
  EXPECT_EQ(tracer(), "0");
  EXPECT_TRUE(is_alive(sleeper_.id()));
}

}  // namespace
}  // namespace dime
