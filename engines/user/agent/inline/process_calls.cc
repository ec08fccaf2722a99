// SPDX-License-Identifier: GPL-2.0
// Calls by which threads and processes begin and end, and those that could close the agent's
// descriptors.
#include <linux/fcntl.h>
#include <linux/sched.h>

#include "dime/call.h"
#include "engines/user/agent/exec.h"
#include "engines/user/agent/inline/calls.h"
#include "engines/user/agent/inline/engine.h"
#include "engines/user/agent/inline/own_descriptors.h"
#include "engines/user/agent/process.h"

namespace dime::agent::calls {
namespace {

constexpr long kNameMemory = 0x53564d41;  // PR_SET_VMA, with PR_SET_VMA_ANON_NAME
constexpr long kSetSeccomp = 22;          // PR_SET_SECCOMP
constexpr long kSetDispatch = 59;         // PR_SET_SYSCALL_USER_DISPATCH: it is the agent's

std::uint64_t word(long argument) {
  return static_cast<std::uint64_t>(argument);
}

// The agent's own system calls would be filtered too. So the process is emulated no longer.
long filter_calls(InlinePath& path, Thread& thread, long number, const Arguments& arguments) {
  if (path.manages()) {
    const InlinePath::Exclusive alone(path);
    path.come_home();
    path.retire();
    path.manager().membership().note_problem(
        "a program that filters its system calls (seccomp) was let go: use --fault-path thread");
  }
  return call_with_buffers_pinned(path, thread, number, arguments);
}

}  // namespace

long process_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments,
                  patch::Frame& frame) {
  switch (number) {
    case __NR_fork:
    case __NR_clone:
      if (number == __NR_clone && (arguments[0] & CLONE_VM) != 0) {
        break;  // not through the hook, but for a site without a gate
      }
      return inline_engine::fork(thread, number, arguments, frame);
    case __NR_set_robust_list:
      inline_engine::prepare_thread(thread);
      break;
    case __NR_exit:
      return end_thread(path, thread, number, arguments);
    case __NR_exit_group:
      process::end();
      break;
    case __NR_seccomp:
      return filter_calls(path, thread, number, arguments);
    case __NR_prctl:
      if (arguments[0] == kSetSeccomp) {
        return filter_calls(path, thread, number, arguments);
      }
      if (arguments[0] == kSetDispatch) {
        return -EINVAL;
      }
      if (arguments[0] == DIME_CALL) {
        return process::on_call(word(arguments[1]), word(arguments[2]), word(arguments[3]),
                                reinterpret_cast<const char*>(arguments[4]));
      }
      if (arguments[0] == kNameMemory && arguments[1] == 0) {
        const long named = call_with_buffers_pinned(path, thread, number, arguments);
        // Without CONFIG_ANON_VMA_NAME the kernel refuses every name; rules may still ask for it.
        if (!failed(named) || named == -EINVAL) {
          const std::uint64_t begin = word(arguments[2]);
          process::on_named({begin, begin + word(arguments[3])},
                            reinterpret_cast<const char*>(arguments[4]));
        }
        return named;
      }
      break;
    default:
      break;
  }
  return call_with_buffers_pinned(path, thread, number, arguments);
}

// A child of vfork() never comes back to let go of what it holds. Its parent does, with its next
// call.
long exec_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments) {
  const bool at = number == __NR_execveat;
  const unsigned first = at ? 1 : 0;
  const auto* const name = reinterpret_cast<const char*>(arguments[first]);
  auto* const* const words = reinterpret_cast<char* const*>(arguments[first + 1]);
  auto* const* const environment = reinterpret_cast<char* const*>(arguments[first + 2]);
  const PinnedBuffers pinned(path, thread, number, arguments);
  return exec::run(at ? static_cast<int>(arguments[0]) : AT_FDCWD, name, words, environment,
                   at ? static_cast<int>(arguments[4]) : 0);
}

long descriptor_call(long number, const Arguments& arguments) {
  switch (number) {
    case __NR_close:
      return own_descriptors::contain(arguments[0]) ? -EBADF : raw(number, arguments);
    case __NR_dup2:
    case __NR_dup3:
      if (arguments[0] != arguments[1]) {
        own_descriptors::make_way(arguments[1]);
      }
      return raw(number, arguments);
    default:
      break;
  }
  // close_range: around the agent's own.
  Arguments part;
  __builtin_memcpy(part, arguments, sizeof(part));
  const long last = static_cast<std::uint32_t>(arguments[1]);
  long from = static_cast<std::uint32_t>(arguments[0]);
  long result = 0;
  if (from > last) {
    return raw(number, arguments);  // the kernel says what is wrong with it
  }
  while (from <= last && !failed(result)) {
    const long own = own_descriptors::from(from);
    const bool inside = own >= 0 && own <= last;
    if (!inside || own > from) {
      part[0] = from;
      part[1] = inside ? own - 1 : last;
      result = raw(number, part);
    }
    if (!inside) {
      break;
    }
    from = own + 1;
  }
  return result;
}

}  // namespace dime::agent::calls
