// SPDX-License-Identifier: GPL-2.0
// Everything that can be known before a process is touched is refused here, with a line of its own.
// What changes between this look and the injection is found again there, as a plain error.
#include "engines/user/inject/target_check.h"

#include <pwd.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>

#include "base/executable.h"
#include "base/process.h"
#include "base/sysctl.h"
#include "engines/user/inject/process_maps.h"

namespace dime {
namespace {

constexpr const char* kKernelEngine = "use the kernel engine: --engine kernel";

std::string user_name(uid_t uid) {
  const passwd* const entry = ::getpwuid(uid);  // NOLINT(concurrency-mt-unsafe)
  return entry == nullptr ? fmt::format("#{}", uid) : entry->pw_name;
}

Result<void> check_owner(pid_t pid) {
  DIME_TRY(const uid_t owner, process_owner(pid));
  if (owner != ::geteuid()) {
    const std::string name = user_name(owner);
    return fail_with_hint(fmt::format("sudo -u {} dime attach -p {}", name, pid),
                          "process {} belongs to user {}, not to {}", pid, name,
                          user_name(::geteuid()));
  }
  return {};
}

Result<void> check_state(pid_t pid, const std::string& status) {
  if (status_field(status, "Tgid") != std::to_string(pid)) {
    return fail_with_hint(fmt::format("-p {}", status_field(status, "Tgid")),
                          "{} is a thread of process {}, not a process", pid,
                          status_field(status, "Tgid"));
  }
  DIME_TRY(const ProcessId process, identify(pid));
  if (!is_alive(process)) {
    return fail(0, "process {} has ended (a zombie)", pid);
  }
  if (status_field(status, "VmSize").empty()) {
    return fail(0, "process {} is a kernel thread", pid);
  }
  const std::string tracer = status_field(status, "TracerPid");
  if (tracer != "0") {
    pid_t tracer_pid = 0;
    std::from_chars(tracer.data(), tracer.data() + tracer.size(), tracer_pid);
    return fail_with_hint(fmt::format("end process {} first", tracer),
                          "process {} is traced by process {} ({}) already", pid, tracer,
                          command_name(tracer_pid).value_or("unknown"));
  }
  constexpr const char* kStrict = "1";
  if (status_field(status, "Seccomp") == kStrict) {
    return fail_with_hint(
        kKernelEngine,
        "process {} runs in seccomp's strict mode, which kills it for any new system call", pid);
  }
  return {};
}

// Members are told apart by their pids, which another namespace numbers in its own way.
Result<void> check_namespace(pid_t pid) {
  std::error_code hidden;  // may not be looked at: check_program() says so
  std::error_code error;
  const auto theirs = std::filesystem::read_symlink(fmt::format("/proc/{}/ns/pid", pid), hidden);
  const auto ours = std::filesystem::read_symlink("/proc/self/ns/pid", error);
  if (!hidden && !error && theirs != ours) {
    return fail_with_hint("run dime in its container",
                          "process {} is in another pid namespace (a container)", pid);
  }
  return {};
}

Result<void> check_program(pid_t pid) {
  const auto maps = read_maps(pid);
  const auto facts = program_facts(fmt::format("/proc/{}/exe", pid));
  if (!maps || !facts) {
    return tracing_refused(pid, maps ? facts.error().code : maps.error().code);
  }
  if (facts->kind == ProgramKind::kForeign) {
    return fail_with_hint(kKernelEngine,
                          "process {} is a 32-bit or foreign program; allowed: 64-bit x86", pid);
  }
  if (!find_libc(*maps)) {
    if (facts->kind == ProgramKind::kStatic) {
      return fail_with_hint(
          kKernelEngine, "process {} is statically linked; allowed: programs that use glibc", pid);
    }
    return fail_with_hint(kKernelEngine, "process {} has no glibc (libc.so.6) mapped", pid);
  }
  return {};
}

}  // namespace

Result<void> check_target(pid_t pid) {
  if (pid == ::getpid()) {
    return fail(0, "process {} is dime itself", pid);
  }
  const auto status = read_small_file(fmt::format("/proc/{}/status", pid));
  if (pid <= 0 || !status) {
    return fail(0, "process {} does not exist", pid);
  }
  DIME_TRY_VOID(check_state(pid, *status));
  DIME_TRY_VOID(check_owner(pid));
  DIME_TRY_VOID(check_namespace(pid));
  return check_program(pid);
}

tl::unexpected<Error> tracing_refused(pid_t pid, int code) {
  auto error = fail(code, "process {} may not be traced", pid);
  const auto yama = read_sysctl("kernel.yama.ptrace_scope");
  constexpr long kAdminOnly = 2;
  if (yama && *yama > kAdminOnly) {
    error.value().hint =
        "reboot: kernel.yama.ptrace_scope=3 forbids tracing and cannot be changed back";
  } else if (yama && *yama > 0 && ::geteuid() != 0) {
    error.value().hint = "sudo sysctl kernel.yama.ptrace_scope=0";
  } else {
    error.value().hint = "dime doctor says what is missing here";
  }
  return error;
}

}  // namespace dime
