// SPDX-License-Identifier: GPL-2.0
// Pages whose content tells where and when it was written, so that a page that is lost, swapped
// with another or old is noticed.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

inline constexpr std::size_t kPage = 4096;
inline constexpr std::size_t kWords = kPage / sizeof(std::uint64_t);

/// Ends the program with status 1 and a message unless `good`.
inline void expect(bool good, const char* what, std::uint64_t detail = 0) {
  if (!good) {
    std::fprintf(stderr, "wrong: %s (%llu)\n", what, static_cast<unsigned long long>(detail));
    std::_Exit(1);
  }
}

inline std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

/// Writes the content of page `index` in version `version`.
inline void fill_page(void* page, std::uint64_t index, std::uint64_t version) {
  auto* words = static_cast<std::uint64_t*>(page);
  for (std::size_t i = 0; i < kWords; ++i) {
    words[i] = mix(index * kWords + i + (version << 40U));
  }
}

inline bool page_is(const void* page, std::uint64_t index, std::uint64_t version) {
  const auto* words = static_cast<const std::uint64_t*>(page);
  for (std::size_t i = 0; i < kWords; ++i) {
    if (words[i] != mix(index * kWords + i + (version << 40U))) {
      return false;
    }
  }
  return true;
}

inline bool page_is_zero(const void* page) {
  const auto* words = static_cast<const std::uint64_t*>(page);
  for (std::size_t i = 0; i < kWords; ++i) {
    if (words[i] != 0) {
      return false;
    }
  }
  return true;
}

/// Private anonymous memory of `pages` pages.
inline char* map_pages(std::size_t pages) {
  void* memory =
      mmap(nullptr, pages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  expect(memory != MAP_FAILED, "mmap", pages);
  return static_cast<char*>(memory);
}
