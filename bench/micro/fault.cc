// SPDX-License-Identifier: GPL-2.0
// What the mechanism costs: ns per remote access at zero latency for 1, 2 and 4 threads, as ratios
// to a plain anonymous fault and to a SIGSEGV round trip that are measured right before.
//
// The remote accesses are those of bench/workloads/remote_access under `dime run` from the same
// build folder. Three rounds; the round with the median p50 is shown, because one round in a while
// meets another load of the machine.
#include <fmt/core.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr std::size_t kPage = 4096;
constexpr std::size_t kSamples = 20'000;
constexpr int kRounds = 3;

struct Times {
  double p50 = 0;
  double mean = 0;
  double p99 = 0;
};

Times times_of(std::vector<double>& samples) {
  std::sort(samples.begin(), samples.end());
  const double sum = std::accumulate(samples.begin(), samples.end(), 0.0);
  return {samples[samples.size() / 2], sum / static_cast<double>(samples.size()),
          samples[samples.size() * 99 / 100]};
}

double nanos_since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

char* map(std::size_t pages, int protection) {
  void* memory = mmap(nullptr, pages * kPage, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("mmap");
    std::_Exit(1);
  }
  madvise(memory, pages * kPage, MADV_NOHUGEPAGE);
  return static_cast<char*>(memory);
}

// A small area again and again: pages that the kernel has just got back. In a virtual machine a
// page that was free for long is missing in the host too, and its first touch costs ten times as
// much.
Times anonymous_fault() {
  constexpr std::size_t kPages = 200;
  char* memory = map(kPages, PROT_READ | PROT_WRITE);
  std::vector<double> samples(kSamples);
  for (std::size_t i = 0; i < kSamples; ++i) {
    if (i % kPages == 0) {
      madvise(memory, kPages * kPage, MADV_DONTNEED);
    }
    const auto start = Clock::now();
    *static_cast<volatile char*>(memory + i % kPages * kPage) = 1;
    samples[i] = nanos_since(start);
  }
  munmap(memory, kPages * kPage);
  return times_of(samples);
}

// The handler steps over the load, which is three bytes long in this encoding: movzbl (%rdi),%eax.
constexpr int kLoadBytes = 3;

void step_over(int, siginfo_t*, void* context) {
  static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP] += kLoadBytes;
}

Times segv_round_trip() {
  struct sigaction action = {};
  struct sigaction before = {};
  action.sa_sigaction = step_over;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, &before);
  char* memory = map(1, PROT_NONE);
  std::vector<double> samples(kSamples);
  for (double& sample : samples) {
    const auto start = Clock::now();
    asm volatile("movzbl (%%rdi),%%eax" : : "D"(memory) : "eax", "memory");
    sample = nanos_since(start);
  }
  munmap(memory, kPage);
  sigaction(SIGSEGV, &before, nullptr);
  return times_of(samples);
}

// Runs `dime run ... remote_access` and reads its line; the summary goes to our standard error only
// when it fails.
Times remote_access(const fs::path& build, int threads, bool reads) {
  const std::string command = fmt::format(
      "'{0}/bin/dime' run --allow-floor --latency 0ns --bandwidth unlimited --local {1}p -- "
      "'{0}/bench/workloads/remote_access' {2} 2000 20000 {3} 2>'{0}/bench/micro/fault.err'",
      build.string(), 1000, threads, reads ? "read" : "");
  FILE* pipe = popen(command.c_str(), "re");
  std::array<char, 4096> line = {};
  const bool read = pipe != nullptr && std::fgets(line.data(), line.size(), pipe) != nullptr;
  if (pipe == nullptr || pclose(pipe) != 0 || !read) {
    fmt::print(stderr, "fault: dime run failed, see {}/bench/micro/fault.err\n", build.string());
    std::_Exit(1);
  }
  const auto again = nlohmann::json::parse(line.data())["again"];
  return {again["p50"], again["mean"], again["p99"]};
}

Times median(std::vector<Times>& rounds) {
  std::sort(rounds.begin(), rounds.end(),
            [](const Times& a, const Times& b) { return a.p50 < b.p50; });
  return rounds[rounds.size() / 2];
}

void print(const std::string& name, const Times& times, const Times& fault, const Times& segv) {
  fmt::print("{:<28}{:>10.0f}{:>10.0f}{:>10.0f}{:>12.2f}{:>12.2f}\n", name, times.p50, times.mean,
             times.p99, times.p50 / fault.p50, times.p50 / segv.p50);
}

}  // namespace

int main() {
  const fs::path build =
      fs::read_symlink("/proc/self/exe").parent_path().parent_path().parent_path();
  struct Kind {
    const char* name;
    int threads;
    bool reads;
  };
  constexpr std::array<Kind, 4> kKinds = {
      Kind{"remote read, 1 thread", 1, true}, Kind{"remote write, 1 thread", 1, false},
      Kind{"remote write, 2 threads", 2, false}, Kind{"remote write, 4 threads", 4, false}};
  std::vector<Times> faults;
  std::vector<Times> segvs;
  std::array<std::vector<Times>, kKinds.size()> remotes;
  for (int round = 0; round < kRounds; ++round) {
    faults.push_back(anonymous_fault());
    segvs.push_back(segv_round_trip());
    for (std::size_t i = 0; i < kKinds.size(); ++i) {
      remotes[i].push_back(remote_access(build, kKinds[i].threads, kKinds[i].reads));
    }
  }
  const Times fault = median(faults);
  const Times segv = median(segvs);
  fmt::print("{:<28}{:>10}{:>10}{:>10}{:>12}{:>12}\n", "ns", "p50", "mean", "p99", "p50/fault",
             "p50/SIGSEGV");
  print("anonymous fault", fault, fault, segv);
  print("SIGSEGV round trip", segv, fault, segv);
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    print(kKinds[i].name, median(remotes[i]), fault, segv);
  }
  return 0;
}
