// SPDX-License-Identifier: GPL-2.0
// Multi-generational LRU, after Linux since 6.1 (mm/vmscan.c, Documentation/mm/multigen_lru.rst):
// what of it makes sense for pages under one limit.
//
// Local pages are in up to four generations, each a list. New pages enter the second youngest; what
// is looked at and was accessed moves to the youngest. The oldest page of the oldest generation
// goes. When fewer than two generations have pages, a younger one begins. Refault feedback: a page
// that comes back before as many others were evicted as are local was evicted too early, and enters
// the youngest.
#include "policies/page_list.h"
#include "policies/registry.h"

namespace dime::policies {
namespace {

constexpr std::uint64_t kGenerations = 4;

struct MgLru {
  PageList generations[kGenerations];
  std::uint64_t oldest;  // numbers of generations; a local page's word is the number of its own
  std::uint64_t youngest;
  std::uint64_t evicted;  // pages so far; an evicted page's word is its value then
  LatestArrival latest;
};

MgLru& of(void* state) {
  return *static_cast<MgLru*>(state);
}

PageList& list_of(MgLru& lru, std::uint64_t generation) {
  return lru.generations[generation % kGenerations];
}

void put(MgLru& lru, const dime_policy_host* host, std::uint32_t page, std::uint64_t generation) {
  record(host, page).word = generation;
  list_of(lru, generation).append(host, page);
}

int init(const dime_policy_ops* /*self*/, void* state, const dime_policy_host* /*host*/) {
  of(state) = {{}, 0, kGenerations - 1, 0, {}};
  return 0;
}

int add_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  MgLru& lru = of(state);
  const bool too_early =
      host->event.known != 0 && lru.evicted - record(host, page).word <= host->resident;
  put(lru, host, page, too_early ? lru.youngest : lru.youngest - 1);
  lru.latest.note(host, page);
  return 0;
}

void remove_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  MgLru& lru = of(state);
  lru.latest.left(page);
  list_of(lru, record(host, page).word).remove(host, page);
  if (is_eviction(host)) {
    record(host, page).word = ++lru.evicted;
  }
}

/// Nothing is kept outside of the page's own bytes.
void forget(void* /*state*/, const dime_policy_host* /*host*/, std::uint32_t /*page*/) {}

void touched(void* state, const dime_policy_host* host, std::uint32_t page) {
  MgLru& lru = of(state);
  if (record(host, page).word != lru.youngest) {
    list_of(lru, record(host, page).word).remove(host, page);
    put(lru, host, page, lru.youngest);
  }
}

/// The oldest generation is one with pages, unless there is none. What one generation less has at
/// the old end is one more at the young end.
void age(MgLru& lru) {
  for (std::uint64_t i = 1; i < kGenerations && list_of(lru, lru.oldest).empty(); ++i) {
    ++lru.oldest;
    ++lru.youngest;
  }
}

std::uint32_t victim(void* state, const dime_policy_host* host) {
  MgLru& lru = of(state);
  return pick_not_accessed(
      host,
      [&lru] {
        age(lru);
        return list_of(lru, lru.oldest).oldest;
      },
      [&](std::uint32_t page) { touched(state, host, page); });
}

void clean(void* /*state*/, const dime_policy_host* /*host*/) {}

}  // namespace

extern constexpr dime_policy_ops kMgLru = {
    .name = "mglru",
    .summary = "generations, the oldest gives way; what comes back early is young",
    .source = "Linux 6.1, Yu Zhao",
    .abi = DIME_POLICY_ABI,
    .needs = DIME_SEES_ACCESSED,
    .flags = DIME_POLICY_GHOSTS,
    .state_bytes = sizeof(MgLru),
    .init = init,
    .add_page = add_page,
    .remove_page = remove_page,
    .victim = victim,
    .touched = touched,
    .forget = forget,
    .clean = clean,
};

}  // namespace dime::policies
