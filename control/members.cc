// SPDX-License-Identifier: GPL-2.0
#include "control/members.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "base/patience.h"
#include "base/process.h"
#include "control/directory.h"
#include "core/atomic.h"
#include "core/member_levels.h"
#include "core/namespaces.h"

namespace dime {
namespace {

/// A process as it is known in its own namespaces. Start time 0: it could not be read.
struct Known {
  ProcessId process;
  std::uint64_t namespaces = 0;
};

Known known(const dime_member& member) {
  return {{static_cast<pid_t>(atomic::load(member.pid)), atomic::load(member.start_time)},
          atomic::load(member.namespaces)};
}

/// Whether `found`, a process of this namespace, is the one that is known, and runs.
bool is_it(const ProcessId& found, const Known& known, std::uint64_t own) {
  const std::uint64_t start_time = known.process.start_time;
  const bool comparable = start_time != 0 && namespaces::same_times(known.namespaces, own);
  return (!comparable || found.start_time == start_time) && is_alive(found);
}

/// Looks for what is not in this pid namespace among all that is seen from it; 0: not found.
pid_t find_here(const Known& known, std::uint64_t own) {
  for (const pid_t here : pids_known_as(known.process.pid)) {
    const auto found = identify(here);
    if (found && is_it(*found, known, own)) {
      return here;
    }
  }
  return 0;
}

/// `origin`: from where all processes that are asked for descend.
bool may_run(const Known& known, std::uint64_t origin) {
  const pid_t pid = known.process.pid;
  const std::uint64_t own = own_namespaces();
  // /proc may be missing after a chroot, be that of another namespace with other numbers, or hide
  // the processes of other users.
  const bool shown = shows_own_namespace();
  if (namespaces::same_pids(known.namespaces, own)) {
    const auto found = shown ? identify(pid) : fail(ESRCH, "no /proc");
    return found ? is_it(*found, known, own) : ::kill(pid, 0) == 0 || errno != ESRCH;
  }
  if (!shown) {
    return true;
  }
  const bool all_seen = namespaces::is_first(own) || namespaces::same_pids(origin, own);
  return !all_seen || find_here(known, own) != 0;
}

bool process_runs(const dime_control& control, const dime_member& member) {
  const Known process = known(member);
  // An agent has just taken the slot and is filling it in.
  return process.process.pid == 0 || may_run(process, atomic::load(control.namespaces));
}

}  // namespace

bool is_live(const dime_control& control, const dime_member& member) {
  return member_levels::counts(atomic::load_acquire(member.state)) && process_runs(control, member);
}

pid_t pid_here(const dime_member& member) {
  const Known process = known(member);
  const std::uint64_t own = own_namespaces();
  return namespaces::same_pids(process.namespaces, own) ? process.process.pid
                                                        : find_here(process, own);
}

void note_origin(dime_control& control) {
  if (!namespaces::same_pids(atomic::load(control.namespaces), own_namespaces())) {
    atomic::store(control.namespaces, std::uint64_t{0});
  }
}

bool owner_waits(const dime_control& control) {
  const Known owner{
      {static_cast<pid_t>(atomic::load(control.owner_pid)), atomic::load(control.owner_start_time)},
      atomic::load(control.owner_namespaces)};
  return owner.process.pid != 0 && may_run(owner, atomic::load(control.namespaces));
}

std::vector<const dime_member*> live_members(const dime_control& control) {
  std::vector<const dime_member*> found;
  for (const dime_member& member : control.members) {
    if (is_live(control, member)) {
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
  // Programs inherit this process's limit.
  rlimit space{};
  const bool limited = ::getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY;
  error.value().hint = limited ? "lift the limit of the address space: ulimit -v unlimited"
                               : "dime doctor says what is missing here";
  return error;
}

unsigned reap_dead_members(dime_control& control) {
  unsigned found = 0;
  for (dime_member& member : control.members) {
    std::uint32_t state = atomic::load_acquire(member.state);
    if (!member_levels::counts(state) || process_runs(control, member) ||
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
      const auto process = identify(pid_here(*member));
      return process && is_ending(*process);
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
  if (atomic::load(control.keep) != 0 || owner_waits(control)) {
    return false;
  }
  for (const dime_member& member : control.members) {
    if (is_live(control, member) && atomic::load(member.ending) == 0) {
      return false;
    }
  }
  return true;
}

Result<std::optional<std::uint32_t>> instance_of(pid_t pid) {
  DIME_TRY(const std::vector<ControlBlock> blocks, open_instances());
  for (const ControlBlock& block : blocks) {
    for (const dime_member* const member : live_members(*block)) {
      if (pid_here(*member) == pid) {
        return std::optional(block.id());
      }
    }
  }
  return std::optional<std::uint32_t>();
}

}  // namespace dime
