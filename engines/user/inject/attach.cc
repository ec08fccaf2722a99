// SPDX-License-Identifier: GPL-2.0
// Steps, each undone by its object's destructor: stop all threads, make a helper thread in the
// process, load the agent through it, let it call the agent's entry point, end it, let the threads
// run on. Only the agent's image stays.
#include "engines/user/inject/attach.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "control/members.h"
#include "core/atomic.h"
#include "engines/user/inject/agent_loader.h"
#include "engines/user/inject/apart.h"
#include "engines/user/inject/process_memory.h"
#include "engines/user/inject/seccomp_check.h"
#include "engines/user/inject/target_check.h"

namespace dime {
namespace {

constexpr std::chrono::milliseconds kStopPatience{3000};
constexpr std::chrono::milliseconds kStartPatience{5000};
constexpr int kMostTries = 20;

struct Injection {
  ProcessId process;  ///< that was checked; its pid may have been reused by the time it is stopped
  std::string agent_path;
  std::string control_path;
};

// The agent exchanges the first bytes of functions that it has bound. A thread that was interrupted
// inside them would go on in the middle of the new ones.
bool inside_bound_entry(const StoppedProcess& process, const LoadedAgent& agent) {
  constexpr std::uint64_t kExchanged = 8;
  return std::any_of(process.threads().begin(), process.threads().end(), [&](pid_t tid) {
    user_regs_struct registers{};
    ::ptrace(PTRACE_GETREGS, tid, nullptr, &registers);
    return std::any_of(agent.bound.begin(), agent.bound.end(), [&](RemoteAddress entry) {
      return registers.rip > entry.value && registers.rip < entry.value + kExchanged;
    });
  });
}

// Threads that the process has beside those which stand still.
bool has_new_threads(const StoppedProcess& process) {
  std::error_code error;
  std::filesystem::directory_iterator tasks(fmt::format("/proc/{}/task", process.pid()), error);
  return !error && static_cast<std::size_t>(std::distance(tasks, {})) > process.threads().size();
}

void unload(StoppedProcess& process, const BorrowedCode& code, const LoadedAgent& agent) {
  if (auto borrowed = BorrowedThread::borrow(process, code)) {
    // Fails only where the process is gone.
    static_cast<void>(borrowed->system_call(
        {SYS_munmap, {agent.range.begin.value, agent.range.bytes()}, "unmapping the agent"}));
  }
}

tl::unexpected<Error> refused_by_agent(pid_t pid, int code) {
  auto error = fail(code, "the agent could not start in process {}", pid);
  error.value().hint = "dime doctor says what is missing here";
  return error;
}

enum class Attempt { kDone, kTryAgain };

Result<Attempt> start_agent(StoppedProcess& process, ElfImage image, const Injection& what,
                            LoadedAgent& agent) {
  DIME_TRY(const auto maps, read_maps(what.process.pid));
  DIME_TRY(const BorrowedCode borrowed_code, find_borrowed_code(what.process.pid, maps));
  const RemoteAddress libc_base = find_libc(maps).value_or(RemoteAddress{});
  DIME_TRY(const ElfImage libc, read_library(what.process.pid, libc_base, "libc.so.6"));
  int code = 0;
  {
    DIME_TRY(HelperThread helper, HelperThread::start(process, borrowed_code));
    DIME_TRY(agent, load_agent(helper, what.process.pid, std::move(image), libc, libc_base));
    if (inside_bound_entry(process, agent)) {
      code = EAGAIN;
    } else {
      DIME_TRY(const RemoteAddress control, helper.place_text(what.control_path));
      DIME_TRY(const RemoteAddress file, helper.place_text(what.agent_path));
      DIME_TRY(code, helper.call_and_end(agent.entry, control, file, deadline_in(kStartPatience)));
      code = -code;
    }
  }
  if (code == 0) {
    return Attempt::kDone;
  }
  // A thread of the agent that still runs needs its code.
  if (!has_new_threads(process)) {
    unload(process, borrowed_code, agent);
  }
  if (code == EAGAIN) {
    return Attempt::kTryAgain;
  }
  return refused_by_agent(what.process.pid, code);
}

Result<Attempt> try_once(const Injection& what, LoadedAgent& agent) {
  DIME_TRY(ElfImage image, read_agent(what.agent_path));
  auto process = StoppedProcess::stop(what.process, deadline_in(kStopPatience));
  if (!process) {
    return process.error().code == EPERM ? tracing_refused(what.process.pid, EPERM)
                                         : tl::unexpected(process.error());
  }
  DIME_TRY_VOID(check_seccomp(*process));
  return start_agent(*process, std::move(image), what, agent);
}

// Runs in a process of its own. The result is the address of the agent's image.
Result<std::string> inject(const Injection& what) {
  for (int i = 0; i < kMostTries; ++i) {
    LoadedAgent agent;
    DIME_TRY(const Attempt attempt, try_once(what, agent));
    if (attempt == Attempt::kDone) {
      return std::to_string(agent.range.begin.value);
    }
  }
  return refused_by_agent(what.process.pid, EAGAIN);
}

void note_agent_base(const Injection& what, const std::string& base) {
  const auto block = ControlBlock::open(what.control_path);
  if (!block) {
    return;
  }
  for (dime_member& member : (*block)->members) {
    if (member.pid == static_cast<std::uint32_t>(what.process.pid) && is_live(**block, member)) {
      std::uint64_t address = 0;
      std::from_chars(base.data(), base.data() + base.size(), address);
      atomic::store(member.agent_base, address);
    }
  }
}

}  // namespace

Result<void> check_attachable(pid_t pid) {
  DIME_TRY_VOID(check_target(pid));
  DIME_TRY(const auto instance, instance_of(pid));
  if (instance) {
    return fail_with_hint(fmt::format("dime detach -p {}", pid),
                          "process {} is in instance {} already", pid, *instance);
  }
  return {};
}

Result<void> attach_process(pid_t pid, const std::string& agent_path,
                            const std::string& control_path) {
  DIME_TRY(const ProcessId process, identify(pid));
  DIME_TRY_VOID(check_attachable(pid));
  const Injection what{process, agent_path, control_path};
  DIME_TRY(const std::string base, run_apart([&what] { return inject(what); }));
  note_agent_base(what, base);
  return {};
}

}  // namespace dime
