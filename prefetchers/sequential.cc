// SPDX-License-Identifier: GPL-2.0
// The next N pages, at a remote access and at the first touch of a prefetched page ("tagged
// prefetch"): a scan that has begun stays N pages ahead.
#include "prefetchers/registry.h"
#include "prefetchers/windows.h"

namespace dime::prefetchers {
namespace {

struct Sequential {
  std::uint64_t pages;
};

int init(const dime_prefetch_ops* /*self*/, void* state, const dime_prefetch_host* host) {
  static_cast<Sequential*>(state)->pages = host->parameters[0];
  return 0;
}

std::uint32_t propose(void* state, const dime_prefetch_host* /*host*/,
                      const dime_prefetch_event* event, std::uint64_t* pages, std::uint32_t most) {
  return propose_along(event->page, 1, static_cast<Sequential*>(state)->pages, pages, most);
}

constexpr dime_policy_parameter kParameters[] = {
    {"pages", "how many", 8, 1, DIME_PREFETCH_MOST, DIME_UNIT_NUMBER},
};

}  // namespace

extern constexpr dime_prefetch_ops kSequential = {
    .name = "sequential",
    .summary = "the next pages, sequential:8 for 8 of them",
    .source = "Gindele, IBM TDB 1977 (tagged prefetch)",
    .abi = DIME_PREFETCH_ABI,
    .state_bytes = sizeof(Sequential),
    .parameter_count = 1,
    .parameters = kParameters,
    .init = init,
    .propose = propose,
};

}  // namespace dime::prefetchers
