// SPDX-License-Identifier: GPL-2.0
// One instruction takes three cycles and can start every cycle, so four quarters of the page are
// summed side by side. The sums are joined by something that is not linear (the end of
// MurmurHash3), or words that change their places between two quarters would not be seen.
#include "engines/user/agent/page_sum.h"

#include <cpuid.h>

#include "core/units.h"

namespace dime::agent::page_sum {
namespace {

constexpr std::uint64_t kWords = kPageBytes / sizeof(std::uint64_t) / 4;
constexpr std::uint64_t kLine = 64;

std::uint64_t add(std::uint64_t sum, std::uint64_t word) {
  __asm__("crc32q %1, %0" : "+r"(sum) : "rm"(word));
  return sum;
}

/// Each result has one origin.
std::uint32_t mix(std::uint64_t sum) {
  auto x = static_cast<std::uint32_t>(sum);
  x = (x ^ (x >> 16)) * 0x85ebca6bu;
  x = (x ^ (x >> 13)) * 0xc2b2ae35u;
  return x ^ (x >> 16);
}

}  // namespace

bool is_available() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSE4_2) != 0;
}

std::uint32_t of(const void* page) {
  const auto* words = static_cast<const std::uint64_t*>(page);
  for (std::uint64_t line = 0; line < kPageBytes; line += kLine) {
    __builtin_prefetch(static_cast<const char*>(page) + line);
  }
  std::uint64_t first = 1;
  std::uint64_t second = 2;
  std::uint64_t third = 3;
  std::uint64_t fourth = 4;
  for (const std::uint64_t* const end = words + kWords; words != end; ++words) {
    first = add(first, words[0]);
    second = add(second, words[kWords]);
    third = add(third, words[2 * kWords]);
    fourth = add(fourth, words[3 * kWords]);
  }
  const std::uint32_t sum =
      mix(mix(mix(first) ^ second) ^ third) ^ static_cast<std::uint32_t>(fourth);
  return sum < kUnknown ? sum : sum - kUnknown;
}

}  // namespace dime::agent::page_sum
