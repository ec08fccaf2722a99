// SPDX-License-Identifier: GPL-2.0
// Constant strides, found without instruction addresses: accesses are told apart by the zone of
// memory that they fall into (2 MiB), and two equal steps in a row make a stride.
//
// A stride that was found stays until two steps in a row contradict it.
#include "prefetchers/registry.h"
#include "prefetchers/windows.h"

namespace dime::prefetchers {
namespace {

constexpr std::uint32_t kZones = 32;
constexpr unsigned kZoneShift = 9;  // pages

struct Zone {
  std::uint64_t zone;
  std::uint64_t last;    // page
  std::int64_t stride;   // 0 = none yet
  std::int64_t step;     // the last one
  std::uint32_t steady;  // the stride was seen twice in a row, and not contradicted since
  std::uint32_t known;
};

struct Stride {
  std::uint64_t pages;
  Zone zones[kZones];
};

int init(const dime_prefetch_ops* /*self*/, void* state, const dime_prefetch_host* host) {
  static_cast<Stride*>(state)->pages = host->parameters[0];
  return 0;
}

void learn(Zone& zone, std::uint64_t page) {
  const auto step = static_cast<std::int64_t>(page - zone.last);
  if (step == zone.step) {
    zone.stride = step;
    zone.steady = 1;
  } else if (step != zone.stride && zone.step != zone.stride) {
    zone.steady = 0;
  }
  zone.step = step;
  zone.last = page;
}

std::uint32_t propose(void* state, const dime_prefetch_host* /*host*/,
                      const dime_prefetch_event* event, std::uint64_t* pages, std::uint32_t most) {
  auto& self = *static_cast<Stride*>(state);
  const std::uint64_t number = event->page >> kZoneShift;
  Zone& zone = self.zones[number % kZones];
  if (zone.known == 0 || zone.zone != number) {
    zone = {number, event->page, 0, 0, 0, 1};
    return 0;
  }
  if (event->page == zone.last) {
    return 0;
  }
  learn(zone, event->page);
  return propose_along(event->page, static_cast<std::uint64_t>(zone.stride),
                       zone.steady != 0 ? self.pages : 0, pages, most);
}

constexpr dime_policy_parameter kParameters[] = {
    {"pages", "how many along the stride", 8, 1, DIME_PREFETCH_MOST, DIME_UNIT_NUMBER},
};

}  // namespace

extern constexpr dime_prefetch_ops kStride = {
    .name = "stride",
    .summary = "pages along a constant stride, found for each 2 MiB of memory",
    .source = "Palacharla, Kessler, ISCA 1994 (zones)",
    .abi = DIME_PREFETCH_ABI,
    .state_bytes = sizeof(Stride),
    .parameter_count = 1,
    .parameters = kParameters,
    .init = init,
    .propose = propose,
};

}  // namespace dime::prefetchers
