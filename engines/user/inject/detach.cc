// SPDX-License-Identifier: GPL-2.0
// The agent leaves by itself when its slot's `command` says so: its handler looks at idle ticks
// (about 20 ms) and at each fault. Here is only the asking and the waiting.
#include <chrono>
#include <thread>
#include <vector>

#include "base/process.h"
#include "base/sysctl.h"
#include "control/directory.h"
#include "control/members.h"
#include "core/atomic.h"
#include "engines/user/inject/attach.h"
#include "engines/user/inject/thread_wait.h"

namespace dime {
namespace {

// Bringing home takes about a microsecond a page.
constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::microseconds kPatiencePerPage{20};

struct Found {
  dime_control* control = nullptr;
  dime_member* member = nullptr;
};

Found find_member(std::vector<ControlBlock>& blocks, pid_t pid) {
  for (ControlBlock& block : blocks) {
    for (dime_member& member : block->members) {
      if (is_live(*block, member) && pid_here(member) == pid) {
        return {&*block, &member};
      }
    }
  }
  return {};
}

bool is_stopped(pid_t pid) {
  const auto status = read_small_file(fmt::format("/proc/{}/status", pid));
  return status && status_field(*status, "State").starts_with('T');
}

Result<DetachOutcome> wait_until_gone(const dime_control& control, const dime_member& member,
                                      pid_t pid) {
  const auto pages = kPatiencePerPage * atomic::load(member.managed_pages);
  const Deadline limit =
      deadline_in(kPatience + std::chrono::duration_cast<std::chrono::milliseconds>(pages));
  constexpr std::chrono::milliseconds kPause{1};
  while (is_live(control, member)) {
    if (is_stopped(pid)) {
      return timed_out(fmt::format("process {} is stopped: it leaves when it continues", pid),
                       fmt::format("kill -CONT {}", pid));
    }
    if (std::chrono::steady_clock::now() > limit) {
      return timed_out(fmt::format("process {} does not leave its instance", pid));
    }
    std::this_thread::sleep_for(kPause);
  }
  return atomic::load_acquire(member.state) == DIME_MEMBER_DETACHED ? DetachOutcome::kDetached
                                                                    : DetachOutcome::kEnded;
}

}  // namespace

Result<DetachOutcome> detach_process(pid_t pid) {
  DIME_TRY(std::vector<ControlBlock> blocks, open_instances());
  const auto [control, member] = find_member(blocks, pid);
  if (member == nullptr) {
    return fail_with_hint("dime status lists the processes of all instances",
                          "process {} is in no instance", pid);
  }
  atomic::store_release(member->command, std::uint32_t{DIME_COMMAND_DETACH});
  DIME_TRY(const DetachOutcome outcome, wait_until_gone(*control, *member, pid));
  // Looking at all instances removes those that nothing keeps.
  DIME_TRY([[maybe_unused]] const auto rest, open_instances());
  return outcome;
}

}  // namespace dime
