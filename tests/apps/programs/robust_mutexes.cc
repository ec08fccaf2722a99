// SPDX-License-Identifier: GPL-2.0
// Robust mutexes whose owner ends while they are remote: robust_mutexes EVICTING-PAGES. The kernel
// walks the list of a dead thread's mutexes and marks them; whoever wants one next must hear of it.
#include <pthread.h>

#include <cerrno>
#include <ctime>
#include <new>
#include <string>
#include <thread>

#include "pages.h"

namespace {

std::size_t evicting_pages = 0;
char* others = nullptr;

void evict() {
  for (std::size_t i = 0; i < evicting_pages; ++i) {
    others[i * kPage] = static_cast<char>(others[i * kPage] + 1);
  }
}

pthread_mutex_t* make_mutex(char* where, int protocol) {
  auto* mutex = new (where) pthread_mutex_t;
  pthread_mutexattr_t attributes;
  expect(pthread_mutexattr_init(&attributes) == 0, "pthread_mutexattr_init");
  pthread_mutexattr_setprotocol(&attributes, protocol);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  expect(pthread_mutex_init(mutex, &attributes) == 0, "pthread_mutex_init");
  pthread_mutexattr_destroy(&attributes);
  return mutex;
}

// Three mutexes on pages that are remote when their owner ends.
void robust_mutexes(char* memory, int protocol) {
  pthread_mutex_t* mutexes[3];
  for (std::size_t i = 0; i < 3; ++i) {
    mutexes[i] = make_mutex(memory + i * 2 * kPage + 128, protocol);
  }
  std::thread owner([&] {
    for (pthread_mutex_t* mutex : mutexes) {
      expect(pthread_mutex_lock(mutex) == 0, "lock");
    }
    evict();
  });
  owner.join();
  for (pthread_mutex_t* mutex : mutexes) {
    evict();
    timespec end = {};
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 20;
    expect(pthread_mutex_timedlock(mutex, &end) == EOWNERDEAD, "mutex of a dead thread");
    expect(pthread_mutex_consistent(mutex) == 0, "pthread_mutex_consistent");
    expect(pthread_mutex_unlock(mutex) == 0, "unlock");
    expect(pthread_mutex_destroy(mutex) == 0, "pthread_mutex_destroy");
  }
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 2, "arguments: EVICTING-PAGES");
  evicting_pages = std::stoul(argv[1]);
  others = map_pages(evicting_pages);
  char* memory = map_pages(8);
  for (const int protocol : {PTHREAD_PRIO_NONE, PTHREAD_PRIO_INHERIT}) {
    for (int round = 0; round < 20; ++round) {
      robust_mutexes(memory, protocol);
    }
  }
  std::puts("all were heard of");
  return 0;
}
