// SPDX-License-Identifier: GPL-2.0
// Calls in which the value of one argument says what another points to. Numbers and sizes are those
// of the kernel's x86-64 interface (include/uapi).
#include <asm/unistd.h>

#include "engines/user/agent/inline/collector.h"

namespace dime::agent {
namespace {

// For structures whose size depends on state in the kernel: enough for common cases.
constexpr std::uint64_t kGuess = 512;
constexpr std::uint64_t kWord = 4;
constexpr std::uint64_t kLong = 8;
constexpr std::uint64_t kPath = 4096;
constexpr std::uint64_t kSigInfo = 128;

void collect_fcntl(Collector& collect) {
  const std::uint64_t pointer = collect.argument(2);
  constexpr std::uint64_t kLock = 32;  // struct flock
  switch (collect.argument(1) & 0xffffffff) {
    case 5:   // F_GETLK
    case 36:  // F_OFD_GETLK
      collect.out(pointer, kLock);
      break;
    case 6:   // F_SETLK
    case 7:   // F_SETLKW
    case 37:  // F_OFD_SETLK
    case 38:  // F_OFD_SETLKW
      collect.in(pointer, kLock);
      break;
    case 15:    // F_SETOWN_EX
    case 1036:  // F_SET_RW_HINT
    case 1038:  // F_SET_FILE_RW_HINT
      collect.in(pointer, kLong);
      break;
    case 16:    // F_GETOWN_EX
    case 17:    // F_GETOWNER_UIDS
    case 1035:  // F_GET_RW_HINT
    case 1037:  // F_GET_FILE_RW_HINT
      collect.out(pointer, kLong);
      break;
    default:
      break;
  }
}

void collect_futex(Collector& collect) {
  constexpr unsigned kWait = 1U << 0U | 1U << 9U | 1U << 11U;  // WAIT, _BITSET, _REQUEUE_PI
  constexpr unsigned kLockPi = 1U << 6U | 1U << 13U;           // LOCK_PI, LOCK_PI2
  constexpr unsigned kChange = kLockPi | 1U << 7U | 1U << 8U;  // and UNLOCK_PI, TRYLOCK_PI
  constexpr unsigned kSecond = 1U << 3U | 1U << 4U | 1U << 5U | 1U << 11U | 1U << 12U;
  constexpr std::uint64_t kTimespec = 16;
  const std::uint64_t operation = collect.argument(1) & 0x7f;
  if (operation > 13) {
    return;
  }
  const unsigned bit = 1U << operation;
  // Of a futex that processes may share, the kernel takes the page as if it wrote to it.
  const bool is_private = (collect.argument(1) & 0x80) != 0;
  collect.add(collect.argument(0), kWord, (bit & kChange) != 0 || !is_private);
  if ((bit & (kWait | kLockPi)) != 0) {
    collect.in(collect.argument(3), kTimespec);
  }
  if ((bit & kSecond) != 0) {
    collect.out(collect.argument(4), kWord);
  }
}

void collect_prctl(Collector& collect) {
  const std::uint64_t second = collect.argument(1);
  switch (collect.argument(0)) {
    case 2:   // PR_GET_PDEATHSIG
    case 5:   // PR_GET_UNALIGN
    case 9:   // PR_GET_FPEMU
    case 11:  // PR_GET_FPEXC
    case 19:  // PR_GET_ENDIAN
    case 25:  // PR_GET_TSC
    case 37:  // PR_GET_CHILD_SUBREAPER
      collect.out(second, kWord);
      break;
    case 15:  // PR_SET_NAME
      collect.string(second, 16);
      break;
    case 16:  // PR_GET_NAME
      collect.out(second, 16);
      break;
    case 22:  // PR_SET_SECCOMP
      if (second == 2) {
        collect.filter(collect.argument(2));
      }
      break;
    case 35:  // PR_SET_MM: its operations that take a pointer have a length after it
      if (second == 12 || second == 14) {
        collect.array(collect.argument(2), collect.argument(3), 1, false);
      } else if (second == 15) {
        collect.out(collect.argument(2), kWord);
      }
      break;
    case 40:  // PR_GET_TID_ADDRESS
      collect.out(second, kLong);
      break;
    case 59:  // PR_SET_SYSCALL_USER_DISPATCH: the selector, read at each later call
      collect.in(collect.argument(4), 1);
      break;
    case 62:  // PR_SCHED_CORE
      collect.out(collect.argument(4), kLong);
      break;
    case 0x53564d41:  // PR_SET_VMA
      collect.string(collect.argument(4), 80);
      break;
    case 0x41555856:  // PR_GET_AUXV
      collect.array(second, collect.argument(2), 1, true);
      break;
    default:
      break;
  }
}

void collect_arch_prctl(Collector& collect) {
  switch (collect.argument(0)) {
    case 0x1003:  // ARCH_GET_FS
    case 0x1004:  // ARCH_GET_GS
    case 0x1021:  // ARCH_GET_XCOMP_SUPP
    case 0x1022:  // ARCH_GET_XCOMP_PERM
    case 0x1024:  // ARCH_GET_XCOMP_GUEST_PERM
    case 0x4001:  // ARCH_GET_UNTAG_MASK
    case 0x4003:  // ARCH_GET_MAX_TAG_BITS
    case 0x5005:  // ARCH_SHSTK_STATUS
      collect.out(collect.argument(1), kLong);
      break;
    default:
      break;
  }
}

// shmctl, semctl, msgctl: `status` and `limits` are the sizes of their IPC_STAT and IPC_INFO.
void collect_ipc_control(Collector& collect, std::uint64_t command, std::uint64_t pointer,
                         std::uint64_t status, std::uint64_t limits) {
  switch (command & ~std::uint64_t{0x100}) {
    case 1:  // IPC_SET
      collect.in(pointer, status);
      break;
    case 2:   // IPC_STAT
    case 11:  // MSG_STAT
    case 15:  // SHM_STAT_ANY
    case 18:  // SEM_STAT
    case 20:  // SEM_STAT_ANY
      collect.out(pointer, status);
      break;
    case 13:  // SHM_STAT, MSG_STAT_ANY; of semaphores GETALL
      collect.out(pointer, status > kGuess ? status : kGuess);
      break;
    case 17:  // SETALL
      collect.in(pointer, kGuess);
      break;
    case 3:   // IPC_INFO
    case 12:  // MSG_INFO
    case 14:  // SHM_INFO
    case 19:  // SEM_INFO
      collect.out(pointer, limits);
      break;
    default:
      break;
  }
}

void collect_ptrace(Collector& collect) {
  const std::uint64_t address = collect.argument(2);
  const std::uint64_t data = collect.argument(3);
  switch (collect.argument(0)) {
    case 1:       // PTRACE_PEEKTEXT
    case 2:       // PTRACE_PEEKDATA
    case 3:       // PTRACE_PEEKUSER
    case 0x4201:  // PTRACE_GETEVENTMSG
    case 0x420a:  // PTRACE_GETSIGMASK
      collect.out(data, kLong);
      break;
    case 12:  // PTRACE_GETREGS
      collect.out(data, 216);
      break;
    case 13:  // PTRACE_SETREGS
      collect.in(data, 216);
      break;
    case 14:  // PTRACE_GETFPREGS
      collect.out(data, 512);
      break;
    case 15:  // PTRACE_SETFPREGS
      collect.in(data, 512);
      break;
    case 0x4202:  // PTRACE_GETSIGINFO
      collect.out(data, kSigInfo);
      break;
    case 0x4203:  // PTRACE_SETSIGINFO
      collect.in(data, kSigInfo);
      break;
    case 0x4204:  // PTRACE_GETREGSET
    case 0x4205:  // PTRACE_SETREGSET
      // The vector's length is written back.
      collect.out(data, 16);
      collect.vector(data, 1, collect.argument(0) == 0x4204);
      break;
    case 0x4209: {  // PTRACE_PEEKSIGINFO
      struct Arguments {
        std::uint64_t offset;
        std::uint32_t flags;
        std::int32_t count;
      } arguments{};
      if (collect.in(address, sizeof arguments) && collect.read(address, arguments) &&
          arguments.count > 0) {
        collect.array(data, static_cast<std::uint64_t>(arguments.count), kSigInfo, true);
      }
      break;
    }
    case 0x420b:  // PTRACE_SETSIGMASK
      collect.in(data, kLong);
      break;
    case 0x420e:  // PTRACE_GET_SYSCALL_INFO
    case 0x420f:  // PTRACE_GET_RSEQ_CONFIGURATION
      collect.array(data, address, 1, true);
      break;
    default:
      break;
  }
}

void collect_keyctl(Collector& collect) {
  const std::uint64_t second = collect.argument(1);
  const std::uint64_t third = collect.argument(2);
  const std::uint64_t fourth = collect.argument(3);
  switch (collect.argument(0)) {
    case 1:  // KEYCTL_JOIN_SESSION_KEYRING
      collect.string(second, kPath);
      break;
    case 2:   // KEYCTL_UPDATE
    case 12:  // KEYCTL_INSTANTIATE
      collect.array(third, fourth, 1, false);
      break;
    case 6:   // KEYCTL_DESCRIBE
    case 11:  // KEYCTL_READ
    case 17:  // KEYCTL_GET_SECURITY
      collect.array(third, fourth, 1, true);
      break;
    case 10:  // KEYCTL_SEARCH
    case 29:  // KEYCTL_RESTRICT_KEYRING
      collect.string(third, kPath);
      collect.string(fourth, kPath);
      break;
    case 20:  // KEYCTL_INSTANTIATE_IOV
      collect.vector(third, fourth, false);
      break;
    case 31:  // KEYCTL_CAPABILITIES
      collect.array(second, third, 1, true);
      break;
    default:
      break;
  }
}

void collect_quota(Collector& collect, std::uint64_t pointer) {
  constexpr std::uint64_t kLargest = 160;  // struct fs_quota_statv
  constexpr std::uint64_t kQuotaOn = 0x800002;
  // The command is in the upper bits, the kind of quota below.
  const std::uint64_t command = (collect.argument(0) & 0xffffffff) >> 8U;
  if (command == kQuotaOn) {
    collect.string(pointer, kPath);
  } else {
    collect.out(pointer, kLargest);
  }
}

// Flags of clone and clone3 that make the kernel write thread numbers.
constexpr std::uint64_t kParentSetTid = 0x100000;
constexpr std::uint64_t kChildSetOrClearTid = 0x1000000 | 0x200000;
constexpr std::uint64_t kPidDescriptor = 0x1000;

void collect_clone3(Collector& collect) {
  struct Arguments {
    std::uint64_t flags;
    std::uint64_t descriptor;
    std::uint64_t child_tid;
    std::uint64_t parent_tid;
    std::uint64_t signal_stack_and_tls[4];
    std::uint64_t tids;
    std::uint64_t tids_count;
  };
  constexpr std::uint64_t kFirstVersion = 64;
  constexpr std::uint64_t kMostTids = 32;  // MAX_PID_NS_LEVEL
  Arguments arguments{};
  const std::uint64_t bytes = collect.argument(1);
  if (bytes < kFirstVersion ||
      !collect.read(collect.argument(0), &arguments,
                    bytes < sizeof arguments ? kFirstVersion : sizeof arguments)) {
    return;
  }
  collect.out((arguments.flags & kPidDescriptor) != 0 ? arguments.descriptor : 0, kWord);
  collect.out((arguments.flags & kParentSetTid) != 0 ? arguments.parent_tid : 0, kWord);
  collect.out((arguments.flags & kChildSetOrClearTid) != 0 ? arguments.child_tid : 0, kWord);
  if (arguments.tids_count <= kMostTids) {
    collect.array(arguments.tids, arguments.tids_count, kWord, false);
  }
}

void collect_mq_notify(Collector& collect) {
  struct Event {
    std::uint64_t value;
    std::int32_t signal;
    std::int32_t notify;
  } event{};
  constexpr std::int32_t kThread = 2;  // SIGEV_THREAD
  constexpr std::uint64_t kCookie = 32;
  if (collect.read(collect.argument(1), event) && event.notify == kThread) {
    collect.in(event.value, kCookie);
  }
}

}  // namespace

void collect_special(long number, Collector& collect) {
  const auto argument = [&](int index) { return collect.argument(index); };
  switch (number) {
    case __NR_ioctl:
      return collect_ioctl(argument(1) & 0xffffffff, argument(2), collect);
    case __NR_fcntl:
      return collect_fcntl(collect);
    case __NR_futex:
      return collect_futex(collect);
    case __NR_prctl:
      return collect_prctl(collect);
    case __NR_arch_prctl:
      return collect_arch_prctl(collect);
    case __NR_shmctl:
      return collect_ipc_control(collect, argument(1), argument(2), 112, 72);
    case __NR_semctl:
      return collect_ipc_control(collect, argument(2), argument(3), 104, 40);
    case __NR_msgctl:
      return collect_ipc_control(collect, argument(1), argument(2), 120, 32);
    case __NR_ptrace:
      return collect_ptrace(collect);
    case __NR_keyctl:
      return collect_keyctl(collect);
    case __NR_quotactl:
    case __NR_quotactl_fd:
      return collect_quota(collect, argument(3));
    case __NR_clone3:
      return collect_clone3(collect);
    case __NR_mq_notify:
      return collect_mq_notify(collect);
    case __NR_clone:
      collect.out((argument(0) & (kParentSetTid | kPidDescriptor)) != 0 ? argument(2) : 0, kWord);
      collect.out((argument(0) & kChildSetOrClearTid) != 0 ? argument(3) : 0, kWord);
      return;
    case __NR_msgsnd:
    case __NR_msgrcv:
      // A type, and the text.
      if (argument(2) < kLongestTransfer) {
        collect.add(argument(1), kLong + argument(2), number == __NR_msgrcv);
      }
      return;
    case __NR_setsockopt:
      // SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF
      if (argument(1) == 1 && (argument(2) == 26 || argument(2) == 51)) {
        collect.filter(argument(3));
      }
      return;
    case __NR_seccomp:
      if (argument(0) == 1) {
        collect.filter(argument(2));
      } else if (argument(0) > 1) {
        collect.out(argument(2), kLong);
      }
      return;
    case __NR_fsconfig:
      if (argument(1) == 2) {  // FSCONFIG_SET_BINARY
        collect.array(argument(3), argument(4), 1, false);
      } else if (argument(1) == 1 || argument(1) == 3 || argument(1) == 4) {
        collect.string(argument(3), kPath);
      }
      return;
    case __NR_sysfs:
      collect.out(argument(0) == 2 ? argument(2) : argument(1), kGuess);
      return;
    default:
      return;
  }
}

}  // namespace dime::agent
