// SPDX-License-Identifier: GPL-2.0
// The table answers for most calls; what depends on arguments is looked at behind a flag.
#include "engines/user/agent/inline/buffers.h"

#include <asm/unistd.h>

#include "core/units.h"
#include "dime/call.h"
#include "engines/user/agent/inline/collector.h"

namespace dime::agent {
namespace {

// With five levels of page tables; with four, what lies above is not mapped anyway.
constexpr std::uint64_t kUserEnd = (std::uint64_t{1} << 56U) - kPageBytes;

constexpr std::uint64_t end_of_page(std::uint64_t address) {
  return (address / kPageBytes + 1) * kPageBytes;
}

bool known(long number) {
  return number >= 0 && number < kCalls;
}

// Of calls that wait unless an argument says otherwise.
bool waits(long number, const long (&arguments)[6]) {
  constexpr long kDontWait = 0x40;  // MSG_DONTWAIT
  constexpr long kNoHang = 1;       // WNOHANG
  switch (number) {
    case __NR_poll:
      return static_cast<int>(arguments[2]) != 0;
    case __NR_epoll_wait:
    case __NR_epoll_pwait:
      return static_cast<int>(arguments[3]) != 0;
    case __NR_recvfrom:
    case __NR_sendto:
    case __NR_sendmmsg:
    case __NR_recvmmsg:
      return (arguments[3] & kDontWait) == 0;
    case __NR_recvmsg:
    case __NR_sendmsg:
      return (arguments[2] & kDontWait) == 0;
    case __NR_wait4:
      return (arguments[2] & kNoHang) == 0;
    case __NR_waitid:
      return (arguments[3] & kNoHang) == 0;
    case __NR_futex: {
      // FUTEX_WAKE, REQUEUE, CMP_REQUEUE, WAKE_OP, UNLOCK_PI, TRYLOCK_PI, WAKE_BITSET,
      // CMP_REQUEUE_PI
      constexpr unsigned kReturnAtOnce =
          1U << 1U | 1U << 3U | 1U << 4U | 1U << 5U | 1U << 7U | 1U << 8U | 1U << 10U | 1U << 12U;
      const unsigned long operation = static_cast<unsigned long>(arguments[1]) & 0x7f;
      return operation > 31 || (kReturnAtOnce >> operation & 1U) == 0;
    }
    default:
      return true;
  }
}

// prctl and arch_prctl are mostly about names and numbers.
CallKind kind_of_control(long number, long operation) {
  constexpr long kSetSeccomp = 22;              // PR_SET_SECCOMP
  constexpr long kSetSyscallUserDispatch = 59;  // PR_SET_SYSCALL_USER_DISPATCH
  constexpr long kSetGs = 0x1001;               // ARCH_SET_GS
  constexpr long kSetFs = 0x1002;               // ARCH_SET_FS
  constexpr long kSetMemory = 35;               // PR_SET_MM
  constexpr long kSetVma = 0x53564d41;          // PR_SET_VMA
  if (number == __NR_arch_prctl) {
    return operation == kSetFs || operation == kSetGs ? CallKind::kProcess : CallKind::kBuffers;
  }
  if (operation == kSetMemory) {
    return CallKind::kMemoryMap;
  }
  const bool ours = operation == kSetSeccomp || operation == kSetSyscallUserDispatch ||
                    operation == kSetVma || operation == DIME_CALL;
  return ours ? CallKind::kProcess : CallKind::kBuffers;
}

}  // namespace

void BufferList::add(std::uint64_t begin, std::uint64_t bytes, bool written) {
  if (begin >= kUserEnd || bytes == 0 || overflowed_) {
    return;
  }
  bytes = bytes < kLongestTransfer ? bytes : kLongestTransfer;
  bytes = bytes < kUserEnd - begin ? bytes : kUserEnd - begin;
  const std::uint64_t end = begin + bytes;
  const std::uint64_t last_end = last_.begin + last_.bytes;
  const bool extends = found_ != 0 && last_.written == written && begin >= last_.begin &&
                       begin <= end_of_page(last_end - 1) &&
                       (end <= last_end || end - last_.begin <= kLongestTransfer);
  if (extends) {
    last_.bytes = (end > last_end ? end : last_end) - last_.begin;
  } else {
    last_ = {begin, bytes, written};
    ++found_;
    if (found_ > skipped_ && size_ == kCapacity) {
      overflowed_ = true;
      return;
    }
    size_ += found_ > skipped_ ? 1 : 0;
  }
  if (found_ > skipped_) {
    ranges_[size_ - 1] = last_;
  }
}

void collect_buffers(long number, const long (&arguments)[6], Reader reader, void* context,
                     BufferList& out) {
  if (!known(number)) {
    return;
  }
  Collector collector(arguments, reader, context, out);
  const Call& call = call_of(number);
  for (int index = 0; index < 6; ++index) {
    const Argument& argument = call.arguments[index];
    if (argument.shape != Shape::kNone && !collector.by_shape(index, argument) &&
        out.overflowed()) {
      return;
    }
  }
  if ((call.flags & kSpecial) != 0) {
    collect_special(number, collector);
  }
}

CallClass classify(long number, const long (&arguments)[6]) {
  if (!known(number)) {
    return {CallKind::kUnknown, false, false};
  }
  const Call& call = call_of(number);
  if (call.flags == 0) {
    return {call.kind, false, false};
  }
  CallClass result{call.kind, (call.flags & kWaits) != 0, (call.flags & kChunks) != 0};
  if (number == __NR_prctl || number == __NR_arch_prctl) {
    result.kind = kind_of_control(number, arguments[0]);
  }
  constexpr long kWhole = 0x2 | 0x100;  // MSG_PEEK, MSG_WAITALL
  if (number == __NR_recvfrom && (arguments[3] & kWhole) != 0) {
    result.chunkable = false;
  }
  result.waits = result.waits && waits(number, arguments);
  return result;
}

Transfer transfer_of(long number) {
  switch (number) {
    case __NR_pread64:
    case __NR_pwrite64:
      return {1, 2, 3};
    case __NR_getrandom:
      return {0, 1, -1};
    default:
      return {1, 2, -1};
  }
}

}  // namespace dime::agent
