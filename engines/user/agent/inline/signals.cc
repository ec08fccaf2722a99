// SPDX-License-Identifier: GPL-2.0
// One entry for all signals (signal_frame.h), and a table of what the program wants done with each.
#include "engines/user/agent/inline/signals.h"

#include <linux/mman.h>

#include "core/atomic.h"
#include "engines/user/agent/inline/exclusion.h"
#include "engines/user/agent/inline/pending_signals.h"
#include "engines/user/agent/inline/signal_frame.h"
#include "engines/user/agent/patch/patch.h"
#include "engines/user/agent/program_memory.h"
#include "engines/user/agent/syscalls.h"

namespace dime::agent::signals {
namespace {

constexpr int kSignals = 64;
constexpr std::uint64_t kDefault = 0;
constexpr std::uint64_t kIgnore = 1;
constexpr std::uint64_t kSigInfo = 0x4;
constexpr std::uint64_t kRestorer = 0x04000000;
constexpr std::uint64_t kOnStack = 0x08000000;
constexpr std::uint64_t kNoDefer = 0x40000000;
constexpr std::uint64_t kResetHandler = 0x80000000;
constexpr std::uint64_t kRedZone = 128;
constexpr std::uint64_t kStackBytes = std::uint64_t{256} << 10;
constexpr std::int32_t kDisabled = 2;
constexpr std::int32_t kOnIt = 1;
constexpr std::int32_t kAutoDisarm = static_cast<std::int32_t>(1u << 31);
constexpr std::uint64_t kLeastStack = 2048;
constexpr std::int32_t kUserDispatch = 2;  // si_code of SIGSYS

Action actions[kSignals + 1];  ///< as the program has set them
Handlers handlers;
Threads* all_threads = nullptr;
std::uint32_t owner = 0;  ///< the process whose table `actions` is
bool is_let_go = false;
Lock changing;  ///< of `actions` together with the kernel's; with signals blocked

long kernel_action(int signal, const Action* set, Action* old) {
  return system_call(__NR_rt_sigaction, signal, set, old, sizeof(std::uint64_t));
}

/// What the kernel is to do for an action of the program.
Action for_kernel(int signal, const Action& action) {
  const bool ours = (bit(signal) & kOurs) != 0;
  if (!ours && (action.handler == kDefault || action.handler == kIgnore)) {
    return action;
  }
  Action installed = action;
  installed.handler = address_of(dime_signal_entry);
  installed.flags |= kSigInfo | kRestorer | (is_let_go ? 0 : kOnStack);
  installed.restorer = patch::raw_restorer();
  installed.mask &= is_let_go ? ~std::uint64_t{0} : ~kOurs;
  if (ours) {
    installed.flags &= ~(kNoDefer | kResetHandler);
    installed.mask = ~std::uint64_t{0};
  }
  return installed;
}

/// Where to map the next thread's stack, if nothing is there. Not where the kernel would put it: a
/// mapping of the program's right above may be one that grows downwards.
std::uint64_t next_stack() {
  constexpr std::uint64_t kAway = std::uint64_t{64} << 30;
  static std::uint64_t mapped = 0;
  const std::uint64_t top = reinterpret_cast<std::uint64_t>(all_threads) & ~(kStackBytes - 1);
  return top > 2 * kAway ? top - kAway - atomic::add(mapped, kStackBytes) : 0;
}

/// Puts the frame where the kernel would have put it for this action of the program.
Frame* place(Frame* frame, const Action& action, Thread& thread) {
  const std::uint64_t interrupted = frame->context.registers[kRsp];
  if (thread.signal_stack.contains(interrupted)) {
    // Its mask says what the program believes to be blocked, which the kernel must not block.
    frame->back = address_of(dime_signal_return);
    return frame;
  }
  const bool on_agents = thread.signal_stack.contains(reinterpret_cast<std::uint64_t>(frame));
  if (is_let_go && !on_agents) {
    frame->back = address_of(dime_signal_return);
    return frame;  // where the kernel has put it, it belongs
  }
  std::uint64_t top = interrupted - kRedZone;
  AddressRange& own = thread.program_signal_stack;
  if ((action.flags & kOnStack) != 0 && !own.empty() && !own.contains(interrupted)) {
    top = own.end;
    if ((thread.program_signal_flags & kAutoDisarm) != 0) {
      own = {};
    }
  }
  Frame* const placed = copy_below(*frame, top);
  placed->back = address_of(dime_signal_return);
  return placed;
}

/// The default of a signal of ours that is the program's own.
void die_of(int signal) {
  const Action by_default{};
  kernel_action(signal, &by_default, nullptr);
  const long process = system_call(__NR_getpid);
  const long thread = system_call(__NR_gettid);
  system_call(__NR_tgkill, process, thread, signal);
}

/// With signals blocked.
long set_action(int signal, const Action& wanted) {
  changing.lock();
  const bool ours = (bit(signal) & kOurs) != 0;
  const Action installed = for_kernel(signal, wanted);
  const long result = ours && !is_let_go ? 0 : kernel_action(signal, &installed, nullptr);
  if (!failed(result)) {
    actions[signal] = wanted;
    actions[signal].mask &= ~(bit(9) | bit(19));
  }
  changing.unlock();
  return result;
}

void dispatched_call(Frame& frame) {
  std::uint64_t* const registers = frame.context.registers;
  const auto number = static_cast<long>(registers[kRax]);
  long arguments[6] = {static_cast<long>(registers[kRdi]), static_cast<long>(registers[kRsi]),
                       static_cast<long>(registers[kRdx]), static_cast<long>(registers[kR10]),
                       static_cast<long>(registers[kR8]),  static_cast<long>(registers[kR9])};
  const std::uint64_t gate =
      patch::runs_raw(number, arguments[0]) ? patch::raw_gate(registers[kRip]) : 0;
  if (gate != 0 && handlers.before_raw(number, arguments)) {
    registers[kRip] = gate;
    return;
  }
  // As in the interrupted code: the call may wait, and it may change the mask.
  constexpr long kSetMask = 2;
  const std::uint64_t mask = frame.context.mask & ~kOurs;
  system_call(__NR_rt_sigprocmask, kSetMask, &mask, 0L, sizeof(mask));
  registers[kRax] = static_cast<std::uint64_t>(handlers.call(number, arguments, registers));
  const std::uint64_t all = ~std::uint64_t{0};
  system_call(__NR_rt_sigprocmask, kSetMask, &all, &frame.context.mask, sizeof(mask));
}

}  // namespace

extern "C" __attribute__((visibility("hidden"))) Going dime_on_signal(int signal, Frame* frame) {
  const Info& info = frame->info;
  const Going done{frame, address_of(dime_signal_done)};
  constexpr std::uint64_t kWrote = 2;  // in the processor's error code
  if (signal == kBus && info.code > 0 &&
      handlers.fault(info.address, (frame->context.registers[kError] & kWrote) != 0,
                     frame->context)) {
    return done;
  }
  if (signal == kSystemCall && info.code == kUserDispatch) {
    dispatched_call(*frame);
    return done;
  }
  Thread& thread = all_threads->current();
  const bool ours = (bit(signal) & kOurs) != 0;
  if (ours && (thread.blocked & bit(signal)) != 0) {
    if (info.code > 0) {
      die_of(signal);  // a real one cannot wait
    } else {
      keep(thread, info);
    }
    return done;
  }
  const Action action = actions[signal];
  if (action.handler == kDefault || (action.handler == kIgnore && info.code > 0)) {
    if (ours) {
      die_of(signal);
    }
    return done;
  }
  if (action.handler == kIgnore) {
    return done;
  }
  if ((action.flags & kResetHandler) != 0) {
    actions[signal].handler = kDefault;
  }
  // The program finds what it believes to be blocked in the frame, and may change it there.
  const std::uint64_t really = thread.really_blocked;
  if (!is_let_go) {
    frame->context.mask = without_ours(frame->context.mask) | thread.blocked;
  }
  Frame* const placed = place(frame, action, thread);
  const std::uint64_t own = (action.flags & kNoDefer) != 0 ? 0 : bit(signal);
  std::uint64_t mask = frame->context.mask | action.mask | own;
  if (!is_let_go) {
    thread.blocked |= (action.mask | own) & kOurs;
    thread.really_blocked = 0;
    mask = without_ours(mask);
  }
  if (ours || really != 0) {
    // The kernel has blocked everything; the program's handler runs with what it asked for.
    system_call(__NR_rt_sigprocmask, 2L, &mask, 0L, sizeof(mask));
  }
  return {placed, action.handler};
}

// The frame may have become remote, and the kernel would not find it: it goes back to the agent's
// stack, to its lower end, because reading it may be a fault, which is handled at the upper one.
extern "C" __attribute__((visibility("hidden"))) Going dime_before_return(Frame* frame) {
  if (is_let_go) {
    return {frame, patch::raw_restorer()};
  }
  Thread& thread = all_threads->current();
  thread.blocked = frame->context.mask & kOurs;
  static constexpr std::uint64_t kOthers = ~kOurs;  // the stack may be managed, and remote any time
  system_call(__NR_rt_sigprocmask, 2L, &kOthers, 0L, sizeof(kOthers));
  send_unblocked(thread);
  // Back in a call that has them blocked really?
  const std::uint64_t at = frame->context.registers[kRip];
  thread.really_blocked = patch::raw_code().contains(at) ? thread.blocked_in_call : 0;
  frame->context.mask = without_ours(frame->context.mask) | thread.really_blocked;
  Frame* const returned = copy_to(*frame, thread.signal_stack.begin + 2 * kPageBytes - 8);
  return {returned, patch::raw_restorer()};
}

void start(const Handlers& with, Threads& threads) {
  handlers = with;
  all_threads = &threads;
  owner = static_cast<std::uint32_t>(system_call(__NR_getpid));
  for (int signal = 1; signal <= kSignals; ++signal) {
    if (failed(kernel_action(signal, nullptr, &actions[signal]))) {
      continue;
    }
    const bool ours = (bit(signal) & kOurs) != 0;
    if (ours || actions[signal].handler > kIgnore) {
      const Action installed = for_kernel(signal, actions[signal]);
      kernel_action(signal, &installed, nullptr);
    }
  }
  constexpr long kUnblock = 1;
  std::uint64_t old = 0;
  system_call(__NR_rt_sigprocmask, kUnblock, 0L, &old, sizeof(old));
  threads.current().blocked = old & kOurs;  // before one that is pending comes
  system_call(__NR_rt_sigprocmask, kUnblock, &kOurs, 0L, sizeof(kOurs));
}

void let_go() {
  changing.lock();
  is_let_go = true;
  for (int signal = 1; signal <= kSignals; ++signal) {
    if ((bit(signal) & kOurs) == 0 && actions[signal].handler > kIgnore) {
      const Action installed = for_kernel(signal, actions[signal]);
      kernel_action(signal, &installed, nullptr);
    }
  }
  changing.unlock();
}

void continue_in_child(Thread& thread) {
  forget_kept(thread);
  owner = static_cast<std::uint32_t>(system_call(__NR_getpid));
  changing = {};
}

void forget_handlers() {
  const Action by_default{};
  for (int signal = 1; signal <= kSignals; ++signal) {
    if (actions[signal].handler > kIgnore) {
      actions[signal] = by_default;
      if ((bit(signal) & kOurs) == 0) {
        kernel_action(signal, &by_default, nullptr);
      }
    }
  }
}

void prepare(Thread& thread) {
  if (thread.signal_stack.empty()) {
    const long at = system_call(__NR_mmap, next_stack(), kStackBytes, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1L, 0L);
    if (failed(at)) {
      return;
    }
    system_call(__NR_mprotect, at, kPageBytes, long{PROT_NONE});
    const auto begin = static_cast<std::uint64_t>(at);
    thread.signal_stack = {begin, begin + kStackBytes};
  }
  const AlternateStack stack{thread.signal_stack.begin, 0, 0, thread.signal_stack.bytes()};
  system_call(__NR_sigaltstack, &stack, 0L);
}

long action(int signal, const Action* set, Action* old) {
  if (signal < 1 || signal > kSignals || (set != nullptr && (signal == 9 || signal == 19))) {
    return -EINVAL;
  }
  const bool elsewhere = static_cast<std::uint32_t>(system_call(__NR_getpid)) != owner;
  if (old != nullptr) {
    *old = actions[signal];
  }
  if (set == nullptr) {
    return 0;
  }
  const Action wanted = *set;
  const bool ours = (bit(signal) & kOurs) != 0;
  if (elsewhere) {
    // A child of vfork() or posix_spawn(): its table of actions is its own, its memory is not.
    return ours || wanted.handler > kIgnore ? 0 : kernel_action(signal, &wanted, nullptr);
  }
  const SignalsBlocked blocked;
  return set_action(signal, wanted);
}

long mask(Thread& thread, int how, const std::uint64_t* set, std::uint64_t* old) {
  constexpr int kBlock = 0;
  constexpr int kUnblock = 1;
  const std::uint64_t wanted = set == nullptr ? 0 : *set;
  const std::uint64_t passed = without_ours(wanted);
  const std::uint64_t before = thread.blocked;
  std::uint64_t current = 0;
  const long result = system_call(__NR_rt_sigprocmask, how, set == nullptr ? nullptr : &passed,
                                  &current, sizeof(current));
  if (failed(result)) {
    return result;
  }
  if (set != nullptr) {
    const std::uint64_t bits = wanted & kOurs;
    thread.blocked = how == kBlock ? before | bits : how == kUnblock ? before & ~bits : bits;
    send_unblocked(thread);
  }
  if (old != nullptr) {
    *old = without_ours(current) | before;
  }
  return 0;
}

long alternate_stack(Thread& thread, const AlternateStack* set, AlternateStack* old,
                     std::uint64_t stack_pointer) {
  AddressRange& own = thread.program_signal_stack;
  const bool on_it = own.contains(stack_pointer);
  AlternateStack before{own.begin, kDisabled, 0, own.bytes()};
  if (!own.empty()) {
    before.flags = (thread.program_signal_flags & kAutoDisarm) | (on_it ? kOnIt : 0);
  }
  if (set != nullptr) {
    const AlternateStack wanted = *set;
    const std::int32_t mode = wanted.flags & ~kAutoDisarm;
    if (on_it) {
      return -EPERM;
    }
    if (mode != 0 && mode != kDisabled && mode != kOnIt) {
      return -EINVAL;
    }
    if (mode != kDisabled && wanted.bytes < kLeastStack) {
      return -ENOMEM;
    }
    own = mode == kDisabled ? AddressRange{}
                            : AddressRange{wanted.begin, wanted.begin + wanted.bytes};
    thread.program_signal_flags = wanted.flags;
  }
  if (old != nullptr) {
    *old = before;
  }
  return 0;
}

long real_action(const long (&arguments)[6]) {
  const auto signal = static_cast<int>(arguments[0]);
  const auto* const set = reinterpret_cast<const Action*>(arguments[1]);
  auto* const old = reinterpret_cast<Action*>(arguments[2]);
  // The kernel judges the pointers, and has used them then.
  const long result =
      system_call(__NR_rt_sigaction, arguments[0], arguments[1], arguments[2], arguments[3]);
  if (failed(result)) {
    return result;
  }
  const Action before = actions[signal];
  // The table of a child of vfork() is its own, and its parent's memory is not.
  const bool elsewhere =
      program_memory::asks() && static_cast<std::uint32_t>(system_call(__NR_getpid)) != owner;
  if (set != nullptr && !elsewhere) {
    const Action wanted = *set;
    if ((bit(signal) & kOurs) != 0 || wanted.handler > kIgnore) {
      set_action(signal, wanted);
    }
  }
  if (old != nullptr && old->handler == address_of(dime_signal_entry)) {
    *old = before;
  }
  return result;
}

void apply_mask(Thread& thread) {
  constexpr long kBlock = 0;
  if (thread.blocked != 0) {
    system_call(__NR_rt_sigprocmask, kBlock, &thread.blocked, 0L, sizeof(thread.blocked));
    thread.blocked = 0;
    send_unblocked(thread);
  }
}

long real_mask(Thread& thread, const long (&arguments)[6]) {
  apply_mask(thread);
  return system_call(__NR_rt_sigprocmask, arguments[0], arguments[1], arguments[2], arguments[3]);
}

/// The kernel has the agent's stack for threads that began before let_go().
long real_stack(Thread& thread, const long (&arguments)[6]) {
  auto* const old = reinterpret_cast<AlternateStack*>(arguments[1]);
  const long result = system_call(__NR_sigaltstack, arguments[0], arguments[1]);
  const AddressRange& own = thread.program_signal_stack;
  if (failed(result) || thread.signal_stack.empty()) {
    return result;
  }
  if (old != nullptr) {
    *old = {own.begin, own.empty() ? kDisabled : thread.program_signal_flags & kAutoDisarm, 0,
            own.bytes()};
  }
  if (arguments[0] != 0) {
    thread.signal_stack = {};
  }
  return result;
}

}  // namespace dime::agent::signals
