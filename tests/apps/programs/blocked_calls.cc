// SPDX-License-Identifier: GPL-2.0
// A thread waits in a call, its arguments become remote meanwhile, signals interrupt it, and then
// what it waits for comes: blocked_calls EVICTING-PAGES ROUNDS. Handlers have SA_RESTART, so
// calls that the kernel restarts must go on as if nothing had been; of the others EINTR is wanted,
// and the wait is begun again.
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <string>
#include <thread>

#include "pages.h"

namespace {

std::size_t evicting_pages = 0;
char* others = nullptr;
// Where the waiting thread has its arguments: across the border of the first two pages, and apart.
char* memory = nullptr;

int ends[2];
std::atomic<int> restarted = 0;

char* place(std::size_t number) {
  return memory + (2 * number + 1) * kPage - 5;
}

void evict() {
  for (std::size_t i = 0; i < evicting_pages; ++i) {
    others[i * kPage] = static_cast<char>(others[i * kPage] + 1);
  }
}

void on_signal(int) {
  restarted.fetch_add(1);
}

void send_text(const char* text) {
  expect(write(ends[1], text, std::strlen(text)) > 0, "write");
}

void expect_text(const char* got, const char* wanted, const char* what) {
  expect(std::memcmp(got, wanted, std::strlen(wanted)) == 0, what);
}

struct Case {
  const char* name;
  bool socket;
  void (*wait)();     // in the thread
  void (*trigger)();  // in main, when the arguments are remote
};

template <class Result, class Call>
Result again(Call call) {
  Result result = call();
  while (result == -1 && errno == EINTR) {
    result = call();
  }
  return result;
}

void wait_in_read() {
  expect(read(ends[0], place(0), 8) == 8, "read");
  expect_text(place(0), "12345678", "text of read");
}

void wait_in_readv() {
  auto* vector = reinterpret_cast<iovec*>(place(0) + 5 + 16);
  vector[0] = {place(1), 3};
  vector[1] = {place(2), 5};
  expect(readv(ends[0], vector, 2) == 8, "readv");
  expect_text(place(1), "123", "first piece");
  expect_text(place(2), "45678", "second piece");
}

void wait_in_recvmsg() {
  auto* vector = reinterpret_cast<iovec*>(place(0) + 5 + 16);
  vector[0] = {place(1), 8};
  auto* message = reinterpret_cast<msghdr*>(place(2) + 5 + 64);
  *message = {};
  message->msg_iov = vector;
  message->msg_iovlen = 1;
  message->msg_control = place(3);
  message->msg_controllen = 24;
  expect(recvmsg(ends[0], message, MSG_WAITALL) == 8, "recvmsg");
  expect_text(place(1), "12345678", "text of recvmsg");
}

void wait_in_poll() {
  auto* polled = reinterpret_cast<pollfd*>(place(0) + 5 - 8);
  *polled = {ends[0], POLLIN, 0};
  expect(again<int>([&] { return poll(polled, 1, -1); }) == 1, "poll");
  expect(polled->revents == POLLIN, "revents");
  wait_in_read();
}

void wait_in_select() {
  auto* set = reinterpret_cast<fd_set*>(place(0) + 5 - 8);
  expect(again<int>([&] {
           FD_ZERO(set);
           FD_SET(ends[0], set);
           return select(ends[0] + 1, set, nullptr, nullptr, nullptr);
         }) == 1,
         "select");
  expect(FD_ISSET(ends[0], set), "set");
  wait_in_read();
}

void wait_in_epoll() {
  const int group = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = 77;
  expect(epoll_ctl(group, EPOLL_CTL_ADD, ends[0], &event) == 0, "epoll_ctl");
  auto* events = reinterpret_cast<epoll_event*>(place(0));
  expect(again<int>([&] { return epoll_wait(group, events, 3, -1); }) == 1, "epoll_wait");
  std::memcpy(&event, events, sizeof event);
  expect(event.data.u64 == 77, "event");
  close(group);
  wait_in_read();
}

int listening = -1;

sockaddr_un server_address() {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  // Abstract, so that no file is left.
  std::snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "dime-blocked-%d", getpid());
  return address;
}

void wait_in_accept() {
  auto* length = reinterpret_cast<socklen_t*>(place(1) + 5);
  *length = sizeof(sockaddr_un);
  const int accepted = accept(listening, reinterpret_cast<sockaddr*>(place(0) + 5 - 2), length);
  expect(accepted >= 0, "accept");
  expect(*length == sizeof(sa_family_t), "length of an address");
  close(accepted);
}

void trigger_accept() {
  const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = server_address();
  expect(connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
         "connect");
  close(client);
}

std::uint32_t* futex_word() {
  return reinterpret_cast<std::uint32_t*>(place(0) + 5 + 256);
}

void wait_in_futex() {
  while (__atomic_load_n(futex_word(), __ATOMIC_ACQUIRE) == 0) {
    const long result = syscall(SYS_futex, futex_word(), FUTEX_WAIT_PRIVATE, 0, nullptr);
    expect(result == 0 || errno == EAGAIN || errno == EINTR, "futex");
  }
}

void trigger_futex() {
  __atomic_store_n(futex_word(), 1u, __ATOMIC_RELEASE);
  evict();
  expect(syscall(SYS_futex, futex_word(), FUTEX_WAKE_PRIVATE, 1) >= 0, "wake");
}

int queue = -1;

struct Message {
  long type;
  char text[8];
};

void wait_in_msgrcv() {
  const auto result = again<ssize_t>([] { return msgrcv(queue, place(0), 8, 5, 0); });
  expect(result == 8, "msgrcv");
  expect_text(place(0) + sizeof(long), "12345678", "text of msgrcv");
}

void trigger_msgrcv() {
  Message message = {5, {'1', '2', '3', '4', '5', '6', '7', '8'}};
  expect(msgsnd(queue, &message, 8, 0) == 0, "msgsnd");
}

void wait_in_waitid() {
  const pid_t child = fork();
  if (child == 0) {
    usleep(30'000);
    _exit(9);
  }
  auto* status = reinterpret_cast<int*>(place(0) + 5 - 4);
  expect(again<pid_t>([&] { return waitpid(child, status, 0); }) == child, "waitpid");
  expect(WEXITSTATUS(*status) == 9, "status");
}

void wait_in_nanosleep() {
  auto* time = reinterpret_cast<timespec*>(place(0) + 5 - 8);
  *time = {0, 30'000'000};
  timespec begin = {};
  timespec end = {};
  clock_gettime(CLOCK_MONOTONIC, &begin);
  // What is left is written over what was asked for.
  expect(again<int>([&] { return nanosleep(time, time); }) == 0, "nanosleep");
  clock_gettime(CLOCK_MONOTONIC, &end);
  expect((end.tv_sec - begin.tv_sec) * 1'000'000'000 + end.tv_nsec - begin.tv_nsec >= 30'000'000,
         "time slept");
}

void send_all() {
  send_text("123");
  evict();
  send_text("45678");
}

void send_at_once() {
  send_text("12345678");
}

constexpr Case kCases[] = {
    {"read", false, wait_in_read, send_at_once},
    {"readv", false, wait_in_readv, send_at_once},
    {"recvmsg", true, wait_in_recvmsg, send_all},
    {"poll", false, wait_in_poll, send_at_once},
    {"select", false, wait_in_select, send_at_once},
    {"epoll_wait", true, wait_in_epoll, send_at_once},
    {"accept", false, wait_in_accept, trigger_accept},
    {"futex", false, wait_in_futex, trigger_futex},
    {"msgrcv", false, wait_in_msgrcv, trigger_msgrcv},
    {"waitpid", false, wait_in_waitid, [] {}},
    {"nanosleep", false, wait_in_nanosleep, [] {}},
};

void run(const Case& each, int signals) {
  expect(each.socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 : pipe(ends) == 0, "pipe");
  std::memset(memory, 0, 10 * kPage);
  std::atomic<bool> begun = false;
  std::thread waiting([&] {
    begun.store(true);
    each.wait();
  });
  while (!begun.load()) {
    std::this_thread::yield();
  }
  usleep(2000);
  for (int i = 0; i < signals; ++i) {
    evict();
    pthread_kill(waiting.native_handle(), SIGUSR1);
    usleep(200);
  }
  evict();
  each.trigger();
  waiting.join();
  close(ends[0]);
  close(ends[1]);
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 3, "arguments: EVICTING-PAGES ROUNDS");
  evicting_pages = std::stoul(argv[1]);
  others = map_pages(evicting_pages);
  memory = map_pages(10);
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  expect(sigaction(SIGUSR1, &action, nullptr) == 0, "sigaction");
  queue = msgget(IPC_PRIVATE, 0600);
  listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = server_address();
  expect(queue >= 0 && listening >= 0, "msgget and socket");
  expect(bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "bind");
  expect(listen(listening, 4) == 0, "listen");
  const int rounds = std::stoi(argv[2]);
  for (const Case& each : kCases) {
    for (int round = 0; round < rounds; ++round) {
      run(each, round % 3);
    }
    std::printf("%s: %d rounds\n", each.name, rounds);
  }
  msgctl(queue, IPC_RMID, nullptr);
  return 0;
}
