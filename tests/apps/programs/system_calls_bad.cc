// SPDX-License-Identifier: GPL-2.0
// Bad pointers, alone and inside of structures: each must be answered as natively, and none by a
// signal.
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <csignal>
#include <ctime>

#include "system_calls.h"

namespace {

constexpr std::size_t kMaskBytes = 8;

// Where `bytes` readable bytes are followed by memory that is not.
char* half_bad(std::size_t bytes) {
  const Placement before = placement;
  placement = Placement::kAtEnd;
  char* memory = place_bytes(bytes);
  placement = before;
  return memory;
}

struct Case {
  const char* name;
  long number;
  long arguments[6];
};

long word(const void* pointer) {
  return reinterpret_cast<long>(pointer);
}

void single_pointers(char* bad) {
  const int file = open("bad", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  expect(file >= 0 && write(file, "some text", 9) == 9, "write");
  const int socket_end = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int set = epoll_create1(EPOLL_CLOEXEC);
  const long b = word(bad);
  const long path = word(place_text("bad"));
  const long stamp = word(place<timespec>({0, 1000}));
  const long length = word(place<socklen_t>(16));
  const Case cases[] = {
      {"read", SYS_read, {open("/dev/zero", O_RDONLY | O_CLOEXEC), b, 10}},
      {"write", SYS_write, {file, b, 10}},
      {"pread64", SYS_pread64, {file, b, 10, 0}},
      {"pwrite64", SYS_pwrite64, {file, b, 10, 0}},
      {"open", SYS_open, {b, O_RDONLY}},
      {"openat", SYS_openat, {AT_FDCWD, b, O_RDONLY}},
      {"openat2", SYS_openat2, {AT_FDCWD, path, b, 24}},
      {"stat", SYS_stat, {path, b}},
      {"stat", SYS_stat, {b, b}},
      {"fstat", SYS_fstat, {file, b}},
      {"newfstatat", SYS_newfstatat, {AT_FDCWD, path, b, 0}},
      {"statx", SYS_statx, {AT_FDCWD, path, 0, STATX_BASIC_STATS, b}},
      {"statfs", SYS_statfs, {path, b}},
      {"access", SYS_access, {b, R_OK}},
      {"getcwd", SYS_getcwd, {b, 4096}},
      {"chdir", SYS_chdir, {b}},
      {"rename", SYS_rename, {path, b}},
      {"mkdir", SYS_mkdir, {b, 0700}},
      {"unlink", SYS_unlink, {b}},
      {"readlink", SYS_readlink, {b, b, 10}},
      {"chmod", SYS_chmod, {b, 0600}},
      {"truncate", SYS_truncate, {b, 0}},
      {"utimensat", SYS_utimensat, {AT_FDCWD, path, b, 0}},
      {"setxattr", SYS_setxattr, {path, word(place_text("user.bad")), b, 4, 0}},
      {"getxattr", SYS_getxattr, {path, b, b, 4}},
      {"getdents64", SYS_getdents64, {open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), b, 1000}},
      {"pipe", SYS_pipe, {b}},
      {"fcntl F_GETLK", SYS_fcntl, {file, F_GETLK, b}},
      {"ioctl FIONREAD", SYS_ioctl, {file, 0x541b, b}},
      {"memfd_create", SYS_memfd_create, {b, 0}},
      {"poll", SYS_poll, {b, 1, 0}},
      {"ppoll", SYS_ppoll, {0, 0, b, 0, kMaskBytes}},
      {"ppoll", SYS_ppoll, {0, 0, stamp, b, kMaskBytes}},
      {"select", SYS_select, {64, b, 0, 0, 0}},
      {"select", SYS_select, {0, 0, 0, 0, b}},
      {"pselect6", SYS_pselect6, {0, 0, 0, 0, stamp, b}},
      {"epoll_ctl", SYS_epoll_ctl, {set, EPOLL_CTL_ADD, socket_end, b}},
      {"epoll_wait", SYS_epoll_wait, {set, b, 4, 0}},
      {"epoll_pwait", SYS_epoll_pwait, {set, word(place_bytes(48)), 4, 0, b, kMaskBytes}},
      {"epoll_pwait2", SYS_epoll_pwait2, {set, word(place_bytes(48)), 4, b, 0, kMaskBytes}},
      {"bind", SYS_bind, {socket_end, b, 16}},
      {"connect", SYS_connect, {socket_end, b, 16}},
      {"getsockname", SYS_getsockname, {socket_end, b, length}},
      {"getsockname", SYS_getsockname, {socket_end, word(place_bytes(16)), b}},
      {"setsockopt", SYS_setsockopt, {socket_end, SOL_SOCKET, SO_KEEPALIVE, b, 4}},
      {"getsockopt", SYS_getsockopt, {socket_end, SOL_SOCKET, SO_TYPE, b, length}},
      {"getsockopt", SYS_getsockopt, {socket_end, SOL_SOCKET, SO_TYPE, word(place<int>(0)), b}},
      {"socketpair", SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0, b}},
      {"sendmsg", SYS_sendmsg, {socket_end, b, 0}},
      {"recvmsg", SYS_recvmsg, {socket_end, b, MSG_DONTWAIT}},
      {"rt_sigaction", SYS_rt_sigaction, {SIGUSR1, b, 0, kMaskBytes}},
      {"rt_sigaction", SYS_rt_sigaction, {SIGUSR1, 0, b, kMaskBytes}},
      {"rt_sigprocmask", SYS_rt_sigprocmask, {SIG_BLOCK, b, 0, kMaskBytes}},
      {"rt_sigprocmask", SYS_rt_sigprocmask, {SIG_BLOCK, 0, b, kMaskBytes}},
      {"rt_sigpending", SYS_rt_sigpending, {b, kMaskBytes}},
      {"rt_sigtimedwait", SYS_rt_sigtimedwait, {b, 0, stamp, kMaskBytes}},
      {"rt_sigsuspend", SYS_rt_sigsuspend, {b, kMaskBytes}},
      {"rt_sigqueueinfo", SYS_rt_sigqueueinfo, {getpid(), SIGUSR1, b}},
      {"sigaltstack", SYS_sigaltstack, {b, 0}},
      {"sigaltstack", SYS_sigaltstack, {0, b}},
      {"futex WAIT", SYS_futex, {b & ~3L, FUTEX_WAIT, 0, stamp}},
      {"futex WAKE", SYS_futex, {b & ~3L, FUTEX_WAKE, 1}},
      {"futex WAIT", SYS_futex, {word(half_bad(4)), FUTEX_WAIT, 0, b}},
      {"nanosleep", SYS_nanosleep, {b, 0}},
      {"clock_gettime", SYS_clock_gettime, {CLOCK_MONOTONIC, b}},
      {"clock_nanosleep", SYS_clock_nanosleep, {CLOCK_MONOTONIC, 0, b, 0}},
      {"gettimeofday", SYS_gettimeofday, {b, 0}},
      {"setitimer", SYS_setitimer, {0, b, 0}},
      {"getitimer", SYS_getitimer, {0, b}},
      {"timer_create", SYS_timer_create, {CLOCK_MONOTONIC, 0, b}},
      {"uname", SYS_uname, {b}},
      {"sysinfo", SYS_sysinfo, {b}},
      {"times", SYS_times, {b}},
      {"getrlimit", SYS_getrlimit, {7, b}},
      {"prlimit64", SYS_prlimit64, {0, 7, 0, b}},
      {"getrusage", SYS_getrusage, {0, b}},
      {"getresuid", SYS_getresuid, {b, b, b}},
      {"sched_getparam", SYS_sched_getparam, {0, b}},
      {"sched_getaffinity", SYS_sched_getaffinity, {0, 128, b}},
      {"prctl", SYS_prctl, {15, b}},
      {"getrandom", SYS_getrandom, {b, 16, 0}},
      {"execve", SYS_execve, {b, 0, 0}},
      {"execve", SYS_execve, {word(place_text("/bin/true")), b, 0}},
      {"mq_open", SYS_mq_open, {b, O_RDONLY}},
      {"inotify_add_watch", SYS_inotify_add_watch, {0, b, 1}},
  };
  for (const Case& each : cases) {
    const long* a = each.arguments;
    print(each.name, quiet_call(each.number, a[0], a[1], a[2], a[3], a[4], a[5]));
  }
  close(file);
}

void nested_pointers(char* bad) {
  struct Vector {
    iovec each[3];
  };
  int ends[2];
  expect(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0, "pipe2");
  char* good = place_text("good");
  const auto* vector = place<Vector>({{{good, 4}, {bad, 4}, {good, 4}}});
  call("writev", SYS_writev, ends[1], vector, 3);
  char* buffer = place_bytes(30);
  print_bytes("read", quiet_call(SYS_read, ends[0], buffer, 4), buffer, 30);
  call("writev of a bad array", SYS_writev, ends[1], bad, 2);
  char* end = half_bad(sizeof(iovec));
  std::memcpy(end, vector, sizeof(iovec));
  call("writev of an array that ends", SYS_writev, ends[1], end, 2);
  call("write that ends", SYS_write, ends[1], half_bad(100) + 60, 100);
  expect(write(ends[1], "12345678", 8) == 8, "write");
  const auto* reading = place<Vector>({{{bad, 4}, {place_bytes(4), 4}, {nullptr, 0}}});
  call("readv", SYS_readv, ends[0], reading, 3);

  int pair[2];
  expect(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
  msghdr message = {};
  message.msg_iov = const_cast<iovec*>(&vector->each[0]);
  message.msg_iovlen = 1;
  msghdr one_bad = message;
  one_bad.msg_iov = reinterpret_cast<iovec*>(bad);
  call("sendmsg, vector", SYS_sendmsg, pair[0], place(one_bad), 0);
  one_bad = message;
  one_bad.msg_iovlen = 2;
  call("sendmsg, second piece", SYS_sendmsg, pair[0], place(one_bad), 0);
  one_bad = message;
  one_bad.msg_control = bad;
  one_bad.msg_controllen = 24;
  call("sendmsg, control", SYS_sendmsg, pair[0], place(one_bad), 0);
  one_bad = message;
  one_bad.msg_name = bad;
  one_bad.msg_namelen = 16;
  call("sendmsg, name", SYS_sendmsg, pair[0], place(one_bad), 0);
  struct Messages {
    mmsghdr each[2];
  };
  Messages messages = {};
  messages.each[0].msg_hdr = message;
  messages.each[1].msg_hdr = message;
  messages.each[1].msg_hdr.msg_iov = reinterpret_cast<iovec*>(bad);
  call("sendmmsg, second message", SYS_sendmmsg, pair[0], place(messages), 2, 0);
  one_bad = message;
  one_bad.msg_iov = const_cast<iovec*>(&reading->each[0]);
  call("recvmsg, piece", SYS_recvmsg, pair[1], place(one_bad), MSG_DONTWAIT);

  struct Pair {
    const void* mask;
    std::size_t bytes;
  };
  call("pselect6, mask", SYS_pselect6, 0, nullptr, nullptr, nullptr, place<timespec>({0, 1000}),
       place<Pair>({bad, kMaskBytes}));
  call("path that ends", SYS_open, half_bad(5), O_RDONLY);
  char* unfinished = half_bad(3);
  std::memcpy(unfinished, "abc", 3);
  call("path without an end", SYS_open, unfinished, O_RDONLY);

  char* arguments = half_bad(2 * sizeof(char*));
  char* strings[2] = {place_text("true"), place_text("x")};
  std::memcpy(arguments, strings, sizeof strings);
  call("execve, arguments without an end", SYS_execve, place_text("/bin/true"), arguments, nullptr);
  strings[0] = bad;
  strings[1] = nullptr;
  std::memcpy(arguments, strings, sizeof strings);
  call("execve, argument", SYS_execve, place_text("/bin/true"), arguments, nullptr);

  const int set = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event = {};
  event.events = EPOLLIN;
  expect(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event) == 0, "epoll_ctl");
  call("epoll_wait, room for one of two", SYS_epoll_wait, set, half_bad(12), 2, 0);
  char* polled = half_bad(sizeof(pollfd));
  const pollfd wanted = {ends[0], POLLIN, 0};
  std::memcpy(polled, &wanted, sizeof wanted);
  call("poll, room for one of two", SYS_poll, polled, 2, 0);
  for (const int each : {ends[0], ends[1], pair[0], pair[1], set}) {
    close(each);
  }
}

// Addresses that no program has, and read-only memory that is to be written.
void impossible_pointers() {
  for (const long address : {1L, 4095L, -1L, -4096L, 0x7ffffffff000L, 1L << 47U, 1L << 62U}) {
    call("stat", SYS_stat, address, address);
    call("uname", SYS_uname, address);
    call("nanosleep", SYS_nanosleep, address, 0);
    call("rt_sigprocmask", SYS_rt_sigprocmask, SIG_BLOCK, address, 0, kMaskBytes);
  }
  char* constant = map_pages(2);
  expect(mprotect(constant, kPage, PROT_READ) == 0, "mprotect");
  call("uname into constant memory", SYS_uname, constant);
  const int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  call("read into constant memory", SYS_read, zero, constant, 100);
  call("stat of constant memory", SYS_stat, constant, place_bytes(144));
  close(zero);
}

}  // namespace

int main(int argc, char** argv) {
  begin_calls(argc, argv);
  for (const Placement where : {Placement::kAtEnd, Placement::kAcrossPages}) {
    placement = where;
    single_pointers(bad_pointer());
    nested_pointers(bad_pointer());
    impossible_pointers();
    unlink("bad");
  }
  return 0;
}
