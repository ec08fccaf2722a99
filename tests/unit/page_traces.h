// SPDX-License-Identifier: GPL-2.0
// Two sequences of page references for which other people's programs have counted the misses: a
// skewed one, and one whose working set moves on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace dime::test {

/// Knuth's MMIX congruence (The Art of Computer Programming, volume 2, 3.3.4): its upper 31 bits.
class Congruence {
 public:
  explicit Congruence(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return state_ >> 33;
  }

 private:
  std::uint64_t state_;
};

inline constexpr std::uint32_t kTraceReferences = 100'000;

/// Page of rank r with a weight of 1/r, 4,999 pages (a prime), scattered by a multiplication.
inline std::vector<std::uint32_t> zipf_trace() {
  constexpr std::uint64_t kPages = 4'999;
  std::vector<std::uint64_t> weights;
  std::uint64_t sum = 0;
  for (std::uint64_t rank = 1; rank <= kPages; ++rank) {
    sum += 1'000'000'000 / rank;
    weights.push_back(sum);
  }
  Congruence draw(1);
  std::vector<std::uint32_t> trace;
  for (std::uint32_t i = 0; i < kTraceReferences; ++i) {
    const std::uint64_t high = draw.next();
    const std::uint64_t value = ((high << 31) | draw.next()) % sum;
    const auto rank = static_cast<std::uint64_t>(
        std::upper_bound(weights.begin(), weights.end(), value) - weights.begin());
    trace.push_back(static_cast<std::uint32_t>(rank * 7'919 % kPages));
  }
  return trace;
}

/// The lesser of two draws among 1,200 pages, which start 400 further on every 20,000 references.
inline std::vector<std::uint32_t> phases_trace() {
  Congruence draw(3);
  std::vector<std::uint32_t> trace;
  for (std::uint32_t i = 0; i < kTraceReferences; ++i) {
    const std::uint64_t one = draw.next() % 1'200;
    const std::uint64_t other = draw.next() % 1'200;
    trace.push_back(i / 20'000 * 400 + static_cast<std::uint32_t>(std::min(one, other)));
  }
  return trace;
}

/// FNV-1a of the numbers, to notice a generator that went astray.
inline std::uint64_t hash_of(const std::vector<std::uint32_t>& trace) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const std::uint32_t page : trace) {
    hash = (hash ^ page) * 0x100000001b3u;
  }
  return hash;
}

}  // namespace dime::test
