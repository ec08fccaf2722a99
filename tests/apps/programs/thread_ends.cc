// SPDX-License-Identifier: GPL-2.0
// Threads begin and end while others evict, and meet at mutexes, condition variables and
// semaphores in remote pages: thread_ends EVICTING-PAGES ROUNDS. At a thread's end the kernel
// writes to its memory for the one who joins it; that must not be lost.
#include <pthread.h>
#include <semaphore.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <string>
#include <thread>

#include "pages.h"

namespace {

std::size_t evicting_pages = 0;
char* others = nullptr;
thread_local char own[3 * kPage];

void evict() {
  for (std::size_t i = 0; i < evicting_pages; ++i) {
    others[i * kPage] = static_cast<char>(others[i * kPage] + 1);
  }
}

pthread_mutex_t* make_inheriting_mutex(char* where) {
  auto* mutex = new (where) pthread_mutex_t;
  pthread_mutexattr_t attributes;
  expect(pthread_mutexattr_init(&attributes) == 0, "pthread_mutexattr_init");
  pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  expect(pthread_mutex_init(mutex, &attributes) == 0, "pthread_mutex_init");
  pthread_mutexattr_destroy(&attributes);
  return mutex;
}

// A ball that goes back and forth through condition variable and semaphores, all remote.
void ping_pong(char* memory, int turns) {
  pthread_mutex_t* mutex = make_inheriting_mutex(memory + 64);
  auto* condition = new (memory + 2 * kPage + 64) pthread_cond_t;
  auto* semaphore = new (memory + 4 * kPage + 64) sem_t;
  auto* ball = new (memory + 6 * kPage) int(0);
  expect(pthread_cond_init(condition, nullptr) == 0 && sem_init(semaphore, 0, 0) == 0, "init");
  std::thread other([&] {
    for (int turn = 0; turn < turns; ++turn) {
      expect(pthread_mutex_lock(mutex) == 0, "lock");
      while (*ball % 2 == 0) {
        expect(pthread_cond_wait(condition, mutex) == 0, "pthread_cond_wait");
      }
      ++*ball;
      expect(pthread_mutex_unlock(mutex) == 0, "unlock");
      expect(sem_post(semaphore) == 0, "sem_post");
    }
  });
  for (int turn = 0; turn < turns; ++turn) {
    evict();
    expect(pthread_mutex_lock(mutex) == 0, "lock");
    ++*ball;
    expect(pthread_cond_signal(condition) == 0, "pthread_cond_signal");
    expect(pthread_mutex_unlock(mutex) == 0, "unlock");
    while (sem_wait(semaphore) != 0) {
      expect(errno == EINTR, "sem_wait");
    }
  }
  other.join();
  expect(*ball == 2 * turns, "ball", static_cast<std::uint64_t>(*ball));
}

// pthread_create in a tight loop, with stacks from the program.
void own_stacks(int count) {
  constexpr std::size_t kStackPages = 16;
  char* stack = map_pages(kStackPages);
  for (int i = 0; i < count; ++i) {
    pthread_attr_t attributes;
    expect(pthread_attr_init(&attributes) == 0, "pthread_attr_init");
    expect(pthread_attr_setstack(&attributes, stack, kStackPages * kPage) == 0, "setstack");
    pthread_t thread = {};
    expect(pthread_create(
               &thread, &attributes,
               [](void* argument) -> void* {
                 char local[2 * kPage];
                 std::memset(local, 3, sizeof local);
                 own[kPage] = local[5];
                 return own[kPage] == 3 ? argument : nullptr;
               },
               stack) == 0,
           "pthread_create");
    pthread_attr_destroy(&attributes);
    void* result = nullptr;
    expect(pthread_join(thread, &result) == 0 && result == stack, "pthread_join");
  }
  munmap(stack, kStackPages * kPage);
}

// Joins while two threads evict whatever is there.
void joins(int count) {
  std::atomic<bool> stop = false;
  const auto keep_evicting = [&stop] {
    char* pages = map_pages(evicting_pages);
    while (!stop.load()) {
      for (std::size_t i = 0; i < evicting_pages; ++i) {
        pages[i * kPage] = static_cast<char>(pages[i * kPage] + 1);
      }
    }
    munmap(pages, evicting_pages * kPage);
  };
  std::thread first(keep_evicting);
  std::thread second(keep_evicting);
  for (int i = 0; i < count; ++i) {
    pthread_t thread = {};
    expect(pthread_create(
               &thread, nullptr, [](void* argument) { return argument; }, &stop) == 0,
           "pthread_create");
    void* result = nullptr;
    expect(pthread_join(thread, &result) == 0 && result == &stop, "pthread_join");
  }
  stop.store(true);
  first.join();
  second.join();
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 3, "arguments: EVICTING-PAGES ROUNDS");
  evicting_pages = std::stoul(argv[1]);
  others = map_pages(evicting_pages);
  const int rounds = std::stoi(argv[2]);
  for (int round = 0; round < rounds; ++round) {
    char* memory = map_pages(8);
    ping_pong(memory, 20);
    own_stacks(40);
    joins(3000);
    munmap(memory, 8 * kPage);
  }
  std::printf("%d rounds\n", rounds);
  return 0;
}
