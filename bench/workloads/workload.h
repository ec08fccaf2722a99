// SPDX-License-Identifier: GPL-2.0
// What the workloads share: their options, a generator of numbers, and how they end.
//
//   NAME [--size 64MiB] [--rounds N] [--seed N]
//
// A workload works on about `size` bytes, checks what it computed, and prints one line on standard
// output that depends on the options alone, so that runs can be compared; how long the part behind
// the set-up took goes to standard error. Status 0: computed rightly, 1: not, 2: wrong options.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace workload {

struct Options {
  std::size_t bytes = 64u << 20u;
  unsigned rounds = 1;
  std::uint64_t seed = 1;
};

[[noreturn]] inline void refuse(const std::string& what) {
  std::fprintf(stderr, "%s; allowed: [--size SIZE(KiB, MiB or GiB)] [--rounds N] [--seed N]\n",
               what.c_str());
  std::exit(2);
}

inline std::uint64_t number_of(const std::string& option, const std::string& text, bool with_unit) {
  char* end = nullptr;
  const std::uint64_t number = std::strtoull(text.c_str(), &end, 10);
  const std::string unit = end;
  const unsigned shift = unit == "KiB" ? 10 : unit == "MiB" ? 20 : unit == "GiB" ? 30 : 0;
  if (end == text.c_str() || text[0] == '-' || (shift == 0) == with_unit || number == 0 ||
      number > (std::uint64_t{1} << 32u) || (!with_unit && !unit.empty())) {
    refuse(option + " " + text);
  }
  return number << shift;
}

inline Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string option = argv[i];
    const std::string value = i + 1 < argc ? argv[i + 1] : "";
    if (option == "--size") {
      options.bytes = number_of(option, value, true);
    } else if (option == "--rounds") {
      options.rounds = static_cast<unsigned>(number_of(option, value, false));
    } else if (option == "--seed") {
      options.seed = number_of(option, value, false);
    } else {
      refuse(option);
    }
  }
  return options;
}

/// splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30u)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27u)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31u);
  }

  /// From 0 to `end` - 1.
  std::uint64_t below(std::uint64_t end) {
    return static_cast<std::uint64_t>((static_cast<__uint128_t>(next()) * end) >> 64u);
  }

  /// From 0 to 1, without 1.
  double unit() { return static_cast<double>(next() >> 11u) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

/// Mixes a number into a sum that depends on the order.
inline std::uint64_t mixed(std::uint64_t sum, std::uint64_t number) {
  return (sum ^ number) * 0x100000001B3u;
}

class Timer {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Prints the result; the status of the program.
inline int finish(const char* name, bool right, std::uint64_t sum, double seconds) {
  std::printf("%s: %s, sum %016llx\n", name, right ? "right" : "WRONG",
              static_cast<unsigned long long>(sum));
  std::fprintf(stderr, "%s: %.6f s\n", name, seconds);
  return right ? 0 : 1;
}

}  // namespace workload
