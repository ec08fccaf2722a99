// SPDX-License-Identifier: GPL-2.0
// Goes round PAGES pages for MILLISECONDS and verifies and rewrites each (or, with `read`, verifies
// only): touch_gaps PAGES MILLISECONDS [read]. Prints one JSON line with the number of touches, the
// longest time between two of them, and when that began and ended, in nanoseconds of
// CLOCK_MONOTONIC.
#include <chrono>
#include <cinttypes>
#include <string>

#include "pages.h"

namespace {

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 3 || argc == 4, "arguments: PAGES MILLISECONDS [read]");
  const std::size_t pages = std::stoul(argv[1]);
  const bool reads = argc == 4;
  char* region = map_pages(pages);
  for (std::size_t i = 0; i < pages; ++i) {
    fill_page(region + i * kPage, i, 1);
  }
  const std::int64_t end = now_ns() + std::stol(argv[2]) * 1'000'000;
  std::int64_t last = now_ns();
  std::int64_t longest = 0;
  std::int64_t longest_end = 0;
  std::uint64_t touches = 0;
  for (std::uint64_t version = 1; last < end; ++version) {
    for (std::size_t i = 0; i < pages && last < end; ++i, ++touches) {
      char* const page = region + i * kPage;
      const std::uint64_t there = reads ? 1 : version;
      expect(page_is(page, i, there), "page", i);
      if (!reads) {
        fill_page(page, i, version + 1);
      }
      const std::int64_t now = now_ns();
      if (now - last > longest) {
        longest = now - last;
        longest_end = now;
      }
      last = now;
    }
  }
  std::printf("{\"touches\": %" PRIu64 ", \"longest\": %" PRId64 ", \"from\": %" PRId64
              ", \"to\": %" PRId64 "}\n",
              touches, longest, longest_end - longest, longest_end);
  return 0;
}
