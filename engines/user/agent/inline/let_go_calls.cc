// SPDX-License-Identifier: GPL-2.0
// Calls of a process that was let go: it was detached, or filters its system calls. They are made
// with the program's own pointers, so that the kernel judges those, and with no others beside them,
// because a filter may allow nothing else. What was virtual becomes real step by step.
#include "dime/call.h"
#include "engines/user/agent/exec.h"
#include "engines/user/agent/inline/calls.h"
#include "engines/user/agent/inline/engine.h"
#include "engines/user/agent/inline/own_descriptors.h"
#include "engines/user/agent/inline/signals.h"
#include "engines/user/agent/process.h"

namespace dime::agent::calls {
namespace {

constexpr long kClone3 = 435;

}  // namespace

long call_after_let_go(InlinePath& path, long number, patch::Frame& frame) {
  const Arguments& arguments = frame.arguments;
  own_descriptors::close_abandoned();
  switch (number) {
    case __NR_rt_sigaction:
      return signals::real_action(arguments);
    case __NR_rt_sigprocmask:
      return signals::real_mask(path.threads().current(), arguments);
    case __NR_sigaltstack:
      return signals::real_stack(path.threads().current(), arguments);
    case __NR_rt_sigpending:
    case __NR_rt_sigtimedwait:
    case __NR_rt_sigsuspend:
    case __NR_ppoll:
    case __NR_pselect6:
    case __NR_epoll_pwait:
    case __NR_epoll_pwait2:
      signals::apply_mask(path.threads().current());
      return raw(number, arguments);
    case __NR_clone:
    case __NR_fork:
      return inline_engine::fork_natively(number, arguments, frame);
    case kClone3:
      // Whatever it shares: its registers do not tell.
      frame.stack = patch::kRunRaw;
      return 0;
    case __NR_execve:
    case __NR_execveat:
      return exec::run(exec::Call::of(number, arguments));
    case __NR_exit:
      path.threads().leave(path.threads().current());
      return raw(number, arguments);
    case __NR_exit_group:
      process::end(process::Ending::kAtOnce);
      return raw(number, arguments);
    case __NR_prctl:
      return arguments[0] == DIME_CALL ? 0 : raw(number, arguments);
    default:
      return raw(number, arguments);
  }
}

}  // namespace dime::agent::calls
