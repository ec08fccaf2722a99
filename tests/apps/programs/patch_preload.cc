// SPDX-License-Identifier: GPL-2.0
// Preloaded by patched.py: sends all system calls of the C library and the loader through a hook
// that counts them and lets them pass, and with DIME_TEST_DISPATCH arms Syscall User Dispatch in
// the first thread, so that the calls that are left alone come by as signals.
//
// The tables are named by DIME_TEST_TABLES, separated by colons. Each process that ends in an
// orderly way appends a line to the file DIME_TEST_COUNTS: sites patched, left, refused, changed,
// calls hooked, calls dispatched.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "engines/user/agent/patch/patch.h"

namespace {

namespace patch = dime::agent::patch;

std::uint64_t hooked;
std::uint64_t dispatched;
constexpr std::uint64_t kDispatchSignal = std::uint64_t{1} << (SIGSYS - 1);

// The kernel's own form, because the C library chooses the restorer.
struct KernelAction {
  void (*handler)(int, siginfo_t*, void*);
  unsigned long flags;
  std::uint64_t restorer;
  std::uint64_t mask;
};

// SIGSYS must not be blocked while the dispatch is armed: the kernel would kill the process. The C
// library's restorer stays, so that returns from handlers are dispatched.
long hook(long number, patch::Frame* frame) {
  __atomic_add_fetch(&hooked, 1, __ATOMIC_RELAXED);
  const long given = frame->arguments[1];
  patch::Frame changed = *frame;
  std::uint64_t set = 0;
  KernelAction action = {};
  if (number == SYS_rt_sigprocmask && given != 0) {
    set = *reinterpret_cast<const std::uint64_t*>(given) & ~kDispatchSignal;
    changed.arguments[1] = reinterpret_cast<long>(&set);
  } else if (number == SYS_rt_sigaction && given != 0) {
    action = *reinterpret_cast<const KernelAction*>(given);
    action.mask &= ~kDispatchSignal;
    changed.arguments[1] = reinterpret_cast<long>(&action);
  }
  const long result = dime_raw_forward(number, &changed);
  frame->stack = changed.stack;
  return result;
}

void on_dispatch(int, siginfo_t*, void* context) {
  __atomic_add_fetch(&dispatched, 1, __ATOMIC_RELAXED);
  greg_t* const registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const long number = registers[REG_RAX];
  if (patch::runs_raw(number, registers[REG_RDI])) {
    registers[REG_RIP] =
        static_cast<greg_t>(patch::raw_gate(static_cast<std::uint64_t>(registers[REG_RIP])));
    return;
  }
  patch::Frame frame = {};
  constexpr int kArguments[] = {REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9};
  for (int i = 0; i < 6; ++i) {
    frame.arguments[i] = registers[kArguments[i]];
  }
  registers[REG_RAX] = hook(number, &frame);
}

bool arm_dispatch() {
  constexpr unsigned long kRestorer = 0x04000000;
  constexpr int kSetDispatch = 59;
  static char selector = 1;  // block
  const KernelAction action = {on_dispatch, SA_SIGINFO | SA_NODEFER | kRestorer,
                               patch::raw_restorer(), 0};
  const dime::AddressRange allowed = patch::raw_code();
  return syscall(SYS_rt_sigaction, SIGSYS, &action, nullptr, sizeof(action.mask)) == 0 &&
         prctl(kSetDispatch, 1, allowed.begin, allowed.bytes(), &selector) == 0;
}

void complain(const char* text) {
  (void)!write(STDERR_FILENO, text, std::strlen(text));
  _exit(99);
}

__attribute__((constructor)) void patch_libraries() {
  char tables[4096] = {};
  const char* const given = std::getenv("DIME_TEST_TABLES");
  if (given == nullptr || std::strlen(given) >= sizeof(tables)) {
    complain("patch_preload: no tables\n");
  }
  std::strcpy(tables, given);  // NOLINT
  patch::set_hook(hook);
  char* rest = tables;
  while (char* const table = strsep(&rest, ":")) {
    if (patch::apply(table) != 0) {
      complain("patch_preload: a library could not be patched\n");
    }
  }
  if (std::getenv("DIME_TEST_DISPATCH") != nullptr && !arm_dispatch()) {
    complain("patch_preload: no syscall user dispatch\n");
  }
}

__attribute__((destructor)) void report() {
  const char* const path = std::getenv("DIME_TEST_COUNTS");
  const int file =
      path != nullptr ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
  const patch::Counters sites = patch::counters();
  char line[128];
  const int size = std::snprintf(line, sizeof(line), "%u %u %u %u %lu %lu\n", sites.patched,
                                 sites.left, sites.refused, sites.changed, hooked, dispatched);
  (void)!write(file, line, static_cast<std::size_t>(size));
  close(file);
}

}  // namespace
