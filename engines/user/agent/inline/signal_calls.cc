// SPDX-License-Identifier: GPL-2.0
// Calls about handlers, masks and alternate stacks.
#include "engines/user/agent/inline/calls.h"
#include "engines/user/agent/inline/pending_signals.h"
#include "engines/user/agent/inline/signals.h"

namespace dime::agent::calls {
namespace {

constexpr long kMaskBytes = 8;

/// A structure of the program that a call reads, or null where it gave none.
template <class T>
struct Input {
  T value{};
  const T* given = nullptr;
  bool bad = false;

  Input(InlinePath& path, Thread& thread, long address) {
    if (address != 0) {
      given = &value;
      bad = !read_program(path, thread, static_cast<std::uint64_t>(address), &value, sizeof(value));
    }
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
};

template <class T>
long answer(InlinePath& path, Thread& thread, long address, const T& value, long result) {
  if (failed(result) || address == 0) {
    return result;
  }
  return write_program(path, thread, static_cast<std::uint64_t>(address), &value, sizeof(value))
             ? result
             : -EFAULT;
}

long set_action(InlinePath& path, Thread& thread, const Arguments& arguments) {
  if (arguments[3] != kMaskBytes) {
    return -EINVAL;
  }
  const Input<signals::Action> set(path, thread, arguments[1]);
  if (set.bad) {
    return -EFAULT;
  }
  signals::Action old{};
  const long result = signals::action(static_cast<int>(arguments[0]), set.given,
                                      arguments[2] == 0 ? nullptr : &old);
  return answer(path, thread, arguments[2], old, result);
}

long set_mask(InlinePath& path, Thread& thread, const Arguments& arguments) {
  if (arguments[3] != kMaskBytes) {
    return -EINVAL;
  }
  const Input<std::uint64_t> set(path, thread, arguments[1]);
  if (set.bad) {
    return -EFAULT;
  }
  std::uint64_t old = 0;
  const long result = signals::mask(thread, static_cast<int>(arguments[0]), set.given, &old);
  return answer(path, thread, arguments[2], old, result);
}

long set_stack(InlinePath& path, Thread& thread, const Arguments& arguments) {
  const Input<signals::AlternateStack> set(path, thread, arguments[0]);
  if (set.bad) {
    return -EFAULT;
  }
  signals::AlternateStack old{};
  const long result = signals::alternate_stack(
      thread, set.given, &old, reinterpret_cast<std::uint64_t>(__builtin_frame_address(0)));
  const AddressRange stack = thread.program_signal_stack.whole_pages();
  if (!failed(result) && !stack.empty() && !path.excluded().covers(stack)) {
    const InlinePath::Exclusive alone(path);
    path.unmanage(stack);
  }
  return answer(path, thread, arguments[1], old, result);
}

/// For its life the thread believes to block what `mask` says, for a call that waits with it. What
/// that unblocks is not let in before the call begins.
class OtherMask {
 public:
  OtherMask(Thread& thread, std::uint64_t mask)
      : thread_(thread),
        before_(thread.blocked),
        unblocks_((thread.blocked & ~mask & signals::kOurs) != 0) {
    if (unblocks_) {
      const std::uint64_t all = ~std::uint64_t{0};
      system_call(__NR_rt_sigprocmask, /*SIG_SETMASK=*/2L, &all, &real_, sizeof(real_));
    }
    thread_.blocked = mask & signals::kOurs;
    signals::send_unblocked(thread_);
  }
  ~OtherMask() {
    thread_.blocked = before_;
    if (unblocks_) {
      system_call(__NR_rt_sigprocmask, 2L, &real_, 0L, sizeof(real_));
    }
  }
  OtherMask(const OtherMask&) = delete;
  OtherMask& operator=(const OtherMask&) = delete;

 private:
  Thread& thread_;
  std::uint64_t before_;
  std::uint64_t real_ = 0;
  bool unblocks_;
};

/// Calls that wait with another mask: argument `at` points to it.
long with_mask(InlinePath& path, Thread& thread, long number, const Arguments& arguments,
               unsigned at) {
  const PinnedBuffers pinned(path, thread, number, arguments);
  const Input<std::uint64_t> mask(path, thread, arguments[at]);
  if (mask.given == nullptr || mask.bad) {
    return raw(number, arguments);
  }
  const std::uint64_t passed = signals::without_ours(mask.value);
  Arguments changed;
  __builtin_memcpy(changed, arguments, sizeof(changed));
  changed[at] = reinterpret_cast<long>(&passed);
  const OtherMask other(thread, mask.value);
  return raw(number, changed);
}

/// pselect6 has its mask in a structure with its length.
long select_with_mask(InlinePath& path, Thread& thread, const Arguments& arguments) {
  const PinnedBuffers pinned(path, thread, __NR_pselect6, arguments);
  struct Mask {
    std::uint64_t address;
    std::uint64_t bytes;
  };
  const Input<Mask> outer(path, thread, arguments[5]);
  if (outer.given == nullptr || outer.bad || outer.value.address == 0) {
    return raw(__NR_pselect6, arguments);
  }
  const Input<std::uint64_t> mask(path, thread, static_cast<long>(outer.value.address));
  if (mask.bad) {
    return raw(__NR_pselect6, arguments);
  }
  const std::uint64_t passed = signals::without_ours(mask.value);
  const Mask inner{reinterpret_cast<std::uint64_t>(&passed), outer.value.bytes};
  Arguments changed;
  __builtin_memcpy(changed, arguments, sizeof(changed));
  changed[5] = reinterpret_cast<long>(&inner);
  const OtherMask other(thread, mask.value);
  return raw(__NR_pselect6, changed);
}

}  // namespace

long signal_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments) {
  constexpr long kEpollWaitTime = 441;  // epoll_pwait2
  switch (number) {
    case __NR_rt_sigaction:
      return set_action(path, thread, arguments);
    case __NR_rt_sigprocmask:
      return set_mask(path, thread, arguments);
    case __NR_sigaltstack:
      return set_stack(path, thread, arguments);
    case __NR_rt_sigsuspend:
      return with_mask(path, thread, number, arguments, 0);
    case __NR_ppoll:
      return with_mask(path, thread, number, arguments, 3);
    case __NR_epoll_pwait:
    case kEpollWaitTime:
      return with_mask(path, thread, number, arguments, 4);
    case __NR_pselect6:
      return select_with_mask(path, thread, arguments);
    case __NR_signalfd:
    case __NR_signalfd4: {
      const Input<std::uint64_t> mask(path, thread, arguments[1]);
      if (!mask.bad && (mask.value & signals::kOurs) != 0) {
        signals::note_signal_descriptor();
      }
      break;
    }
    default:
      break;
  }
  return call_with_buffers_pinned(path, thread, number, arguments);
}

}  // namespace dime::agent::calls
