// SPDX-License-Identifier: GPL-2.0
// real_time SECONDS [fifo]: a thread that wakes up often and touches three pages each time, and one
// that touches pages all the time, on one processor; with `fifo` the first has a real-time
// priority. Prints how often the first one woke up. Status 77: not permitted.
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "pages.h"

namespace {

constexpr std::size_t kPages = 400;
unsigned char* memory = nullptr;

// Any page, by a linear congruential generator.
void touch_one(std::uint32_t& state, std::size_t offset) {
  constexpr std::uint32_t kFactor = 1103515245;
  state = state * kFactor + 12345;
  ++memory[(state >> 8U) % kPages * kPage + offset];
}

void use_one_processor() {
  cpu_set_t allowed;
  sched_getaffinity(0, sizeof allowed, &allowed);
  int last = 0;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    last = CPU_ISSET(i, &allowed) ? i : last;
  }
  CPU_ZERO(&allowed);
  CPU_SET(last, &allowed);
  expect(sched_setaffinity(0, sizeof allowed, &allowed) == 0, "sched_setaffinity");
}

}  // namespace

int main(int count, char** arguments) {
  use_one_processor();
  memory = reinterpret_cast<unsigned char*>(map_pages(kPages));
  std::atomic<bool> ends{false};
  std::thread normal([&ends] {
    std::uint32_t state = 7;
    while (!ends) {
      touch_one(state, 8);
    }
  });
  sched_param priority{};
  priority.sched_priority = 10;
  if (count > 2 && pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority) != 0) {
    std::puts("no real-time priority is permitted");
    std::_Exit(77);
  }
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::seconds(std::strtol(arguments[1], nullptr, 10));
  std::uint32_t state = 1;
  int bursts = 0;
  for (; std::chrono::steady_clock::now() < end; ++bursts) {
    usleep(777);
    for (int i = 0; i < 3; ++i) {
      touch_one(state, 0);
    }
  }
  ends = true;
  normal.join();
  std::printf("%d\n", bursts);
  return 0;
}
