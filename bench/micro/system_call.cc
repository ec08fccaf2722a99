// SPDX-License-Identifier: GPL-2.0
// What a rewritten system-call site costs: ns per call of the C library natively and through an
// empty hook, and what it costs to patch a process.
//
// Each figure is the least of many short rounds, because other load only ever adds.
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "engines/user/agent/patch/patch.h"
#include "engines/user/sites/site_cache.h"

namespace {

using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;
namespace patch = dime::agent::patch;

constexpr int kRounds = 300;
constexpr int kCalls = 2000;

double nanos_since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

template <class Call>
double least_ns(const Call& call) {
  double least = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = Clock::now();
    for (int i = 0; i < kCalls; ++i) {
      call();
    }
    least = std::min(least, nanos_since(start) / kCalls);
  }
  return least;
}

struct Measured {
  const char* name;
  double (*measure)();
};

const Measured kMeasured[] = {
    {"getppid", [] { return least_ns([] { ::getppid(); }); }},
    {"syscall(SYS_getppid)", [] { return least_ns([] { ::syscall(110); }); }},
    {"read 1 byte, /dev/zero",
     [] {
       const int zero = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
       char byte = 1;
       const double least = least_ns([&] { (void)!::read(zero, &byte, 1); });
       ::close(zero);
       return least;
     }},
};

const char* const kLibraries[] = {"/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"};

void patch_all(const std::string& folder) {
  patch::set_hook(dime_raw_forward);
  for (const char* const library : kLibraries) {
    const auto start = Clock::now();
    const auto table = dime::sites::site_table_for(library, folder);
    const double decoded = nanos_since(start);
    if (!table) {
      fmt::print(stderr, "system_call: {}\n", table.error().message);
      std::_Exit(1);
    }
    const auto again = Clock::now();
    (void)dime::sites::site_table_for(library, folder);
    const double cached = nanos_since(again);
    const auto apply = Clock::now();
    if (const long error = patch::apply(table->c_str()); error != 0) {
      fmt::print(stderr, "system_call: patching {}: error {}\n", library, -error);
      std::_Exit(1);
    }
    fmt::print("{:<36} decode {:>8.0f} us   from the cache {:>5.0f} us   patch {:>5.0f} us\n",
               library, decoded / 1000, cached / 1000, nanos_since(apply) / 1000);
  }
}

}  // namespace

int main() {
  std::vector<double> native;
  for (const Measured& measured : kMeasured) {
    native.push_back(measured.measure());
  }
  std::string folder = fs::temp_directory_path() / "dime-bench-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) {
    fmt::print(stderr, "system_call: no folder for the tables\n");
    return 1;
  }
  patch_all(folder);
  fs::remove_all(folder);
  const patch::Counters sites = patch::counters();
  fmt::print("{} sites patched, {} left on purpose, {} refused\n\n", sites.patched, sites.left,
             sites.refused);
  fmt::print("{:<28}{:>10}{:>10}{:>10}{:>10}\n", "ns per call, least", "native", "hooked", "more",
             "ratio");
  for (std::size_t i = 0; i < native.size(); ++i) {
    const double hooked = kMeasured[i].measure();
    fmt::print("{:<28}{:>10.1f}{:>10.1f}{:>10.1f}{:>10.2f}\n", kMeasured[i].name, native[i], hooked,
               hooked - native[i], hooked / native[i]);
  }
  return 0;
}
