// SPDX-License-Identifier: GPL-2.0
// Calls by which threads and processes begin and end, and those that could close the agent's
// descriptors.
#include <linux/fcntl.h>
#include <linux/sched.h>

#include "dime/call.h"
#include "engines/user/agent/exec.h"
#include "engines/user/agent/inline/calls.h"
#include "engines/user/agent/inline/engine.h"
#include "engines/user/agent/inline/maintenance.h"
#include "engines/user/agent/inline/own_descriptors.h"
#include "engines/user/agent/process.h"

namespace dime::agent::calls {
namespace {

constexpr long kClone3 = 435;
constexpr long kNameMemory = 0x53564d41;  // PR_SET_VMA, with PR_SET_VMA_ANON_NAME
constexpr long kSetSeccomp = 22;          // PR_SET_SECCOMP
constexpr long kSetDispatch = 59;         // PR_SET_SYSCALL_USER_DISPATCH: it is the agent's

std::uint64_t word(long argument) {
  return static_cast<std::uint64_t>(argument);
}

/// The kernel lets this process filter its system calls.
bool may_filter() {
  constexpr long kGetNoNewPrivileges = 39;  // PR_GET_NO_NEW_PRIVS
  if (system_call(__NR_prctl, kGetNoNewPrivileges, 0L, 0L, 0L, 0L) == 1) {
    return true;
  }
  struct {
    std::uint32_t version = 0x20080522;  // _LINUX_CAPABILITY_VERSION_3
    std::int32_t pid = 0;
  } header;
  struct {
    std::uint32_t effective, permitted, inheritable;
  } rights[2] = {};
  constexpr unsigned kAdministrator = 21;  // CAP_SYS_ADMIN
  system_call(__NR_capget, &header, &rights);
  return (rights[0].effective >> kAdministrator & 1u) != 0;
}

/// True unless the kernel is certain to refuse the filter. Programs ask what it knows by calls that
/// must fail.
bool may_install(InlinePath& path, Thread& thread, long number, const Arguments& arguments) {
  constexpr long kStrict = 0;  // SECCOMP_SET_MODE_STRICT
  constexpr long kFilter = 1;  // SECCOMP_SET_MODE_FILTER
  constexpr long kPrctlStrict = 1;
  constexpr long kPrctlFilter = 2;
  const bool by_prctl = number == __NR_prctl;
  const long mode = by_prctl ? arguments[1] : static_cast<std::uint32_t>(arguments[0]);
  if (mode == (by_prctl ? kPrctlStrict : kStrict)) {
    return by_prctl || (static_cast<std::uint32_t>(arguments[1]) == 0 && arguments[2] == 0);
  }
  if (mode != (by_prctl ? kPrctlFilter : kFilter)) {
    return false;
  }
  struct {
    std::uint16_t count;
    std::uint16_t padding[3];
    std::uint64_t instructions;
  } program{};
  struct {
    std::uint64_t words[1];
  } first{};
  constexpr std::uint16_t kMost = 4096;  // BPF_MAXINSNS
  return read_program(path, thread, word(arguments[2]), &program, sizeof(program)) &&
         program.count != 0 && program.count <= kMost &&
         read_program(path, thread, program.instructions, &first, sizeof(first)) && may_filter();
}

// The agent's own system calls would be filtered too, and its thread as well (TSYNC). So the
// process is emulated no longer.
long filter_calls(InlinePath& path, Thread& thread, long number, const Arguments& arguments) {
  if (!may_install(path, thread, number, arguments)) {
    return call_with_buffers_pinned(path, thread, number, arguments);
  }
  process::follow_nobody();
  inline_engine::let_go(
      "a program that filters its system calls (seccomp) was let go: use --fault-path thread");
  return raw(number, arguments);
}

/// The program dispatches its own system calls, which only one in a process can.
long dispatch_calls(const Arguments& arguments) {
  constexpr long kOff = 0;
  if (arguments[1] == kOff) {
    return arguments[2] == 0 && arguments[3] == 0 && arguments[4] == 0 ? 0 : -EINVAL;
  }
  inline_engine::let_go(
      "a program that dispatches its system calls was let go: use --fault-path thread");
  return raw(__NR_prctl, arguments);
}

/// The kernel refuses some of these calls to a process with several threads.
long change_namespaces(InlinePath& path, Thread& thread, long number, const Arguments& arguments) {
  if (number == __NR_unshare && (arguments[0] & CLONE_FILES) != 0 && process::is_member()) {
    own_descriptors::note_own_table();
  }
  constexpr long kCounted = CLONE_NEWUSER | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
  if (number == __NR_unshare && (arguments[0] & kCounted) == 0) {
    return call_with_buffers_pinned(path, thread, number, arguments);
  }
  const maintenance::Paused paused;
  return raw(number, arguments);
}

/// The kernel writes the area whenever the thread returns to the program, and ends the process
/// where it cannot.
long register_restartable_sequences(InlinePath& path, Thread& thread, long number,
                                    const Arguments& arguments) {
  constexpr long kUnregister = 1;  // RSEQ_FLAG_UNREGISTER
  const std::uint64_t begin = word(arguments[0]);
  const AddressRange area =
      AddressRange{begin, begin + (word(arguments[1]) & 0xffffffff)}.whole_pages();
  if ((arguments[2] & kUnregister) == 0 && path.managed().intersects(area)) {
    const InlinePath::Exclusive alone(path);
    path.unmanage(area);
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
    case kClone3:
      return inline_engine::clone3(thread, number, arguments, frame);
    case __NR_set_robust_list:
      inline_engine::prepare_thread(thread);
      break;
    case __NR_rseq:
      return register_restartable_sequences(path, thread, number, arguments);
    case __NR_exit:
      return end_thread(path, thread, number, arguments);
    case __NR_exit_group:
      process::end(process::Ending::kAtOnce);
      break;
    case __NR_getrlimit:
    case __NR_setrlimit:
    case __NR_prlimit64:
      return limit_call(path, thread, number, arguments);
    case __NR_unshare:
    case __NR_setns:
      return change_namespaces(path, thread, number, arguments);
    case __NR_seccomp:
      return filter_calls(path, thread, number, arguments);
    case __NR_prctl:
      if (arguments[0] == kSetSeccomp) {
        return filter_calls(path, thread, number, arguments);
      }
      if (arguments[0] == kSetDispatch) {
        return dispatch_calls(arguments);
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
  const PinnedBuffers pinned(path, thread, number, arguments);
  if (thread.blocked == 0) {
    return exec::run(exec::Call::of(number, arguments));
  }
  // The next program inherits the mask.
  constexpr long kBlock = 0;
  constexpr long kUnblock = 1;
  const std::uint64_t blocked = thread.blocked;
  system_call(__NR_rt_sigprocmask, kBlock, &blocked, 0L, sizeof(blocked));
  const long result = exec::run(exec::Call::of(number, arguments));
  system_call(__NR_rt_sigprocmask, kUnblock, &blocked, 0L, sizeof(blocked));
  return result;
}

namespace {

/// The program wants a number that is one of ours. Ours moves, in the one table that there is;
/// where a thread, or a child of vfork(), has a table of its own, it cannot be moved in all of
/// them.
void make_way(long descriptor) {
  if (own_descriptors::tables_differ() || !process::is_member()) {
    inline_engine::let_go("a thread with descriptors of its own took one of the agent's");
    return;
  }
  const maintenance::Paused paused;  // it has a copy of the table
  own_descriptors::make_way(descriptor);
}

}  // namespace

long descriptor_call(long number, const Arguments& arguments) {
  switch (number) {
    case __NR_close:
      return own_descriptors::contain(arguments[0]) ? -EBADF : raw(number, arguments);
    case __NR_dup2:
    case __NR_dup3:
      if (arguments[0] != arguments[1] && own_descriptors::contain(arguments[1])) {
        make_way(arguments[1]);
      }
      return raw(number, arguments);
    default:
      break;
  }
  // close_range: around the agent's own.
  constexpr long kUnshare = 2;  // CLOSE_RANGE_UNSHARE
  if ((arguments[2] & kUnshare) != 0 && process::is_member()) {
    own_descriptors::note_own_table();
  }
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
