// SPDX-License-Identifier: GPL-2.0
// The rows are in the order of the numbers; the dense table is made of them at compile time.
#include "engines/user/agent/inline/call_table.h"

#include "engines/user/agent/inline/call_numbers.h"

namespace dime::agent {
namespace {

struct Row {
  long number;
  CallKind kind;
  std::uint8_t flags;
  Argument arguments[6];
};

// Structures of the kernel's interface, in bytes.
constexpr std::uint32_t kWord = 4;
constexpr std::uint32_t kLong = 8;
constexpr std::uint32_t kTime = 16;      // timespec, timeval
constexpr std::uint32_t kTimes = 32;     // itimerval, itimerspec, two timespecs
constexpr std::uint32_t kMask = 8;       // sigset_t
constexpr std::uint32_t kAction = 32;    // struct sigaction
constexpr std::uint32_t kSigInfo = 128;  // siginfo_t
constexpr std::uint32_t kSigEvent = 64;  // struct sigevent
constexpr std::uint32_t kStat = 144;     // struct stat
constexpr std::uint32_t kStatfs = 120;   // struct statfs
constexpr std::uint32_t kUsage = 144;    // struct rusage
constexpr std::uint32_t kLimit = 16;     // struct rlimit
constexpr std::uint32_t kTimex = 208;    // struct timex
constexpr std::uint32_t kPoll = 8;       // struct pollfd
constexpr std::uint32_t kEpoll = 12;     // struct epoll_event
constexpr std::uint32_t kQueue = 64;     // struct mq_attr
constexpr std::uint32_t kAddress = 128;  // struct sockaddr_storage

constexpr std::uint32_t kNoLimit = ~std::uint32_t{0};
constexpr std::uint32_t kPageOfBytes = 4096;
constexpr std::uint32_t kAttribute = 65536;  // XATTR_SIZE_MAX, XATTR_LIST_MAX

constexpr Argument kNumber{};
constexpr Argument kPath{Shape::kString, false, -1, 4096};
constexpr Argument kStrings{Shape::kStrings, false};
constexpr Argument kMaskPair{Shape::kMaskPair, false};
constexpr Argument in(std::uint32_t bytes) {
  return {Shape::kBytes, false, -1, bytes};
}
constexpr Argument out(std::uint32_t bytes) {
  return {Shape::kBytes, true, -1, bytes};
}
constexpr Argument text(std::uint32_t bytes) {
  return {Shape::kString, false, -1, bytes};
}
// `count`: the argument with the number of elements, here and below.
constexpr Argument in_of(std::int8_t count, std::uint32_t element = 1,
                         std::uint32_t most = kNoLimit) {
  return {Shape::kBytes, false, count, element, most};
}
constexpr Argument out_of(std::int8_t count, std::uint32_t element = 1,
                          std::uint32_t most = kNoLimit) {
  return {Shape::kBytes, true, count, element, most};
}
constexpr Argument in_bits(std::int8_t count) {
  return {Shape::kBits, false, count};
}
constexpr Argument out_bits(std::int8_t count) {
  return {Shape::kBits, true, count};
}
constexpr Argument in_vector(std::int8_t count) {
  return {Shape::kVector, false, count};
}
constexpr Argument out_vector(std::int8_t count) {
  return {Shape::kVector, true, count};
}
constexpr Argument out_counted(std::int8_t counter, std::uint32_t most) {
  return {Shape::kCounted, true, counter, most};
}
constexpr Argument sized(std::uint32_t offset) {
  return {Shape::kSized, true, -1, offset};
}

constexpr CallKind kBuffers = CallKind::kBuffers;
constexpr CallKind kSignal = CallKind::kSignal;
constexpr CallKind kProcess = CallKind::kProcess;
constexpr CallKind kFutex = CallKind::kFutex;
constexpr CallKind kMap = CallKind::kMemoryMap;

constexpr Row kRows[] = {
    {__NR_read, kBuffers, kWaits | kChunks, {kNumber, out_of(2)}},
    {__NR_write, kBuffers, kWaits | kChunks, {kNumber, in_of(2)}},
    {__NR_open, kBuffers, kWaits, {kPath}},
    {__NR_stat, kBuffers, 0, {kPath, out(kStat)}},
    {__NR_fstat, kBuffers, 0, {kNumber, out(kStat)}},
    {__NR_lstat, kBuffers, 0, {kPath, out(kStat)}},
    {__NR_poll, kBuffers, kWaits, {out_of(1, kPoll)}},
    {__NR_mmap, kMap, 0, {}},
    {__NR_mprotect, kMap, 0, {}},
    {__NR_munmap, kMap, 0, {}},
    {__NR_brk, kMap, 0, {}},
    {__NR_rt_sigaction, kSignal, 0, {kNumber, in(kAction), out(kAction)}},
    {__NR_rt_sigprocmask, kSignal, 0, {kNumber, in(kMask), out(kMask)}},
    {__NR_rt_sigreturn, kSignal, 0, {}},
    {__NR_ioctl, kBuffers, kSpecial, {}},
    {__NR_pread64, kBuffers, kWaits | kChunks, {kNumber, out_of(2)}},
    {__NR_pwrite64, kBuffers, kWaits | kChunks, {kNumber, in_of(2)}},
    {__NR_readv, kBuffers, kWaits, {kNumber, out_vector(2)}},
    {__NR_writev, kBuffers, kWaits, {kNumber, in_vector(2)}},
    {__NR_access, kBuffers, 0, {kPath}},
    {__NR_pipe, kBuffers, 0, {out(2 * kWord)}},
    {__NR_select, kBuffers, kWaits, {kNumber, out_bits(0), out_bits(0), out_bits(0), out(kTime)}},
    {__NR_mremap, kMap, 0, {}},
    {__NR_mincore, kBuffers, 0, {kNumber, kNumber, {Shape::kPages, true, 1}}},
    {__NR_madvise, kMap, 0, {}},
    {__NR_shmat, kMap, 0, {}},
    {__NR_shmctl, kBuffers, kSpecial, {}},
    {__NR_pause, CallKind::kPlain, kWaits, {}},
    {__NR_nanosleep, kBuffers, kWaits, {in(kTime), out(kTime)}},
    {__NR_getitimer, kBuffers, 0, {kNumber, out(kTimes)}},
    {__NR_setitimer, kBuffers, 0, {kNumber, in(kTimes), out(kTimes)}},
    {__NR_sendfile, kBuffers, kWaits, {kNumber, kNumber, out(kLong)}},
    {__NR_connect, kBuffers, kWaits, {kNumber, in_of(2, 1, kAddress)}},
    {__NR_accept, kBuffers, kWaits, {kNumber, out_counted(2, kAddress), out(kWord)}},
    {__NR_sendto,
     kBuffers,
     kWaits | kChunks,
     {kNumber, in_of(2), kNumber, kNumber, in_of(5, 1, kAddress)}},
    {__NR_recvfrom,
     kBuffers,
     kWaits | kChunks,
     {kNumber, out_of(2), kNumber, kNumber, out_counted(5, kAddress), out(kWord)}},
    {__NR_sendmsg, kBuffers, kWaits, {kNumber, {Shape::kMessage, false}}},
    {__NR_recvmsg, kBuffers, kWaits, {kNumber, {Shape::kMessage, true}}},
    {__NR_bind, kBuffers, 0, {kNumber, in_of(2, 1, kAddress)}},
    {__NR_getsockname, kBuffers, 0, {kNumber, out_counted(2, kAddress), out(kWord)}},
    {__NR_getpeername, kBuffers, 0, {kNumber, out_counted(2, kAddress), out(kWord)}},
    {__NR_socketpair, kBuffers, 0, {kNumber, kNumber, kNumber, out(2 * kWord)}},
    {__NR_setsockopt, kBuffers, kSpecial, {kNumber, kNumber, kNumber, in_of(4)}},
    {__NR_getsockopt, kBuffers, 0, {kNumber, kNumber, kNumber, out_counted(4, ~0U), out(kWord)}},
    {__NR_clone, kProcess, kSpecial, {}},
    {__NR_fork, kProcess, 0, {}},
    {__NR_vfork, kProcess, 0, {}},
    {__NR_execve, CallKind::kExec, 0, {kPath, kStrings, kStrings}},
    {__NR_exit, kProcess, 0, {}},
    {__NR_wait4, kBuffers, kWaits, {kNumber, out(kWord), kNumber, out(kUsage)}},
    {__NR_uname, kBuffers, 0, {out(390)}},
    {__NR_semop, kBuffers, kWaits, {kNumber, in_of(2, 6)}},
    {__NR_semctl, kBuffers, kSpecial, {}},
    {__NR_shmdt, kMap, 0, {}},
    {__NR_msgsnd, kBuffers, kWaits | kSpecial, {}},
    {__NR_msgrcv, kBuffers, kWaits | kSpecial, {}},
    {__NR_msgctl, kBuffers, kSpecial, {}},
    {__NR_fcntl, kBuffers, kWaits | kSpecial, {}},
    {__NR_flock, CallKind::kPlain, kWaits, {}},
    {__NR_truncate, kBuffers, 0, {kPath}},
    {__NR_getdents, kBuffers, 0, {kNumber, out_of(2)}},
    {__NR_getcwd, kBuffers, 0, {out_of(1, 1, kPageOfBytes)}},
    {__NR_chdir, kBuffers, 0, {kPath}},
    {__NR_rename, kBuffers, 0, {kPath, kPath}},
    {__NR_mkdir, kBuffers, 0, {kPath}},
    {__NR_rmdir, kBuffers, 0, {kPath}},
    {__NR_creat, kBuffers, 0, {kPath}},
    {__NR_link, kBuffers, 0, {kPath, kPath}},
    {__NR_unlink, kBuffers, 0, {kPath}},
    {__NR_symlink, kBuffers, 0, {kPath, kPath}},
    {__NR_readlink, kBuffers, 0, {kPath, out_of(2, 1, kPageOfBytes)}},
    {__NR_chmod, kBuffers, 0, {kPath}},
    {__NR_chown, kBuffers, 0, {kPath}},
    {__NR_lchown, kBuffers, 0, {kPath}},
    {__NR_gettimeofday, kBuffers, 0, {out(kTime), out(kLong)}},
    {__NR_getrlimit, kProcess, 0, {kNumber, out(kLimit)}},
    {__NR_getrusage, kBuffers, 0, {kNumber, out(kUsage)}},
    {__NR_sysinfo, kBuffers, 0, {out(112)}},
    {__NR_times, kBuffers, 0, {out(32)}},
    {__NR_ptrace, kBuffers, kSpecial, {}},
    {__NR_syslog, kBuffers, kWaits, {kNumber, out_of(2)}},
    {__NR_getgroups, kBuffers, 0, {kNumber, out_of(0, kWord, 65536 * kWord)}},
    {__NR_setgroups, kBuffers, 0, {kNumber, in_of(0, kWord, 65536 * kWord)}},
    {__NR_getresuid, kBuffers, 0, {out(kWord), out(kWord), out(kWord)}},
    {__NR_getresgid, kBuffers, 0, {out(kWord), out(kWord), out(kWord)}},
    {__NR_capget, kBuffers, 0, {out(8), out(24)}},
    {__NR_capset, kBuffers, 0, {out(8), in(24)}},
    {__NR_rt_sigpending, kSignal, 0, {out_of(1, 1, kMask)}},
    {__NR_rt_sigtimedwait, kSignal, kWaits, {in(kMask), out(kSigInfo), in(kTime)}},
    {__NR_rt_sigqueueinfo, kSignal, 0, {kNumber, kNumber, in(kSigInfo)}},
    {__NR_rt_sigsuspend, kSignal, kWaits, {in(kMask)}},
    {__NR_sigaltstack, kSignal, 0, {in(24), out(24)}},
    {__NR_utime, kBuffers, 0, {kPath, in(16)}},
    {__NR_mknod, kBuffers, 0, {kPath}},
    {__NR_uselib, kBuffers, 0, {kPath}},
    {__NR_ustat, kBuffers, 0, {kNumber, out(32)}},
    {__NR_statfs, kBuffers, 0, {kPath, out(kStatfs)}},
    {__NR_fstatfs, kBuffers, 0, {kNumber, out(kStatfs)}},
    {__NR_sysfs, kBuffers, kSpecial, {}},
    {__NR_sched_setparam, kBuffers, 0, {kNumber, in(kWord)}},
    {__NR_sched_getparam, kBuffers, 0, {kNumber, out(kWord)}},
    {__NR_sched_setscheduler, kBuffers, 0, {kNumber, kNumber, in(kWord)}},
    {__NR_sched_rr_get_interval, kBuffers, 0, {kNumber, out(kTime)}},
    {__NR_mlock, kMap, 0, {}},
    {__NR_munlock, kMap, 0, {}},
    {__NR_mlockall, kMap, 0, {}},
    {__NR_munlockall, kMap, 0, {}},
    {__NR_modify_ldt, kBuffers, 0, {kNumber, out_of(2, 1, 65536)}},
    {__NR_pivot_root, kBuffers, 0, {kPath, kPath}},
    {__NR_prctl, kBuffers, kSpecial, {}},
    {__NR_arch_prctl, kBuffers, kSpecial, {}},
    {__NR_adjtimex, kBuffers, 0, {out(kTimex)}},
    {__NR_setrlimit, kProcess, 0, {kNumber, in(kLimit)}},
    {__NR_chroot, kBuffers, 0, {kPath}},
    {__NR_acct, kBuffers, 0, {kPath}},
    {__NR_settimeofday, kBuffers, 0, {in(kTime), in(kLong)}},
    {__NR_mount, kBuffers, 0, {kPath, kPath, text(kPageOfBytes), kNumber, in(kPageOfBytes)}},
    {__NR_umount2, kBuffers, 0, {kPath}},
    {__NR_swapon, kBuffers, 0, {kPath}},
    {__NR_swapoff, kBuffers, 0, {kPath}},
    {__NR_reboot, kBuffers, 0, {kNumber, kNumber, kNumber, text(256)}},
    {__NR_sethostname, kBuffers, 0, {in_of(1, 1, 64)}},
    {__NR_setdomainname, kBuffers, 0, {in_of(1, 1, 64)}},
    {__NR_init_module, kBuffers, 0, {in_of(1), kNumber, text(kPageOfBytes)}},
    {__NR_delete_module, kBuffers, 0, {text(64)}},
    {__NR_quotactl, kBuffers, kSpecial, {kNumber, kPath}},
    {__NR_setxattr, kBuffers, 0, {kPath, text(256), in_of(3, 1, kAttribute)}},
    {__NR_lsetxattr, kBuffers, 0, {kPath, text(256), in_of(3, 1, kAttribute)}},
    {__NR_fsetxattr, kBuffers, 0, {kNumber, text(256), in_of(3, 1, kAttribute)}},
    {__NR_getxattr, kBuffers, 0, {kPath, text(256), out_of(3, 1, kAttribute)}},
    {__NR_lgetxattr, kBuffers, 0, {kPath, text(256), out_of(3, 1, kAttribute)}},
    {__NR_fgetxattr, kBuffers, 0, {kNumber, text(256), out_of(3, 1, kAttribute)}},
    {__NR_listxattr, kBuffers, 0, {kPath, out_of(2, 1, kAttribute)}},
    {__NR_llistxattr, kBuffers, 0, {kPath, out_of(2, 1, kAttribute)}},
    {__NR_flistxattr, kBuffers, 0, {kNumber, out_of(2, 1, kAttribute)}},
    {__NR_removexattr, kBuffers, 0, {kPath, text(256)}},
    {__NR_lremovexattr, kBuffers, 0, {kPath, text(256)}},
    {__NR_fremovexattr, kBuffers, 0, {kNumber, text(256)}},
    {__NR_time, kBuffers, 0, {out(kLong)}},
    {__NR_futex, kFutex, kWaits | kSpecial, {}},
    {__NR_sched_setaffinity, kBuffers, 0, {kNumber, kNumber, in_of(1, 1, kPageOfBytes)}},
    {__NR_sched_getaffinity, kBuffers, 0, {kNumber, kNumber, out_of(1, 1, kPageOfBytes)}},
    {__NR_io_setup, CallKind::kAsynchronous, 0, {}},
    {__NR_io_destroy, CallKind::kAsynchronous, 0, {}},
    {__NR_io_getevents, CallKind::kAsynchronous, kWaits, {}},
    {__NR_io_submit, CallKind::kAsynchronous, 0, {}},
    {__NR_io_cancel, CallKind::kAsynchronous, 0, {}},
    {__NR_lookup_dcookie, kBuffers, 0, {kNumber, out_of(2)}},
    {__NR_remap_file_pages, kMap, 0, {}},
    {__NR_getdents64, kBuffers, 0, {kNumber, out_of(2)}},
    {__NR_set_tid_address, kProcess, 0, {out(kWord)}},
    {__NR_restart_syscall, CallKind::kPlain, kWaits, {}},
    {__NR_semtimedop, kBuffers, kWaits, {kNumber, in_of(2, 6), kNumber, in(kTime)}},
    {__NR_timer_create, kBuffers, 0, {kNumber, in(kSigEvent), out(kWord)}},
    {__NR_timer_settime, kBuffers, 0, {kNumber, kNumber, in(kTimes), out(kTimes)}},
    {__NR_timer_gettime, kBuffers, 0, {kNumber, out(kTimes)}},
    {__NR_clock_settime, kBuffers, 0, {kNumber, in(kTime)}},
    {__NR_clock_gettime, kBuffers, 0, {kNumber, out(kTime)}},
    {__NR_clock_getres, kBuffers, 0, {kNumber, out(kTime)}},
    {__NR_clock_nanosleep, kBuffers, kWaits, {kNumber, kNumber, in(kTime), out(kTime)}},
    {__NR_exit_group, kProcess, 0, {}},
    {__NR_epoll_wait, kBuffers, kWaits, {kNumber, out_of(2, kEpoll)}},
    {__NR_epoll_ctl, kBuffers, 0, {kNumber, kNumber, kNumber, in(kEpoll)}},
    {__NR_utimes, kBuffers, 0, {kPath, in(kTimes)}},
    {__NR_mbind, kMap, 0, {kNumber, kNumber, kNumber, in_bits(4)}},
    {__NR_set_mempolicy, kBuffers, 0, {kNumber, in_bits(2)}},
    {__NR_get_mempolicy, kBuffers, 0, {out(kWord), out_bits(2)}},
    {__NR_mq_open, kBuffers, 0, {kPath, kNumber, kNumber, in(kQueue)}},
    {__NR_mq_unlink, kBuffers, 0, {kPath}},
    {__NR_mq_timedsend, kBuffers, kWaits, {kNumber, in_of(2), kNumber, kNumber, in(kTime)}},
    {__NR_mq_timedreceive, kBuffers, kWaits, {kNumber, out_of(2), kNumber, out(kWord), in(kTime)}},
    {__NR_mq_notify, kBuffers, kSpecial, {kNumber, in(kSigEvent)}},
    {__NR_mq_getsetattr, kBuffers, 0, {kNumber, in(kQueue), out(kQueue)}},
    {__NR_kexec_load, kBuffers, 0, {kNumber, kNumber, in_of(1, 32, 16 * 32)}},
    {__NR_waitid, kBuffers, kWaits, {kNumber, kNumber, out(kSigInfo), kNumber, out(kUsage)}},
    {__NR_add_key, kBuffers, 0, {text(32), text(kPageOfBytes), in_of(3, 1, 1U << 20U)}},
    {__NR_request_key, kBuffers, 0, {text(32), text(kPageOfBytes), text(kPageOfBytes)}},
    {__NR_keyctl, kBuffers, kSpecial, {}},
    {__NR_inotify_add_watch, kBuffers, 0, {kNumber, kPath}},
    {__NR_migrate_pages, kBuffers, 0, {kNumber, kNumber, in_bits(1), in_bits(1)}},
    {__NR_openat, kBuffers, kWaits, {kNumber, kPath}},
    {__NR_mkdirat, kBuffers, 0, {kNumber, kPath}},
    {__NR_mknodat, kBuffers, 0, {kNumber, kPath}},
    {__NR_fchownat, kBuffers, 0, {kNumber, kPath}},
    {__NR_futimesat, kBuffers, 0, {kNumber, kPath, in(kTimes)}},
    {__NR_newfstatat, kBuffers, 0, {kNumber, kPath, out(kStat)}},
    {__NR_unlinkat, kBuffers, 0, {kNumber, kPath}},
    {__NR_renameat, kBuffers, 0, {kNumber, kPath, kNumber, kPath}},
    {__NR_linkat, kBuffers, 0, {kNumber, kPath, kNumber, kPath}},
    {__NR_symlinkat, kBuffers, 0, {kPath, kNumber, kPath}},
    {__NR_readlinkat, kBuffers, 0, {kNumber, kPath, out_of(3, 1, kPageOfBytes)}},
    {__NR_fchmodat, kBuffers, 0, {kNumber, kPath}},
    {__NR_faccessat, kBuffers, 0, {kNumber, kPath}},
    {__NR_pselect6,
     kSignal,
     kWaits,
     {kNumber, out_bits(0), out_bits(0), out_bits(0), out(kTime), kMaskPair}},
    {__NR_ppoll, kSignal, kWaits, {out_of(1, kPoll), kNumber, out(kTime), in(kMask)}},
    {__NR_unshare, kProcess, 0, {}},
    {__NR_set_robust_list, kProcess, 0, {out(24)}},
    {__NR_get_robust_list, kBuffers, 0, {kNumber, out(kLong), out(kLong)}},
    {__NR_splice, kBuffers, kWaits, {kNumber, out(kLong), kNumber, out(kLong)}},
    {__NR_tee, CallKind::kPlain, kWaits, {}},
    {__NR_vmsplice, kBuffers, kWaits, {kNumber, out_vector(2)}},
    {__NR_move_pages,
     kBuffers,
     0,
     {kNumber, kNumber, in_of(1, kLong), in_of(1, kWord), out_of(1, kWord)}},
    {__NR_utimensat, kBuffers, 0, {kNumber, kPath, in(kTimes)}},
    {__NR_epoll_pwait, kSignal, kWaits, {kNumber, out_of(2, kEpoll), kNumber, kNumber, in(kMask)}},
    {__NR_signalfd, kSignal, 0, {kNumber, in(kMask)}},
    {__NR_timerfd_settime, kBuffers, 0, {kNumber, kNumber, in(kTimes), out(kTimes)}},
    {__NR_timerfd_gettime, kBuffers, 0, {kNumber, out(kTimes)}},
    {__NR_accept4, kBuffers, kWaits, {kNumber, out_counted(2, kAddress), out(kWord)}},
    {__NR_signalfd4, kSignal, 0, {kNumber, in(kMask)}},
    {__NR_pipe2, kBuffers, 0, {out(2 * kWord)}},
    {__NR_preadv, kBuffers, kWaits, {kNumber, out_vector(2)}},
    {__NR_pwritev, kBuffers, kWaits, {kNumber, in_vector(2)}},
    {__NR_rt_tgsigqueueinfo, kSignal, 0, {kNumber, kNumber, kNumber, in(kSigInfo)}},
    {__NR_perf_event_open, kBuffers, 0, {sized(4)}},
    {__NR_recvmmsg,
     kBuffers,
     kWaits,
     {kNumber, {Shape::kMessages, true, 2}, kNumber, kNumber, out(kTime)}},
    {__NR_fanotify_mark, kBuffers, 0, {kNumber, kNumber, kNumber, kNumber, kPath}},
    {__NR_prlimit64, kProcess, 0, {kNumber, kNumber, in(kLimit), out(kLimit)}},
    {__NR_name_to_handle_at, kBuffers, 0, {kNumber, kPath, {Shape::kHandle, true}, out(kLong)}},
    {__NR_open_by_handle_at, kBuffers, 0, {kNumber, {Shape::kHandle, false}}},
    {__NR_clock_adjtime, kBuffers, 0, {kNumber, out(kTimex)}},
    {__NR_sendmmsg, kBuffers, kWaits, {kNumber, {Shape::kMessages, false, 2}}},
    {__NR_setns, kProcess, 0, {}},
    {__NR_getcpu, kBuffers, 0, {out(kWord), out(kWord)}},
    {__NR_process_vm_readv,
     kBuffers,
     0,
     {kNumber, out_vector(2), kNumber, in_of(4, 16, 1024 * 16)}},
    {__NR_process_vm_writev,
     kBuffers,
     0,
     {kNumber, in_vector(2), kNumber, in_of(4, 16, 1024 * 16)}},
    {__NR_finit_module, kBuffers, 0, {kNumber, text(kPageOfBytes)}},
    {__NR_sched_setattr, kBuffers, 0, {kNumber, sized(0)}},
    {__NR_sched_getattr, kBuffers, 0, {kNumber, out_of(2, 1, kPageOfBytes)}},
    {__NR_renameat2, kBuffers, 0, {kNumber, kPath, kNumber, kPath}},
    {__NR_seccomp, kProcess, kSpecial, {}},
    {__NR_getrandom, kBuffers, kWaits | kChunks, {out_of(1)}},
    {__NR_memfd_create, kBuffers, 0, {text(250)}},
    {__NR_kexec_file_load, kBuffers, 0, {kNumber, kNumber, kNumber, in_of(2)}},
    {__NR_bpf, kBuffers, 0, {kNumber, out_of(2, 1, kPageOfBytes)}},
    {__NR_execveat, CallKind::kExec, 0, {kNumber, kPath, kStrings, kStrings}},
    {__NR_mlock2, kMap, 0, {}},
    {__NR_copy_file_range, kBuffers, kWaits, {kNumber, out(kLong), kNumber, out(kLong)}},
    {__NR_preadv2, kBuffers, kWaits, {kNumber, out_vector(2)}},
    {__NR_pwritev2, kBuffers, kWaits, {kNumber, in_vector(2)}},
    {__NR_pkey_mprotect, kMap, 0, {}},
    {__NR_statx, kBuffers, 0, {kNumber, kPath, kNumber, kNumber, out(256)}},
    {__NR_io_pgetevents, CallKind::kAsynchronous, kWaits, {}},
    {__NR_rseq, kProcess, 0, {out_of(1, 1, kPageOfBytes)}},
    {__NR_pidfd_send_signal, kSignal, 0, {kNumber, kNumber, in(kSigInfo)}},
    {__NR_io_uring_setup, CallKind::kAsynchronous, 0, {}},
    {__NR_io_uring_enter, CallKind::kAsynchronous, kWaits, {}},
    {__NR_io_uring_register, CallKind::kAsynchronous, 0, {}},
    {__NR_open_tree, kBuffers, 0, {kNumber, kPath}},
    {__NR_move_mount, kBuffers, 0, {kNumber, kPath, kNumber, kPath}},
    {__NR_fsopen, kBuffers, 0, {text(kPageOfBytes)}},
    {__NR_fsconfig, kBuffers, kSpecial, {kNumber, kNumber, text(256)}},
    {__NR_fspick, kBuffers, 0, {kNumber, kPath}},
    {__NR_clone3, kProcess, kSpecial, {in_of(1, 1, kPageOfBytes)}},
    {__NR_openat2, kBuffers, kWaits, {kNumber, kPath, in_of(3, 1, kPageOfBytes)}},
    {__NR_faccessat2, kBuffers, 0, {kNumber, kPath}},
    {__NR_process_madvise, kMap, 0, {kNumber, in_of(2, 16, 1024 * 16)}},
    {__NR_epoll_pwait2,
     kSignal,
     kWaits,
     {kNumber, out_of(2, kEpoll), kNumber, in(kTime), in(kMask)}},
    {__NR_mount_setattr, kBuffers, 0, {kNumber, kPath, kNumber, in_of(4, 1, kPageOfBytes)}},
    {__NR_quotactl_fd, kBuffers, kSpecial, {}},
    {__NR_landlock_create_ruleset, kBuffers, 0, {in_of(1, 1, kPageOfBytes)}},
    {__NR_landlock_add_rule, kBuffers, 0, {kNumber, kNumber, in(16)}},
    {__NR_futex_waitv, kFutex, kWaits, {{Shape::kWaiters, false, 1}, kNumber, kNumber, in(kTime)}},
    {__NR_cachestat, kBuffers, 0, {kNumber, in(16), out(40)}},
    {__NR_fchmodat2, kBuffers, 0, {kNumber, kPath}},
    {__NR_map_shadow_stack, kMap, 0, {}},
    {__NR_futex_wake, kFutex, 0, {out(kWord)}},
    {__NR_futex_wait, kFutex, kWaits, {out(kWord), kNumber, kNumber, kNumber, in(kTime)}},
    {__NR_futex_requeue, kFutex, 0, {{Shape::kWaiters, false, -1, 2}}},
    {__NR_statmount, kBuffers, 0, {sized(0), out_of(2)}},
    {__NR_listmount, kBuffers, 0, {sized(0), out_of(2, kLong)}},
    {__NR_lsm_get_self_attr, kBuffers, 0, {kNumber, out_counted(2, ~0U), out(kWord)}},
    {__NR_lsm_set_self_attr, kBuffers, 0, {kNumber, in_of(2)}},
    {__NR_lsm_list_modules, kBuffers, 0, {out_counted(1, ~0U), out(kWord)}},
    {__NR_mseal, kMap, 0, {}},
};

// Calls that touch no memory of the caller, among them those that Linux no longer has.
constexpr std::uint16_t kPlain[] = {
    __NR_close,
    __NR_lseek,
    __NR_sched_yield,
    __NR_msync,
    __NR_shmget,
    __NR_dup,
    __NR_dup2,
    __NR_alarm,
    __NR_getpid,
    __NR_socket,
    __NR_shutdown,
    __NR_listen,
    __NR_kill,
    __NR_semget,
    __NR_msgget,
    __NR_fsync,
    __NR_fdatasync,
    __NR_ftruncate,
    __NR_fchdir,
    __NR_fchmod,
    __NR_fchown,
    __NR_umask,
    __NR_getuid,
    __NR_getgid,
    __NR_setuid,
    __NR_setgid,
    __NR_geteuid,
    __NR_getegid,
    __NR_setpgid,
    __NR_getppid,
    __NR_getpgrp,
    __NR_setsid,
    __NR_setreuid,
    __NR_setregid,
    __NR_setresuid,
    __NR_setresgid,
    __NR_getpgid,
    __NR_setfsuid,
    __NR_setfsgid,
    __NR_getsid,
    __NR_personality,
    __NR_getpriority,
    __NR_setpriority,
    __NR_sched_getscheduler,
    __NR_sched_get_priority_max,
    __NR_sched_get_priority_min,
    __NR_vhangup,
    __NR__sysctl,
    __NR_sync,
    __NR_iopl,
    __NR_ioperm,
    __NR_create_module,
    __NR_get_kernel_syms,
    __NR_query_module,
    __NR_nfsservctl,
    __NR_getpmsg,
    __NR_putpmsg,
    __NR_afs_syscall,
    __NR_tuxcall,
    __NR_security,
    __NR_gettid,
    __NR_readahead,
    __NR_tkill,
    __NR_set_thread_area,
    __NR_get_thread_area,
    __NR_epoll_create,
    __NR_epoll_ctl_old,
    __NR_epoll_wait_old,
    __NR_fadvise64,
    __NR_timer_getoverrun,
    __NR_timer_delete,
    __NR_tgkill,
    __NR_vserver,
    __NR_ioprio_set,
    __NR_ioprio_get,
    __NR_inotify_init,
    __NR_inotify_rm_watch,
    __NR_sync_file_range,
    __NR_timerfd_create,
    __NR_eventfd,
    __NR_fallocate,
    __NR_eventfd2,
    __NR_epoll_create1,
    __NR_dup3,
    __NR_inotify_init1,
    __NR_fanotify_init,
    __NR_syncfs,
    __NR_kcmp,
    __NR_userfaultfd,
    __NR_membarrier,
    __NR_pkey_alloc,
    __NR_pkey_free,
    __NR_fsmount,
    __NR_pidfd_open,
    __NR_close_range,
    __NR_pidfd_getfd,
    __NR_landlock_restrict_self,
    __NR_memfd_secret,
    __NR_process_mrelease,
    __NR_set_mempolicy_home_node,
};

struct Table {
  Call calls[kCalls];
  bool twice = false;
};

constexpr Table make_table() {
  Table table{};
  for (const Row& row : kRows) {
    Call& call = table.calls[row.number];
    table.twice = table.twice || call.kind != CallKind::kUnknown;
    call.kind = row.kind;
    call.flags = row.flags;
    for (int index = 0; index < 6; ++index) {
      call.arguments[index] = row.arguments[index];
    }
  }
  for (const std::uint16_t number : kPlain) {
    table.twice = table.twice || table.calls[number].kind != CallKind::kUnknown;
    table.calls[number].kind = CallKind::kPlain;
  }
  return table;
}

constexpr Table kTable = make_table();
static_assert(!kTable.twice, "a call has two rows");

}  // namespace

const Call& call_of(long number) {
  return kTable.calls[number];
}

}  // namespace dime::agent
