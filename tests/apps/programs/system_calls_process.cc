// SPDX-License-Identifier: GPL-2.0
// Signals, limits, scheduling, children, execution, and what a process asks about itself.
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include <csignal>
#include <ctime>

#include "system_calls.h"

namespace {

constexpr std::size_t kMaskBytes = 8;
constexpr std::uint64_t kUser1 = 1U << (SIGUSR1 - 1);
constexpr std::uint64_t kUser2 = 1U << (SIGUSR2 - 1);

// As the kernel has it.
struct Action {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)();
  std::uint64_t mask;
};

void ignore(int) {}

void signals() {
  auto* old = place<Action>({});
  const Action action = {SIG_IGN, 0, nullptr, kUser1};
  call("rt_sigaction", SYS_rt_sigaction, SIGUSR1, place(action), old, kMaskBytes);
  old = place<Action>({});
  call("rt_sigaction", SYS_rt_sigaction, SIGUSR1, nullptr, old, kMaskBytes);
  print_value("ignored", at(old).handler == SIG_IGN);
  print_value("mask", static_cast<long>(at(old).mask));
  signal(SIGUSR1, ignore);

  auto* before = place<std::uint64_t>(99);
  call("rt_sigprocmask", SYS_rt_sigprocmask, SIG_SETMASK, place<std::uint64_t>(kUser1 | kUser2),
       before, kMaskBytes);
  before = place<std::uint64_t>(99);
  call("rt_sigprocmask", SYS_rt_sigprocmask, SIG_UNBLOCK, place<std::uint64_t>(0), before,
       kMaskBytes);
  print_value("mask", static_cast<long>(at(before)));
  siginfo_t information = {};
  information.si_code = SI_QUEUE;
  information.si_value.sival_int = 42;
  call("rt_sigqueueinfo", SYS_rt_sigqueueinfo, getpid(), SIGUSR1, place(information));
  call("rt_tgsigqueueinfo", SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGUSR2, place(information));
  auto* pending = place<std::uint64_t>(0);
  call("rt_sigpending", SYS_rt_sigpending, pending, kMaskBytes);
  print_value("pending", static_cast<long>(at(pending)));
  auto* received = place<siginfo_t>({});
  call("rt_sigtimedwait", SYS_rt_sigtimedwait, place<std::uint64_t>(kUser1 | kUser2), received,
       place<timespec>({9, 0}), kMaskBytes);
  print_value("value", at(received).si_value.sival_int);
  call("rt_sigsuspend", SYS_rt_sigsuspend, place<std::uint64_t>(0), kMaskBytes);
  call("rt_sigtimedwait", SYS_rt_sigtimedwait, place<std::uint64_t>(kUser2), received,
       place<timespec>({0, 0}), kMaskBytes);
  call("rt_sigprocmask", SYS_rt_sigprocmask, SIG_SETMASK, place<std::uint64_t>(0), nullptr,
       kMaskBytes);

  auto* stack = place<stack_t>({place_bytes(65536), 0, 65536});
  call("sigaltstack", SYS_sigaltstack, stack, nullptr);
  auto* now = place<stack_t>({});
  call("sigaltstack", SYS_sigaltstack, nullptr, now);
  print_value("ss_size", static_cast<long>(at(now).ss_size));
  print_value("ss_sp", at(now).ss_sp == at(stack).ss_sp);
  call("sigaltstack", SYS_sigaltstack, place<stack_t>({nullptr, SS_DISABLE, 0}), nullptr);
  signal(SIGUSR2, ignore);
}

void limits() {
  auto* limit = place<rlimit>({});
  call("getrlimit", SYS_getrlimit, RLIMIT_CORE, limit);
  call("setrlimit", SYS_setrlimit, RLIMIT_CORE, place<rlimit>({0, at(limit).rlim_max}));
  auto* old = place<rlimit>({5, 5});
  call("prlimit64", SYS_prlimit64, 0, RLIMIT_CORE, place<rlimit>({0, at(limit).rlim_max}), old);
  print_value("old", static_cast<long>(at(old).rlim_cur));
  auto* usage = place<rusage>({});
  call("getrusage", SYS_getrusage, RUSAGE_SELF, usage);
  print_value("has used memory", at(usage).ru_maxrss > 0);
  struct sysinfo* information = place<struct sysinfo>({});
  call("sysinfo", SYS_sysinfo, information);
  print_value("mem_unit", at(information).mem_unit);
  auto* names = place<utsname>({});
  call("uname", SYS_uname, names);
  print("sysname", 0, std::string(" ") + at(names).sysname + " " + at(names).machine);
}

void identity() {
  print("getgroups", quiet_call(SYS_getgroups, 64, place_bytes(64 * 4)) >= 0 ? 0 : -EINVAL);
  auto* real = place<unsigned>(9);
  auto* effective = place<unsigned>(9);
  auto* saved = place<unsigned>(9);
  call("getresuid", SYS_getresuid, real, effective, saved);
  print_value("same", at(real) == getuid() && at(effective) == geteuid() && at(saved) == getuid());
  call("getresgid", SYS_getresgid, real, effective, saved);
  print_value("same", at(real) == getgid() && at(effective) == getegid());
  auto* header = place<__user_cap_header_struct>({_LINUX_CAPABILITY_VERSION_3, 0});
  struct Capabilities {
    __user_cap_data_struct each[2];
  };
  auto* capabilities = place<Capabilities>({});
  call("capget", SYS_capget, header, capabilities);
  call("capset", SYS_capset, header, capabilities);
  call("prctl PR_SET_NAME", SYS_prctl, PR_SET_NAME, place_text("placed"), 0, 0, 0);
  char* name = place_bytes(16);
  call("prctl PR_GET_NAME", SYS_prctl, PR_GET_NAME, name, 0, 0, 0);
  print("name", 0, std::string(" ") + name);
  auto* number = place<int>(7);
  call("prctl PR_GET_PDEATHSIG", SYS_prctl, PR_GET_PDEATHSIG, number, 0, 0, 0);
  print_value("signal", at(number));
  auto* base = place<std::uint64_t>(0);
  call("arch_prctl ARCH_GET_FS", SYS_arch_prctl, 0x1003, base);
  print_value("is set", at(base) != 0);
  call("seccomp", SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0,
       place<std::uint32_t>(SECCOMP_RET_ALLOW));
  auto* list = place<std::uint64_t>(0);
  auto* bytes = place<std::uint64_t>(0);
  call("get_robust_list", SYS_get_robust_list, 0, list, bytes);
  print_value("bytes", static_cast<long>(at(bytes)));
  char* random = place_bytes(5000);
  call("getrandom", SYS_getrandom, random, 5000, 0);
  int zeros = 0;
  for (int i = 0; i < 5000; ++i) {
    zeros += random[i] == 0 ? 1 : 0;
  }
  print_value("is random", zeros < 200);
}

void scheduling() {
  auto* priority = place<int>(5);
  call("sched_getparam", SYS_sched_getparam, 0, priority);
  print_value("priority", at(priority));
  call("sched_setparam", SYS_sched_setparam, 0, place<int>(0));
  call("sched_setscheduler", SYS_sched_setscheduler, 0, SCHED_OTHER, place<int>(0));
  auto* interval = place<timespec>({});
  call("sched_rr_get_interval", SYS_sched_rr_get_interval, 0, interval);
  struct Set {
    std::uint64_t words[16];
  };
  auto* set = place<Set>({});
  print("sched_getaffinity",
        quiet_call(SYS_sched_getaffinity, 0, sizeof(Set), set) > 0 ? 0 : -EINVAL);
  print_value("has a processor", at(set).words[0] != 0);
  call("sched_setaffinity", SYS_sched_setaffinity, 0, sizeof(Set), set);
  struct Attributes {
    std::uint32_t size;
    std::uint32_t policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime[3];
  };
  auto* attributes = place<Attributes>({});
  call("sched_getattr", SYS_sched_getattr, 0, attributes, sizeof(Attributes), 0);
  print_value("size", at(attributes).size);
  call("sched_setattr", SYS_sched_setattr, 0, attributes, 0);
  auto* processor = place<unsigned>(1000);
  auto* node = place<unsigned>(1000);
  call("getcpu", SYS_getcpu, processor, node, nullptr);
  print_value("is one", at(processor) < 1000 && at(node) < 1000);
  auto* mode = place<int>(9);
  auto* mask = place<Set>({});
  call("get_mempolicy", SYS_get_mempolicy, mode, mask, 1024, 0, 0);
  print_value("mode", at(mode));
  char* core = place_bytes(8);
  char* pages = map_pages(8);
  pages[0] = 1;
  call("mincore", SYS_mincore, pages, 8 * kPage, core);
}

// A child that waits until it is told to go on.
struct Child {
  pid_t pid;
  int go_on;
};

Child start_child(int status) {
  int ends[2];
  expect(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
  const pid_t child = fork();
  if (child == 0) {
    close(ends[1]);
    char byte = 0;
    if (read(ends[0], &byte, 1) < 0) {
      _exit(99);
    }
    _exit(status);
  }
  close(ends[0]);
  return {child, ends[1]};
}

struct Vector {
  iovec each[2];
};

void children() {
  Child child = start_child(3);
  call("wait4 WNOHANG", SYS_wait4, child.pid, place<int>(0), WNOHANG, nullptr);
  close(child.go_on);
  auto* status = place<int>(0);
  auto* usage = place<rusage>({});
  open_call("wait4", SYS_wait4, child.pid, status, 0, usage);
  print_value("status", WEXITSTATUS(at(status)));
  child = start_child(4);
  close(child.go_on);
  auto* information = place<siginfo_t>({});
  usage = place<rusage>({});
  call("waitid", SYS_waitid, P_PID, child.pid, information, WEXITED, usage);
  print_value("status", at(information).si_status);

  // Its memory is at the same addresses as ours. Reading what is remote there is a known limit of
  // the inline path (one address space has one agent): only what lies on our side counts here.
  const char* theirs = place_text("what the child has");
  child = start_child(6);
  char* first = place_bytes(4);
  char* second = place_bytes(10);
  const auto* local = place<Vector>({{{first, 4}, {second, 10}}});
  const auto* remote =
      place<Vector>({{{const_cast<char*>(theirs), 5}, {const_cast<char*>(theirs) + 9, 9}}});
  const long copied = quiet_call(SYS_process_vm_readv, child.pid, local, 2, remote, 2, 0);
  print("process_vm_readv", copied == 14 || copied == -EFAULT ? 0 : copied);
  close(child.go_on);
  open_call("wait4", SYS_wait4, child.pid, status, 0, nullptr);

  auto* parent_tid = place<int>(0);
  auto* child_tid = place<int>(0);
  const long cloned = quiet_call(SYS_clone, 0x100000 | 0x1000000 | SIGCHLD, nullptr, parent_tid,
                                 child_tid, nullptr);
  if (cloned == 0) {
    _exit(at(child_tid) == getpid() ? 7 : 8);
  }
  print_value("parent_tid", at(parent_tid) == cloned);
  open_call("wait4", SYS_wait4, cloned, status, 0, nullptr);
  print_value("status", WEXITSTATUS(at(status)));
}

void tracing() {
  const pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    raise(SIGSTOP);
    _exit(9);
  }
  auto* status = place<int>(0);
  open_call("wait4", SYS_wait4, child, status, 0, nullptr);
  auto* registers = place<user_regs_struct>({});
  call("ptrace PTRACE_GETREGS", SYS_ptrace, PTRACE_GETREGS, child, nullptr, registers);
  print_value("is in user memory", static_cast<long>(at(registers).rsp) > 0);
  auto* vector = place<iovec>({place<user_regs_struct>({}), sizeof(user_regs_struct)});
  call("ptrace PTRACE_GETREGSET", SYS_ptrace, PTRACE_GETREGSET, child, 1, vector);
  print_value("bytes", static_cast<long>(at(vector).iov_len));
  auto* information = place<siginfo_t>({});
  call("ptrace PTRACE_GETSIGINFO", SYS_ptrace, PTRACE_GETSIGINFO, child, nullptr, information);
  print_value("signal", at(information).si_signo);
  call("ptrace PTRACE_SETREGS", SYS_ptrace, PTRACE_SETREGS, child, nullptr, registers);
  call("ptrace PTRACE_KILL", SYS_ptrace, PTRACE_KILL, child, nullptr, nullptr);
  open_call("wait4", SYS_wait4, child, status, 0, nullptr);
}

// Path, arguments and environment in remote memory.
void execution() {
  for (const long number : {SYS_execve, SYS_execveat}) {
    struct Words {
      char* each[4];
    };
    const auto* arguments = place<Words>({{place_text("sh"), place_text("-c"),
                                           place_text("echo \"$GREETING $0\"; exit 11"), nullptr}});
    const auto* environment =
        place<Words>({{place_text("GREETING=hello from"), place_text("A=b"), nullptr, nullptr}});
    char* path = place_text("/bin/sh");
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      if (number == SYS_execve) {
        quiet_call(number, path, arguments, environment);
      } else {
        quiet_call(number, AT_FDCWD, path, arguments, environment, 0);
      }
      _exit(12);
    }
    int status = 0;
    expect(waitpid(child, &status, 0) == child, "waitpid");
    print("exec", WEXITSTATUS(status));
  }
  call("execve of nothing", SYS_execve, place_text("nowhere"), place<long>(0), nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  begin_calls(argc, argv);
  for (const Placement where : {Placement::kAtEnd, Placement::kAcrossPages}) {
    placement = where;
    signals();
    limits();
    identity();
    scheduling();
    children();
    tracing();
    execution();
  }
  return 0;
}
