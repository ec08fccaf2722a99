// SPDX-License-Identifier: GPL-2.0
// Filters are programs of classic BPF over struct seccomp_data. The kernel has checked them when
// they were installed (jumps go forward and stay inside), so that a run ends; the checks here only
// keep a wrong reading from becoming a wild access.
#include "engines/user/inject/seccomp_check.h"

#include <linux/audit.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstddef>

#include "base/process.h"
#include "base/sysctl.h"

namespace dime {
namespace {

struct NeededCall {
  const char* name;
  int number;
  std::uint64_t first = 0;
  std::uint64_t third = 0;
};

constexpr std::uint64_t kThread =
    CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

// What the injector and the agent (engines/user/agent) call, with the arguments that filters look
// at.
constexpr NeededCall kNeeded[] = {{"mmap", SYS_mmap, 0, PROT_READ | PROT_EXEC},
                                  {"mmap", SYS_mmap, 0, PROT_READ | PROT_WRITE},
                                  {"mprotect", SYS_mprotect, 0, PROT_READ | PROT_EXEC},
                                  {"mprotect", SYS_mprotect, 0, PROT_READ | PROT_WRITE | PROT_EXEC},
                                  {"clone", SYS_clone, kThread | CLONE_FILES},
                                  {"clone", SYS_clone, kThread},
                                  {"userfaultfd", SYS_userfaultfd},
                                  {"ioctl", SYS_ioctl},
                                  {"madvise", SYS_madvise},
                                  {"munmap", SYS_munmap},
                                  {"openat", SYS_openat},
                                  {"read", SYS_read},
                                  {"close", SYS_close},
                                  {"close_range", SYS_close_range},
                                  {"statx", SYS_statx},
                                  {"futex", SYS_futex},
                                  {"ppoll", SYS_ppoll},
                                  {"nanosleep", SYS_nanosleep},
                                  {"clock_gettime", SYS_clock_gettime},
                                  {"mlock2", SYS_mlock2},
                                  {"mlockall", SYS_mlockall},
                                  {"rt_sigprocmask", SYS_rt_sigprocmask},
                                  {"sched_getaffinity", SYS_sched_getaffinity},
                                  {"sched_setaffinity", SYS_sched_setaffinity},
                                  {"sched_setscheduler", SYS_sched_setscheduler},
                                  {"getpriority", SYS_getpriority},
                                  {"setpriority", SYS_setpriority},
                                  {"sysinfo", SYS_sysinfo},
                                  {"getpid", SYS_getpid},
                                  {"getppid", SYS_getppid},
                                  {"gettid", SYS_gettid},
                                  {"prctl", SYS_prctl},
                                  {"exit", SYS_exit}};

constexpr const char* kKernelEngine = "use the kernel engine: --engine kernel";

// Registers of the machine.
struct Machine {
  std::uint32_t a = 0;
  std::uint32_t x = 0;
  std::uint32_t memory[BPF_MEMWORDS] = {};
};

bool calculate(std::uint16_t code, std::uint32_t operand, std::uint32_t& a) {
  switch (BPF_OP(code)) {
    case BPF_ADD:
      a += operand;
      return true;
    case BPF_SUB:
      a -= operand;
      return true;
    case BPF_MUL:
      a *= operand;
      return true;
    case BPF_DIV:
      a = operand == 0 ? 0 : a / operand;
      return operand != 0;
    case BPF_AND:
      a &= operand;
      return true;
    case BPF_OR:
      a |= operand;
      return true;
    case BPF_XOR:
      a ^= operand;
      return true;
    case BPF_LSH:
      a = operand < 32 ? a << operand : 0;
      return true;
    case BPF_RSH:
      a = operand < 32 ? a >> operand : 0;
      return true;
    case BPF_NEG:
      a = 0U - a;
      return true;
    default:
      return false;
  }
}

bool load(const sock_filter& step, const seccomp_data& call, Machine& machine) {
  std::uint32_t value = 0;
  switch (BPF_MODE(step.code)) {
    case BPF_ABS:
      if (step.k % sizeof value != 0 || step.k > sizeof call - sizeof value) {
        return false;
      }
      std::memcpy(&value, reinterpret_cast<const std::byte*>(&call) + step.k, sizeof value);
      break;
    case BPF_IMM:
      value = step.k;
      break;
    case BPF_LEN:
      value = sizeof call;
      break;
    case BPF_MEM:
      if (step.k >= BPF_MEMWORDS) {
        return false;
      }
      value = machine.memory[step.k];
      break;
    default:
      return false;
  }
  (BPF_CLASS(step.code) == BPF_LD ? machine.a : machine.x) = value;
  return true;
}

// How many instructions to skip.
std::size_t jump(const sock_filter& step, const Machine& machine) {
  const std::uint32_t operand = BPF_SRC(step.code) == BPF_X ? machine.x : step.k;
  bool taken = false;
  switch (BPF_OP(step.code)) {
    case BPF_JA:
      return step.k;
    case BPF_JEQ:
      taken = machine.a == operand;
      break;
    case BPF_JGT:
      taken = machine.a > operand;
      break;
    case BPF_JGE:
      taken = machine.a >= operand;
      break;
    default:
      taken = (machine.a & operand) != 0;
      break;
  }
  return taken ? step.jt : step.jf;
}

// The filters of one thread, newest first. Empty where it has none.
Result<std::vector<std::vector<sock_filter>>> read_filters(pid_t pid, pid_t tid) {
  std::vector<std::vector<sock_filter>> filters;
  const auto status = read_small_file(fmt::format("/proc/{}/task/{}/status", pid, tid));
  constexpr const char* kFiltered = "2";
  if (!status || status_field(*status, "Seccomp") != kFiltered) {
    return filters;
  }
  for (std::uintptr_t index = 0;; ++index) {
    auto* const number = reinterpret_cast<void*>(index);  // NOLINT(performance-no-int-to-ptr)
    const long length = ::ptrace(PTRACE_SECCOMP_GET_FILTER, tid, number, nullptr);
    if (length < 0 && errno == ENOENT) {
      return filters;
    }
    std::vector<sock_filter> filter(static_cast<std::size_t>(std::max(length, 0L)));
    if (length < 0 || ::ptrace(PTRACE_SECCOMP_GET_FILTER, tid, number, filter.data()) < 0) {
      return fail_with_hint(
          "run dime as root, which can read the filter",
          "process {} has a seccomp filter, which may kill it for the agent's system calls", pid);
    }
    filters.push_back(std::move(filter));
  }
}

bool permits(std::span<const sock_filter> filter, const NeededCall& needed) {
  seccomp_data call{};
  call.nr = needed.number;
  call.arch = AUDIT_ARCH_X86_64;
  call.args[0] = needed.first;
  call.args[2] = needed.third;
  const std::uint32_t action = evaluate_filter(filter, call) & SECCOMP_RET_ACTION_FULL;
  return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

}  // namespace

std::uint32_t evaluate_filter(std::span<const sock_filter> program, const seccomp_data& call) {
  Machine machine;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& step = program[at];
    bool good = true;
    switch (BPF_CLASS(step.code)) {
      case BPF_LD:
      case BPF_LDX:
        good = load(step, call, machine);
        break;
      case BPF_ST:
      case BPF_STX:
        good = step.k < BPF_MEMWORDS;
        if (good) {
          machine.memory[step.k] = BPF_CLASS(step.code) == BPF_ST ? machine.a : machine.x;
        }
        break;
      case BPF_ALU:
        good = calculate(step.code, BPF_SRC(step.code) == BPF_X ? machine.x : step.k, machine.a);
        break;
      case BPF_JMP:
        at += jump(step, machine);
        break;
      case BPF_RET:
        return BPF_RVAL(step.code) == BPF_A ? machine.a : step.k;
      default:
        (BPF_MISCOP(step.code) == BPF_TAX ? machine.x : machine.a) =
            BPF_MISCOP(step.code) == BPF_TAX ? machine.a : machine.x;
        break;
    }
    if (!good) {
      break;
    }
  }
  return SECCOMP_RET_KILL_PROCESS;
}

Result<void> check_seccomp(const StoppedProcess& process) {
  for (const pid_t tid : process.threads()) {
    DIME_TRY(const auto filters, read_filters(process.pid(), tid));
    for (const std::vector<sock_filter>& filter : filters) {
      const auto* const refused =
          std::find_if_not(std::begin(kNeeded), std::end(kNeeded),
                           [&](const NeededCall& needed) { return permits(filter, needed); });
      if (refused != std::end(kNeeded)) {
        return fail_with_hint(
            kKernelEngine, "process {} has a seccomp filter that forbids {}, which the agent needs",
            process.pid(), refused->name);
      }
    }
  }
  return {};
}

}  // namespace dime
