// SPDX-License-Identifier: GPL-2.0
// What waits: poll and its kin, futexes, clocks and timers, System V and POSIX messages.
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>

#include <csignal>
#include <ctime>

#include "system_calls.h"

namespace {

constexpr timespec kShort = {0, 1'000'000};
constexpr std::size_t kMaskBytes = 8;

int ready_pipe() {
  int ends[2];
  expect(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
  expect(write(ends[1], "x", 1) == 1, "write");
  return ends[0];
}

int silent_pipe() {
  int ends[2];
  expect(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
  return ends[0];
}

struct Polled {
  pollfd each[3];
};

void polling() {
  const int ready = ready_pipe();
  const int silent = silent_pipe();
  const Polled wanted = {{{silent, POLLIN, 0}, {ready, POLLIN, 0}, {900, POLLIN, 0}}};
  auto* polled = place(wanted);
  call("poll", SYS_poll, polled, 3, -1);
  print_value("revents", at(&polled->each[1].revents) * 100 + at(&polled->each[2].revents));
  polled = place(wanted);
  call("poll of one", SYS_poll, polled, 1, 1);
  polled = place(wanted);
  auto* time = place(kShort);
  call("ppoll", SYS_ppoll, polled, 1, time, place<std::uint64_t>(1U << 11U), kMaskBytes);
  print_value("time left", at(time).tv_nsec);
  call("ppoll", SYS_ppoll, polled, 3, place<timespec>({9, 0}), nullptr, kMaskBytes);

  fd_set set;
  FD_ZERO(&set);
  FD_SET(ready, &set);
  FD_SET(silent, &set);
  const int count = (ready > silent ? ready : silent) + 1;
  auto* reading = place(set);
  auto* writing = place<fd_set>({});
  auto* failing = place(set);
  call("select", SYS_select, count, reading, writing, failing, place<timeval>({9, 0}));
  const fd_set after = at(reading);
  print_value("is set", FD_ISSET(ready, &after) * 10 + FD_ISSET(silent, &after));
  struct Pair {
    const std::uint64_t* mask;
    std::size_t bytes;
  };
  reading = place(set);
  call("pselect6", SYS_pselect6, count, reading, nullptr, nullptr, place<timespec>({9, 0}),
       place<Pair>({place<std::uint64_t>(0), kMaskBytes}));
  const fd_set again = at(reading);
  print_value("is set", FD_ISSET(ready, &again) * 10 + FD_ISSET(silent, &again));
  auto* left = place<timeval>({0, 1000});
  call("select of nothing", SYS_select, 0, nullptr, nullptr, nullptr, left);
  print_value("time left", at(left).tv_usec);
  close(ready);
  close(silent);
}

struct Events {
  epoll_event each[4];
};

void events() {
  const int ready = ready_pipe();
  const int too = ready_pipe();
  const int set = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = 0x123456789abcdefU;
  call("epoll_ctl", SYS_epoll_ctl, set, EPOLL_CTL_ADD, ready, place(event));
  call("epoll_ctl", SYS_epoll_ctl, set, EPOLL_CTL_ADD, ready, place(event));
  event.data.u64 = 1;
  call("epoll_ctl", SYS_epoll_ctl, set, EPOLL_CTL_ADD, too, place(event));
  event.data.u64 = 2;
  call("epoll_ctl", SYS_epoll_ctl, set, EPOLL_CTL_MOD, too, place(event));
  const auto show = [](const Events* events, int count) {
    std::uint64_t sum = 0;
    for (int i = 0; i < count; ++i) {
      const epoll_event each = at(&events->each[i]);
      sum += each.data.u64;
    }
    print_value("data", static_cast<long>(sum));
  };
  auto* found = place<Events>({});
  call("epoll_wait", SYS_epoll_wait, set, found, 4, -1);
  show(found, 4);
  found = place<Events>({});
  call("epoll_pwait", SYS_epoll_pwait, set, found, 4, 1, place<std::uint64_t>(0), kMaskBytes);
  show(found, 4);
  found = place<Events>({});
  call("epoll_pwait2", SYS_epoll_pwait2, set, found, 4, place(kShort), place<std::uint64_t>(0),
       kMaskBytes);
  show(found, 4);
  for (const int each : {ready, too, set}) {
    close(each);
  }
  const int counter = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
  call("write of an eventfd", SYS_write, counter, place<std::uint64_t>(4), 8);
  auto* value = place<std::uint64_t>(0);
  call("read of an eventfd", SYS_read, counter, value, 8);
  print_value("value", static_cast<long>(at(value)));
  close(counter);
}

void futexes() {
  // A futex must be aligned: at the end of its memory it is, across pages it cannot be.
  const Placement where = placement;
  placement = Placement::kAtEnd;
  auto* word = place<std::uint32_t>(7);
  auto* second = place<std::uint32_t>(8);
  call("futex WAIT", SYS_futex, word, FUTEX_WAIT, 6, nullptr);
  call("futex WAIT", SYS_futex, word, FUTEX_WAIT_PRIVATE, 7, place(kShort));
  call("futex WAIT_BITSET", SYS_futex, word, FUTEX_WAIT_BITSET, 7, place(kShort), nullptr, 5);
  call("futex WAKE", SYS_futex, word, FUTEX_WAKE, 1);
  call("futex WAKE_BITSET", SYS_futex, word, FUTEX_WAKE_BITSET, 1, nullptr, nullptr, 5);
  call("futex REQUEUE", SYS_futex, word, FUTEX_REQUEUE, 1, 1, second);
  call("futex CMP_REQUEUE", SYS_futex, word, FUTEX_CMP_REQUEUE, 1, 1, second, 7);
  call("futex WAKE_OP", SYS_futex, word, FUTEX_WAKE_OP, 1, 1, second,
       FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 8));
  print_value("second", at(second));
  auto* owned = place<std::uint32_t>(0);
  call("futex LOCK_PI", SYS_futex, owned, FUTEX_LOCK_PI, 0, place<timespec>({9, 0}));
  print_value("owned", at(owned) == static_cast<std::uint32_t>(gettid()));
  call("futex TRYLOCK_PI", SYS_futex, owned, FUTEX_TRYLOCK_PI, 0);
  call("futex UNLOCK_PI", SYS_futex, owned, FUTEX_UNLOCK_PI, 0);
  print_value("owned", at(owned));
  struct Waiters {
    futex_waitv each[2];
  };
  const Waiters waiters = {{{7, reinterpret_cast<std::uint64_t>(word), FUTEX_32, 0},
                            {9, reinterpret_cast<std::uint64_t>(second), FUTEX_32, 0}}};
  call("futex_waitv", SYS_futex_waitv, place(waiters), 2, 0, place<timespec>({1, 0}),
       CLOCK_MONOTONIC);
  placement = where;
}

void clocks() {
  auto* left = place<timespec>({5, 5});
  call("nanosleep", SYS_nanosleep, place(kShort), left);
  print_value("left", at(left).tv_sec);
  call("clock_nanosleep", SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, place(kShort), left);
  call("clock_nanosleep", SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, place(kShort),
       nullptr);
  auto* time = place<timespec>({});
  call("clock_gettime", SYS_clock_gettime, CLOCK_REALTIME, time);
  print_value("is late enough", at(time).tv_sec > 1'700'000'000);
  call("clock_getres", SYS_clock_getres, CLOCK_MONOTONIC, time);
  print_value("resolution", at(time).tv_nsec);
  auto* day = place<timeval>({});
  call("gettimeofday", SYS_gettimeofday, day, place<struct timezone>({}));
  print_value("is late enough", at(day).tv_sec > 1'700'000'000);
  auto* seconds = place<long>(0);
  print("time", quiet_call(SYS_time, seconds) == at(seconds) ? 0 : -EINVAL);
  auto* state = place<timex>({});
  print("adjtimex", quiet_call(SYS_adjtimex, state) >= 0 ? 0 : -EINVAL);
  print_value("tick", at(state).tick);
  state = place<timex>({});
  print("clock_adjtime", quiet_call(SYS_clock_adjtime, CLOCK_REALTIME, state) >= 0 ? 0 : -EINVAL);
  auto* used = place<tms>({});
  print("times", quiet_call(SYS_times, used) >= 0 ? 0 : -EINVAL);
}

void timers() {
  const itimerval later = {{0, 0}, {1000, 0}};
  auto* before = place<itimerval>({{1, 1}, {1, 1}});
  call("setitimer", SYS_setitimer, ITIMER_REAL, place(later), before);
  print_value("before", at(before).it_value.tv_sec);
  auto* now = place<itimerval>({});
  call("getitimer", SYS_getitimer, ITIMER_REAL, now);
  print_value("about", (at(now).it_value.tv_sec + 1) / 10);
  call("setitimer", SYS_setitimer, ITIMER_REAL, place<itimerval>({}), nullptr);

  sigevent event = {};
  event.sigev_notify = SIGEV_NONE;
  auto* id = place<int>(-1);
  call("timer_create", SYS_timer_create, CLOCK_MONOTONIC, place(event), id);
  const itimerspec far = {{0, 0}, {2000, 0}};
  auto* old = place<itimerspec>({{1, 1}, {1, 1}});
  call("timer_settime", SYS_timer_settime, at(id), 0, place(far), old);
  print_value("before", at(old).it_value.tv_sec);
  auto* current = place<itimerspec>({});
  call("timer_gettime", SYS_timer_gettime, at(id), current);
  print_value("about", (at(current).it_value.tv_sec + 1) / 10);
  call("timer_delete", SYS_timer_delete, at(id));

  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  old = place<itimerspec>({{1, 1}, {1, 1}});
  call("timerfd_settime", SYS_timerfd_settime, timer, 0, place<itimerspec>({{0, 0}, kShort}), old);
  print_value("before", at(old).it_value.tv_sec);
  auto* expirations = place<std::uint64_t>(0);
  call("read of a timerfd", SYS_read, timer, expirations, 8);
  print_value("expirations", static_cast<long>(at(expirations)));
  current = place<itimerspec>({{1, 1}, {1, 1}});
  call("timerfd_gettime", SYS_timerfd_gettime, timer, current);
  print_value("left", at(current).it_value.tv_sec);
  close(timer);
}

void system_v() {
  const int semaphores = semget(IPC_PRIVATE, 3, 0600);
  expect(semaphores >= 0, "semget");
  struct Values {
    unsigned short each[3];
  };
  call("semctl SETALL", SYS_semctl, semaphores, 0, SETALL, place<Values>({{1, 2, 3}}));
  struct Operations {
    sembuf each[2];
  };
  call("semop", SYS_semop, semaphores, place<Operations>({{{0, -1, 0}, {1, 5, 0}}}), 2);
  call("semtimedop", SYS_semtimedop, semaphores, place<sembuf>({0, -1, 0}), 1, place(kShort));
  auto* values = place<Values>({});
  call("semctl GETALL", SYS_semctl, semaphores, 0, GETALL, values);
  print_value("values", at(values).each[0] * 100 + at(values).each[1] * 10 + at(values).each[2]);
  auto* set = place<semid_ds>({});
  call("semctl IPC_STAT", SYS_semctl, semaphores, 0, IPC_STAT, set);
  print_value("nsems", static_cast<long>(at(set).sem_nsems));
  call("semctl IPC_RMID", SYS_semctl, semaphores, 0, IPC_RMID, 0);

  const int queue = msgget(IPC_PRIVATE, 0600);
  expect(queue >= 0, "msgget");
  struct Message {
    long type;
    char text[5001];
  };
  Message message = {4, {}};
  for (std::size_t i = 0; i < sizeof message.text; ++i) {
    message.text[i] = static_cast<char>(mix(i));
  }
  auto* sent = reinterpret_cast<char*>(place_bytes(sizeof(long) + sizeof message.text));
  std::memcpy(sent, &message, sizeof(long) + sizeof message.text);
  call("msgsnd", SYS_msgsnd, queue, sent, sizeof message.text, 0);
  auto* state = place<msqid_ds>({});
  call("msgctl IPC_STAT", SYS_msgctl, queue, IPC_STAT, state);
  print_value("qnum", static_cast<long>(at(state).msg_qnum));
  char* received = place_bytes(sizeof(long) + sizeof message.text);
  print_bytes("msgrcv", quiet_call(SYS_msgrcv, queue, received, sizeof message.text, 4, 0),
              received, sizeof(long) + sizeof message.text);
  call("msgctl IPC_RMID", SYS_msgctl, queue, IPC_RMID, nullptr);

  const int segment = shmget(IPC_PRIVATE, 3 * kPage, 0600);
  expect(segment >= 0, "shmget");
  auto* shared = place<shmid_ds>({});
  call("shmctl IPC_STAT", SYS_shmctl, segment, IPC_STAT, shared);
  print_value("shm_segsz", static_cast<long>(at(shared).shm_segsz));
  call("shmctl IPC_RMID", SYS_shmctl, segment, IPC_RMID, nullptr);
}

void message_queues() {
  const std::string name = "dime-test-" + std::to_string(getpid());
  const mq_attr attributes = {0, 4, 100, 0, {}};
  const long queue = open_call("mq_open", SYS_mq_open, place_text(name), O_CREAT | O_RDWR | O_EXCL,
                               0600, place(attributes));
  call("mq_timedsend", SYS_mq_timedsend, queue, place_text("queued"), 6, 3, place<timespec>({}));
  char* text = place_bytes(100);
  auto* priority = place<unsigned>(0);
  print_bytes("mq_timedreceive",
              quiet_call(SYS_mq_timedreceive, queue, text, 100, priority, place<timespec>({})),
              text, 100);
  print_value("priority", at(priority));
  call("mq_timedreceive", SYS_mq_timedreceive, queue, text, 100, nullptr, place<timespec>({}));
  auto* now = place<mq_attr>({});
  call("mq_getsetattr", SYS_mq_getsetattr, queue, nullptr, now);
  print_value("maxmsg * 1000 + msgsize", at(now).mq_maxmsg * 1000 + at(now).mq_msgsize);
  sigevent event = {};
  event.sigev_notify = SIGEV_NONE;
  call("mq_notify", SYS_mq_notify, queue, place(event));
  call("mq_unlink", SYS_mq_unlink, place_text(name));
  close(static_cast<int>(queue));
}

void signal_descriptors() {
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR2);
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  const long queue = open_call("signalfd4", SYS_signalfd4, -1,
                               place<std::uint64_t>(1U << (SIGUSR2 - 1)), kMaskBytes, SFD_CLOEXEC);
  kill(getpid(), SIGUSR2);
  auto* information = place<signalfd_siginfo>({});
  call("read of a signalfd", SYS_read, queue, information, sizeof(signalfd_siginfo));
  print_value("signal", at(information).ssi_signo);
  close(static_cast<int>(queue));
}

}  // namespace

int main(int argc, char** argv) {
  begin_calls(argc, argv);
  for (const Placement where : {Placement::kAtEnd, Placement::kAcrossPages}) {
    placement = where;
    polling();
    events();
    futexes();
    clocks();
    timers();
    system_v();
    message_queues();
    signal_descriptors();
  }
  return 0;
}
