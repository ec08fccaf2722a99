// SPDX-License-Identifier: GPL-2.0
// Linux's read-ahead of swapped pages by virtual neighbours (mm/swap_state.c, swap_vma_readahead
// and
// __swapin_nr_pages, since 4.14).
//
// The window is the first touches of prefetched pages since the last read-ahead, plus 2; if that is
// 2 and the page is no neighbour of the last one, 1; else rounded up to a power of two of at least
// 4; at most 2^page-cluster; never below half of the last window. It lies ahead of the page in the
// direction of the last step, and around it where that was no neighbour. It does not leave the page
// table (2 MiB). Linux keeps this for each mapping; here it is for each 64 MiB of address space.
#include <bit>

#include "prefetchers/registry.h"
#include "prefetchers/windows.h"

namespace dime::prefetchers {
namespace {

constexpr std::uint32_t kAreas = 64;
constexpr unsigned kAreaShift = 14;  // pages
constexpr std::uint64_t kPerTable = 512;
constexpr std::uint32_t kFirstHits = 4;  // GET_SWAP_RA_VAL
constexpr std::uint32_t kMostHits = 63;  // SWAP_RA_HITS_MAX

struct Area {
  std::uint64_t page;    // of the last fault or hit
  std::uint32_t window;  // the last one
  std::uint32_t hits;
  std::uint32_t area;  // its number + 1; 0 = none
};

struct Linux {
  std::uint64_t most;
  Area areas[kAreas];
};

int init(const dime_prefetch_ops* /*self*/, void* state, const dime_prefetch_host* host) {
  static_cast<Linux*>(state)->most = std::uint64_t{1} << host->parameters[0];
  return 0;
}

Area& area_of(Linux& self, std::uint64_t page) {
  const auto number = static_cast<std::uint32_t>(page >> kAreaShift) + 1;
  Area& area = self.areas[number % kAreas];
  if (area.area != number) {
    area = {0, 0, kFirstHits, number};
  }
  return area;
}

std::uint64_t window_of(const Area& area, std::uint64_t page, std::uint64_t most) {
  const std::uint64_t alone = page == area.page + 1 || page + 1 == area.page ? 2 : 1;
  const std::uint64_t wanted = area.hits == 0 ? alone : std::bit_ceil(std::uint64_t{area.hits} + 2);
  return window_after(area.window, wanted, most);
}

std::uint32_t propose(void* state, const dime_prefetch_host* /*host*/,
                      const dime_prefetch_event* event, std::uint64_t* pages, std::uint32_t most) {
  auto& self = *static_cast<Linux*>(state);
  const std::uint64_t page = event->page;
  Area& area = area_of(self, page);
  if (event->why == DIME_PREFETCH_USED) {
    area.page = page;
    area.hits += area.hits < kMostHits ? 1 : 0;
    return 0;
  }
  const std::uint64_t window = window_of(area, page, self.most);
  std::uint64_t begin = page - (window - 1) / 2;
  if (page == area.page + 1) {
    begin = page;
  } else if (page + 1 == area.page) {
    begin = page + 1 - window;
  }
  area = {page, static_cast<std::uint32_t>(window), 0, area.area};
  const std::uint64_t table = page & ~(kPerTable - 1);
  std::uint32_t count = 0;
  for (std::uint64_t at = begin; at != begin + window && count < most; ++at) {
    if (at != page && (at & ~(kPerTable - 1)) == table) {
      pages[count++] = at;
    }
  }
  return count;
}

constexpr dime_policy_parameter kParameters[] = {
    {"page-cluster", "the largest window is 2 to the power of it", 3, 1, 5, DIME_UNIT_NUMBER},
};

}  // namespace

extern constexpr dime_prefetch_ops kLinux = {
    .name = "linux",
    .summary = "Linux's swap read-ahead: neighbours, as many as were of use lately, 8 at most",
    .source = "Linux 4.14, Huang Ying (VMA-based swap readahead)",
    .abi = DIME_PREFETCH_ABI,
    .state_bytes = sizeof(Linux),
    .parameter_count = 1,
    .parameters = kParameters,
    .init = init,
    .propose = propose,
};

}  // namespace dime::prefetchers
