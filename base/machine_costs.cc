// SPDX-License-Identifier: GPL-2.0
#include "base/machine_costs.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <thread>

#include "base/unique_fd.h"

namespace dime {
namespace {

using Clock = std::chrono::steady_clock;

// On machine A of docs/accuracy.md.
constexpr MachineCosts kReference{1'100, 1'200, 1'600, 30'000, 100, 30};
constexpr double kMostSlowness = 50;

// The mean time of one of the `steps` that `batch()` does at once, over `time`.
template <class Batch>
double mean_ns(std::chrono::milliseconds time, unsigned steps, Batch batch) {
  std::uint64_t batches = 0;
  const Clock::time_point begin = Clock::now();
  Clock::time_point now = begin;
  do {
    batch();
    ++batches;
    now = Clock::now();
  } while (now - begin < time);
  return std::chrono::duration<double, std::nano>(now - begin).count() /
         static_cast<double>(batches * steps);
}

// The least mean of one of the `steps` of a batch, over some short batches: what the machine takes
// while it is left alone.
template <class Batch>
double quiet_ns(unsigned steps, Batch batch) {
  constexpr int kBatches = 16;
  double least = 0;
  for (int i = 0; i < kBatches; ++i) {
    const double each = mean_ns(std::chrono::milliseconds(0), steps, batch);
    least = i == 0 ? each : std::min(least, each);
  }
  return least;
}

double spin(std::chrono::milliseconds time) {
  volatile std::uint64_t seed = 1;
  return mean_ns(time, 10, [&seed] {
    std::uint64_t value = seed;
    for (unsigned i = 0; i < 10'000; ++i) {
      value = value * 6364136223846793005u + 1442695040888963407u;
    }
    seed = value;
  });
}

// measure(steps, batch) is called with a batch of first touches.
template <class Measure>
double fault(Measure measure) {
  constexpr std::size_t kPages = 64;
  constexpr std::size_t kPageBytes = 4096;
  void* const area = ::mmap(nullptr, kPages * kPageBytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (area == MAP_FAILED) {
    return kReference.fault_ns;
  }
  ::madvise(area, kPages * kPageBytes, MADV_NOHUGEPAGE);
  auto* const bytes = static_cast<volatile unsigned char*>(area);
  const double each = measure(unsigned{kPages}, [&] {
    for (std::size_t i = 0; i < kPages; ++i) {
      bytes[i * kPageBytes] = 1;
    }
    ::madvise(area, kPages * kPageBytes, MADV_DONTNEED);
  });
  ::munmap(area, kPages * kPageBytes);
  return each;
}

template <class Measure>
double signal_to_oneself(Measure measure) {
  constexpr unsigned kSignals = 32;
  struct sigaction before {};
  struct sigaction action {};
  action.sa_handler = [](int) {};
  if (::sigaction(SIGURG, &action, &before) != 0) {
    return kReference.signal_ns;
  }
  const double each = measure(kSignals, [] {
    for (unsigned i = 0; i < kSignals; ++i) {
      static_cast<void>(::raise(SIGURG));
    }
  });
  ::sigaction(SIGURG, &before, nullptr);
  return each;
}

// Two threads on different processors, if there are two, for as long as it lives.
class Apart {
 public:
  Apart() : known_(::sched_getaffinity(0, sizeof all_, &all_) == 0) {
    for (int i = 0; known_ && i < CPU_SETSIZE; ++i) {
      if (CPU_ISSET(i, &all_)) {
        second_ = first_ >= 0 && second_ < 0 ? i : second_;
        first_ = first_ < 0 ? i : first_;
      }
    }
    use(first_);
  }
  ~Apart() {
    if (known_) {
      ::sched_setaffinity(0, sizeof all_, &all_);
    }
  }
  Apart(const Apart&) = delete;
  Apart& operator=(const Apart&) = delete;

  /// Called by the second thread.
  void use_second() const { use(second_); }

 private:
  static void use(int cpu) {
    if (cpu >= 0) {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(cpu, &one);
      ::sched_setaffinity(0, sizeof one, &one);
    }
  }

  cpu_set_t all_{};
  int first_ = -1;
  int second_ = -1;
  bool known_;
};

// Two threads that wake each other in turn: a round trip is two wakes.
double wake(std::chrono::milliseconds time) {
  const Apart apart;
  int there[2];
  int back[2];
  if (::pipe2(there, O_CLOEXEC) != 0) {
    return kReference.wake_ns;
  }
  const UniqueFd there_reader(there[0]);
  UniqueFd there_writer(there[1]);
  if (::pipe2(back, O_CLOEXEC) != 0) {
    return kReference.wake_ns;
  }
  const UniqueFd back_reader(back[0]);
  const UniqueFd back_writer(back[1]);
  std::thread other([&] {
    apart.use_second();
    char byte = 0;
    while (::read(there_reader.get(), &byte, 1) == 1 && ::write(back_writer.get(), &byte, 1) == 1) {
    }
  });
  const double each = mean_ns(time, 2, [&] {
    char byte = 0;
    if (::write(there_writer.get(), &byte, 1) == 1) {
      static_cast<void>(::read(back_reader.get(), &byte, 1));
    }
  });
  there_writer.reset();
  other.join();
  return each;
}

}  // namespace

MachineCosts measure_costs(std::chrono::milliseconds each) {
  MachineCosts costs{};
  costs.spin_ns = spin(each);
  const auto mean = [each](unsigned steps, auto batch) { return mean_ns(each, steps, batch); };
  costs.fault_ns = fault(mean);
  costs.signal_ns = signal_to_oneself(mean);
  costs.wake_ns = wake(each);
  costs.system_call_ns = mean_ns(each, 1, [] { ::syscall(SYS_getppid); });
  costs.clock_ns = mean_ns(each, 100, [] {
    for (int i = 0; i < 100; ++i) {
      static_cast<void>(Clock::now());
    }
  });
  return costs;
}

QuietCosts measure_quiet_costs() {
  const auto quiet = [](unsigned steps, auto batch) { return quiet_ns(steps, batch); };
  return {fault(quiet), signal_to_oneself(quiet)};
}

double slowness(const MachineCosts& costs) {
  const auto times = [](double here, double reference) { return std::max(here / reference, 1.0); };
  // Geometric, because a wake behind a busy thread takes as long as that thread's time slice.
  const double product =
      times(costs.spin_ns, kReference.spin_ns) * times(costs.fault_ns, kReference.fault_ns) *
      times(costs.signal_ns, kReference.signal_ns) * times(costs.wake_ns, kReference.wake_ns);
  return std::min(std::sqrt(std::sqrt(product)), kMostSlowness);
}

std::uint64_t suggested_latency(std::uint64_t floor_ns) {
  constexpr std::uint64_t kLeast = 20'000;
  const std::uint64_t wanted = std::max(floor_ns + floor_ns * 3 / 10, kLeast);
  const std::uint64_t step = wanted <= 50'000 ? 5'000 : wanted <= 100'000 ? 10'000 : 50'000;
  return (wanted + step - 1) / step * step;
}

}  // namespace dime
