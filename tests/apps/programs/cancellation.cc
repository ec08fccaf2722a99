// SPDX-License-Identifier: GPL-2.0
// Threads that are cancelled while they wait in a call with remote buffers: cancellation THREADS.
// Cleanup handlers must run, C++ objects of the cancelled frames be destroyed, and the memory that
// the call would have written stay usable.
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <ctime>
#include <string>

#include "pages.h"

namespace {

constexpr std::size_t kPages = 300;
std::atomic<std::uint64_t> cleaned = 0;
std::atomic<std::uint64_t> destroyed = 0;
std::atomic<bool> waiting = false;
char* pages = nullptr;

struct Object {
  ~Object() { destroyed.fetch_add(1); }
};

struct Task {
  unsigned kind;
  int end;
  char* buffer;
};

void clean_up(void*) {
  cleaned.fetch_add(1);
}

void touch_pages(std::uint64_t version) {
  for (std::size_t i = 0; i < kPages; ++i) {
    fill_page(pages + i * kPage, i, version);
  }
}

void wait_for_ever(const Task& task) {
  const Object object;
  waiting.store(true);
  iovec vector = {task.buffer, 3 * kPage};
  msghdr message = {};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  pollfd entry = {task.end, POLLIN, 0};
  const timespec hour = {3600, 0};
  switch (task.kind % 5) {
    case 0:
      expect(read(task.end, task.buffer, 3 * kPage) < 0, "read");
      break;
    case 1:
      expect(recv(task.end, task.buffer, 3 * kPage, 0) < 0, "recv");
      break;
    case 2:
      expect(recvmsg(task.end, &message, 0) < 0, "recvmsg");
      break;
    case 3:
      expect(poll(&entry, 1, -1) < 0, "poll");
      break;
    default:
      expect(nanosleep(&hour, nullptr) < 0, "nanosleep");
      break;
  }
  expect(false, "a wait ended");
}

void* run(void* argument) {
  const Task task = *static_cast<const Task*>(argument);
  pthread_cleanup_push(clean_up, nullptr);
  wait_for_ever(task);
  pthread_cleanup_pop(0);
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 2, "arguments: THREADS");
  const std::uint64_t count = std::stoull(argv[1]);
  pages = map_pages(kPages);
  int ends[2];
  expect(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
  char* buffer = map_pages(4) + 100;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::memset(buffer, 7, 3 * kPage);
    touch_pages(i);
    Task task = {static_cast<unsigned>(i), ends[0], buffer};
    waiting.store(false);
    pthread_t thread = {};
    expect(pthread_create(&thread, nullptr, run, &task) == 0, "pthread_create");
    while (!waiting.load()) {
      sched_yield();
    }
    if (i % 3 != 0) {
      usleep(500);
    }
    expect(pthread_cancel(thread) == 0, "pthread_cancel");
    touch_pages(i + 1);
    void* result = nullptr;
    expect(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED, "result of a thread");
    expect(cleaned.load() == i + 1, "cleanup handlers", cleaned.load());
    expect(destroyed.load() == i + 1, "destructors", destroyed.load());
    // Whoever waited took nothing along.
    expect(write(ends[1], "text", 4) == 4 && read(ends[0], buffer, 3 * kPage) == 4, "read");
    expect(std::memcmp(buffer, "text\7\7", 6) == 0, "buffer of a cancelled call");
  }
  std::printf("%llu threads were cancelled\n", static_cast<unsigned long long>(count));
  return 0;
}
