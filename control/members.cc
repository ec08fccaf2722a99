// SPDX-License-Identifier: GPL-2.0
#include "control/members.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <thread>

#include "base/patience.h"
#include "control/directory.h"
#include "core/atomic.h"
#include "core/member_levels.h"

namespace dime {
namespace {

// /proc may be missing after a chroot, or be that of another namespace, with other numbers.
bool shows_this_process() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self", error);
  return !error && self == std::to_string(::getpid());
}

bool process_runs(const dime_member& member) {
  const std::uint64_t start_time = atomic::load(member.start_time);
  const auto pid = static_cast<pid_t>(atomic::load(member.pid));
  // An agent that has just taken the slot and is filling it in, or one that could not read /proc.
  if (start_time == 0 || !shows_this_process()) {
    return pid == 0 || ::kill(pid, 0) == 0 || errno != ESRCH;
  }
  return is_alive({pid, start_time});
}

}  // namespace

bool is_live(const dime_member& member) {
  return member_levels::counts(atomic::load_acquire(member.state)) && process_runs(member);
}

std::vector<const dime_member*> live_members(const dime_control& control) {
  std::vector<const dime_member*> found;
  for (const dime_member& member : control.members) {
    if (is_live(member)) {
      found.push_back(&member);
    }
  }
  return found;
}

Result<void> check_agent_started(const dime_control& control, pid_t pid) {
  std::uint64_t why = 0;
  for (const dime_member& member : control.members) {
    if (member.pid != static_cast<std::uint32_t>(pid)) {
      continue;
    }
    if (atomic::load(member.state) != DIME_MEMBER_FREE) {
      return {};
    }
    why = atomic::load(member.attach_error);
  }
  const std::string problem(control.last_problem,
                            ::strnlen(control.last_problem, sizeof control.last_problem));
  auto error = fail(static_cast<int>(why), "the agent could not start in the program{}{}",
                    problem.empty() ? "" : ": ", problem);
  error.value().hint = "dime doctor says what is missing here";
  return error;
}

unsigned reap_dead_members(dime_control& control) {
  unsigned found = 0;
  for (dime_member& member : control.members) {
    std::uint32_t state = atomic::load_acquire(member.state);
    if (!member_levels::counts(state) || process_runs(member) ||
        !atomic::compare_exchange(member.state, state, std::uint32_t{DIME_MEMBER_REAPED})) {
      continue;
    }
    member_levels::give_back(control, member);
    // Only now may another process take the slot.
    atomic::store_release(member.state, std::uint32_t{DIME_MEMBER_ENDED});
    ++found;
  }
  return found;
}

void await_ending_members(const dime_control& control, std::chrono::milliseconds most) {
  constexpr auto kPause = std::chrono::milliseconds(1);
  const auto any = [&] {
    const std::vector<const dime_member*> live = live_members(control);
    return std::any_of(live.begin(), live.end(), [](const dime_member* member) {
      return is_ending({static_cast<pid_t>(member->pid), member->start_time});
    });
  };
  if (!any()) {
    return;
  }
  const auto end = std::chrono::steady_clock::now() + patience(most);
  while (any() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(kPause);
  }
}

// A member that ends has said so before it looks whether an owner waits, and the owner has let go
// before it looks here: one of the two sees the other.
bool is_stale(const dime_control& control) {
  const ProcessId owner{static_cast<pid_t>(atomic::load(control.owner_pid)),
                        atomic::load(control.owner_start_time)};
  if (atomic::load(control.keep) != 0 || is_alive(owner)) {
    return false;
  }
  for (const dime_member& member : control.members) {
    if (is_live(member) && atomic::load(member.ending) == 0) {
      return false;
    }
  }
  return true;
}

Result<std::optional<std::uint32_t>> instance_of(pid_t pid) {
  DIME_TRY(const std::vector<ControlBlock> blocks, open_instances());
  for (const ControlBlock& block : blocks) {
    for (const dime_member* const member : live_members(*block)) {
      if (member->pid == static_cast<std::uint32_t>(pid)) {
        return std::optional(block.id());
      }
    }
  }
  return std::optional<std::uint32_t>();
}

}  // namespace dime
