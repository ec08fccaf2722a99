// SPDX-License-Identifier: GPL-2.0
// Leap (Al Maruf, Chowdhury, ATC 2020): the majority of the last steps, however much is mixed in.
//
// The last 32 steps between accesses are kept. The step that more than half of the last 8 have,
// else of the last 16, else of the last 32, is the trend (Boyer-Moore), and pages along it are
// fetched. Where there is none, as many pages along the last trend, as the paper's speculation
// does. How many: the first touches of prefetched pages since the last fetch, plus 1, rounded up to
// a power of two, at most 8; with no such touch, 1 where the access follows the trend and else
// none; never below half of the last window.
//
// Leap's steps are of swap slots, which lie in the order of eviction; these are of virtual
// addresses, so its published gains do not carry over.
#include <bit>

#include "prefetchers/registry.h"
#include "prefetchers/windows.h"

namespace dime::prefetchers {
namespace {

constexpr std::uint32_t kHistory = 32;
constexpr std::uint32_t kFirstWindow = 8;

struct Leap {
  std::uint64_t most;
  std::uint64_t last;  // page
  std::int64_t steps[kHistory];
  std::uint32_t next;   // where the next step goes
  std::uint32_t count;  // steps that there are
  std::uint32_t hits;   // first touches since the last fetch
  std::uint32_t window;
  std::int64_t trend;  // the last one; 0 = none yet
  std::uint32_t known;
};

int init(const dime_prefetch_ops* /*self*/, void* state, const dime_prefetch_host* host) {
  static_cast<Leap*>(state)->most = host->parameters[0];
  return 0;
}

/// The step `back` steps ago.
std::int64_t step_at(const Leap& leap, std::uint32_t back) {
  return leap.steps[(leap.next + kHistory - 1 - back) % kHistory];
}

/// The step that more than half of the last `window` have, or 0.
std::int64_t majority(const Leap& leap, std::uint32_t window) {
  std::int64_t candidate = 0;
  std::uint32_t votes = 0;
  for (std::uint32_t i = 0; i < window; ++i) {
    const std::int64_t step = step_at(leap, i);
    if (votes == 0) {
      candidate = step;
    }
    votes = step == candidate ? votes + 1 : votes - 1;
  }
  std::uint32_t have = 0;
  for (std::uint32_t i = 0; i < window; ++i) {
    have += step_at(leap, i) == candidate ? 1 : 0;
  }
  return have > window / 2 ? candidate : 0;
}

std::int64_t trend_of(const Leap& leap) {
  std::int64_t trend = 0;
  for (std::uint32_t window = kFirstWindow; window <= kHistory && trend == 0; window *= 2) {
    trend = majority(leap, window < leap.count ? window : leap.count);
  }
  return trend;
}

std::uint64_t window_of(const Leap& leap, bool follows) {
  const std::uint64_t alone = follows ? 1 : 0;
  const std::uint64_t wanted = leap.hits == 0 ? alone : std::bit_ceil(std::uint64_t{leap.hits} + 1);
  return window_after(leap.window, wanted, leap.most);
}

std::uint32_t propose(void* state, const dime_prefetch_host* /*host*/,
                      const dime_prefetch_event* event, std::uint64_t* pages, std::uint32_t most) {
  auto& leap = *static_cast<Leap*>(state);
  const auto step = static_cast<std::int64_t>(event->page - leap.last);
  if (leap.known != 0 && step != 0) {
    leap.steps[leap.next] = step;
    leap.next = (leap.next + 1) % kHistory;
    leap.count += leap.count < kHistory ? 1 : 0;
  }
  leap.last = event->page;
  leap.known = 1;
  if (event->why == DIME_PREFETCH_USED) {
    ++leap.hits;
    return 0;
  }
  const std::int64_t found = leap.count == 0 ? 0 : trend_of(leap);
  leap.trend = found != 0 ? found : leap.trend;
  const std::uint64_t window = window_of(leap, step == leap.trend);
  leap.hits = 0;
  leap.window = static_cast<std::uint32_t>(window);
  return propose_along(event->page, static_cast<std::uint64_t>(leap.trend),
                       leap.trend != 0 ? window : 0, pages, most);
}

constexpr dime_policy_parameter kParameters[] = {
    {"pages", "the largest window", 8, 1, DIME_PREFETCH_MOST, DIME_UNIT_NUMBER},
};

}  // namespace

extern constexpr dime_prefetch_ops kLeap = {
    .name = "leap",
    .summary = "pages along the step that most of the last accesses had",
    .source = "Al Maruf, Chowdhury, ATC 2020",
    .abi = DIME_PREFETCH_ABI,
    .state_bytes = sizeof(Leap),
    .parameter_count = 1,
    .parameters = kParameters,
    .init = init,
    .propose = propose,
};

}  // namespace dime::prefetchers
