// SPDX-License-Identifier: GPL-2.0
// What every call goes through.
#include "engines/user/agent/inline/calls.h"

#include "engines/user/agent/inline/buffers.h"
#include "engines/user/agent/inline/own_descriptors.h"
#include "engines/user/agent/inline/pending_signals.h"

namespace dime::agent::calls {
namespace {

InlinePath* current_path = nullptr;

/// Words of a futex are read when the call begins, and not used afterwards.
long futex_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments) {
  long result = -EFAULT;
  for (unsigned i = 0; result == -EFAULT && i < kRepeats; ++i) {
    {
      const PinnedBuffers pinned(path, thread, number, arguments);
    }
    result = raw(number, arguments);
  }
  return result;
}

// Not inlined: a call that holds is told from those inside it by where on the stack they were made.
[[gnu::noinline]] long call_of_kind(InlinePath& path, Thread& thread, const CallClass& what,
                                    long number, patch::Frame& frame) {
  const Arguments& arguments = frame.arguments;
  switch (what.kind) {
    case CallKind::kBuffers:
      return buffers_call(path, thread, number, arguments, what.chunkable);
    case CallKind::kFutex:
      return futex_call(path, thread, number, arguments);
    case CallKind::kExec:
      return exec_call(path, thread, number, arguments);
    case CallKind::kMemoryMap:
      return map_call(path, thread, number, arguments);
    case CallKind::kSignal:
      return signal_call(path, thread, number, arguments);
    case CallKind::kProcess:
      return process_call(path, thread, number, arguments, frame);
    case CallKind::kAsynchronous:
      path.manager().membership().note_problem(
          "asynchronous I/O (io_uring, AIO) was refused: use --fault-path thread for it");
      return -ENOSYS;
    case CallKind::kUnknown:
    case CallKind::kPlain:
      break;
  }
  return pinned_call(path, thread, number, arguments);
}

/// The same, with what is to be blocked and pending for the kernel so.
[[gnu::noinline]] long call_with_signals(InlinePath& path, Thread& thread, const CallClass& what,
                                         long number, patch::Frame& frame) {
  const bool looks = number == __NR_rt_sigtimedwait || number == __NR_rt_sigpending ||
                     (what.kind == CallKind::kBuffers && what.waits);
  if (!looks || !signals::must_block_really(thread, number)) {
    return call_of_kind(path, thread, what, number, frame);
  }
  const signals::ReallyBlocked blocked(thread);
  return call_of_kind(path, thread, what, number, frame);
}

/// Behind the `syscall` in the program's code, which the stub knows: patch/thunk.cc.
Site site_of(const patch::Frame& frame) {
  constexpr std::uint64_t kRedZone = 128;
  std::int32_t distance = 0;
  __builtin_memcpy(&distance, reinterpret_cast<const char*>(frame.resume + 3), sizeof(distance));
  return {frame.resume + static_cast<std::uint64_t>(std::int64_t{distance}), frame.frame_pointer,
          reinterpret_cast<std::uint64_t>(&frame + 1) + kRedZone};
}

}  // namespace

void start(InlinePath& path) {
  current_path = &path;
}

long on_call(long number, patch::Frame* frame) {
  const Arguments& arguments = frame->arguments;
  InlinePath& path = *current_path;
  if (path.manager().retired()) {
    return call_after_let_go(path, number, *frame);
  }
  switch (number) {
    case __NR_close:
    case __NR_dup2:
    case __NR_dup3:
    case __NR_close_range:
      return descriptor_call(number, arguments);
    case __NR_fstat:
    case __NR_fcntl:
    case __NR_dup:
    case __NR_newfstatat:
      // Programs look for open descriptors that they do not know.
      if (own_descriptors::contain(arguments[0])) {
        return -EBADF;
      }
      break;
    default:
      break;
  }
  const CallClass what = classify(number, arguments);
  if (what.kind == CallKind::kPlain) {
    return raw(number, arguments);
  }
  // Where nothing is managed, a call that waits holds its buffers all the same: management may
  // begin meanwhile.
  if (!path.manages() && !what.waits &&
      (what.kind == CallKind::kBuffers || what.kind == CallKind::kUnknown)) {
    return raw(number, arguments);
  }
  Thread& thread = path.threads().current();
  const bool here = path.wants_stacks() && frame->resume != 0;
  const AtSite at(here ? &thread : nullptr, here ? site_of(*frame) : Site{});
  if (!is_on_unknown_stack(thread)) {
    return call_with_signals(path, thread, what, number, *frame);
  }
  // A stack that the program made itself. How much of it is used with signals blocked: the
  // compiler's -fstack-usage.
  constexpr std::uint64_t kUsual = std::uint64_t{8} << 10;
  constexpr std::uint64_t kToFork = std::uint64_t{16} << 10;
  PinnedBuffers pinned(path, thread);
  pinned.hold_stack(reinterpret_cast<std::uint64_t>(frame + 1),
                    what.kind == CallKind::kProcess ? kToFork : kUsual);
  return call_with_signals(path, thread, what, number, *frame);
}

}  // namespace dime::agent::calls
