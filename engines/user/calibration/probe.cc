// SPDX-License-Identifier: GPL-2.0
// dime-probe THREADS SAMPLES NANOSECONDS tsc|clock read|write: touches pages in a cycle under the
// agent and times each.
//
// It begins when its standard input ends. Every thread has more pages of its own than the instance
// may keep local, so under FIFO each touch is a remote access. What is timed is one load or store.
// The samples of all threads go to standard output as 64-bit numbers. Sizes agree with
// calibration.cc (kProbeLocalPages).
#include <sys/mman.h>
#include <unistd.h>
#include <x86intrin.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kPages = 320;
// Until the agent runs on one thread only, and start-up is over.
constexpr std::size_t kWarmUp = 128;

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

// Nothing but registers is used between the two readings: a stack or data page that went remote
// meanwhile would be fetched within the measurement.
struct TimeStampCounter {
  static std::uint64_t read() {
    _mm_lfence();
    const std::uint64_t ticks = __rdtsc();
    _mm_lfence();
    return ticks;
  }
};

struct MonotonicClock {
  static std::uint64_t read() { return now_ns(); }
};

struct Load {
  static void touch(volatile unsigned char* page) { static_cast<void>(*page); }
};

struct Store {
  static void touch(volatile unsigned char* page) { *page = 1; }
};

template <class Ticks, class Access>
std::vector<std::uint64_t> measure(std::size_t most_samples, std::uint64_t most_ns) {
  std::vector<std::uint64_t> samples;
  samples.reserve(most_samples);
  void* const area = ::mmap(nullptr, kPages * kPageBytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (area == MAP_FAILED) {
    return samples;
  }
  auto* const bytes = static_cast<volatile unsigned char*>(area);
  for (std::size_t i = 0; i < kPages; ++i) {
    bytes[i * kPageBytes] = 1;
  }
  for (std::size_t i = 0; i < kWarmUp; ++i) {
    Access::touch(&bytes[i * kPageBytes]);
  }
  const std::uint64_t start_ns = now_ns();
  const std::uint64_t start_ticks = Ticks::read();
  std::uint64_t end_ns = start_ns;
  for (std::size_t i = kWarmUp; samples.size() < most_samples && end_ns < start_ns + most_ns; ++i) {
    volatile unsigned char* const page = &bytes[i % kPages * kPageBytes];
    const std::uint64_t before = Ticks::read();
    Access::touch(page);
    const std::uint64_t after = Ticks::read();
    samples.push_back(after - before);
    end_ns = now_ns();
  }
  const auto ticks = static_cast<double>(Ticks::read() - start_ticks);
  const double ns_per_tick = static_cast<double>(now_ns() - start_ns) / ticks;
  for (std::uint64_t& sample : samples) {
    sample = static_cast<std::uint64_t>(static_cast<double>(sample) * ns_per_tick);
  }
  ::munmap(area, kPages * kPageBytes);
  return samples;
}

bool write_all(const std::vector<std::uint64_t>& samples) {
  const char* at = reinterpret_cast<const char*>(samples.data());
  for (std::size_t left = samples.size() * sizeof samples[0]; left != 0;) {
    const ssize_t written = ::write(STDOUT_FILENO, at, left);
    if (written <= 0) {
      return false;
    }
    at += written;
    left -= static_cast<std::size_t>(written);
  }
  return true;
}

}  // namespace

int main(int count, char** words) {
  if (count != 6) {
    return EXIT_FAILURE;
  }
  const std::size_t threads = std::strtoul(words[1], nullptr, 10);
  const std::size_t most_samples = std::strtoul(words[2], nullptr, 10);
  const std::uint64_t most_ns = std::strtoull(words[3], nullptr, 10);
  const bool by_counter = std::string_view(words[4]) == "tsc";
  char go = 0;
  while (::read(STDIN_FILENO, &go, sizeof go) > 0) {
  }
  const bool reads = std::string_view(words[5]) == "read";
  const auto measure_one =
      by_counter ? reads ? measure<TimeStampCounter, Load> : measure<TimeStampCounter, Store>
      : reads ? measure<MonotonicClock, Load>
                 : measure<MonotonicClock, Store>;
  std::vector<std::vector<std::uint64_t>> samples(threads);
  std::vector<std::thread> others;
  for (std::size_t i = 1; i < threads; ++i) {
    others.emplace_back([&, i] { samples[i] = measure_one(most_samples, most_ns); });
  }
  samples[0] = measure_one(most_samples, most_ns);
  for (std::thread& other : others) {
    other.join();
  }
  for (const auto& part : samples) {
    if (!write_all(part)) {
      return EXIT_FAILURE;
    }
  }
  return EXIT_SUCCESS;
}
