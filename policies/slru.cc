// SPDX-License-Identifier: GPL-2.0
// Segmented LRU (Karedla, Love, Wherry, IEEE Computer 1994), with `segments` segments of the same
// size instead of two.
//
// New pages enter the lowest segment. An accessed page moves to the young end of the next higher
// one, or, in the highest, of its own; what that makes too long gives its oldest page to the one
// below. The oldest page of the lowest segment that has one is the victim.
#include "policies/page_list.h"
#include "policies/registry.h"

namespace dime::policies {
namespace {

constexpr std::uint64_t kMost = 8;

struct Slru {
  PageList segments[kMost];  // a page's word is the number of its segment
  std::uint64_t count;
  LatestArrival latest;
};

Slru& of(void* state) {
  return *static_cast<Slru*>(state);
}

std::uint64_t size_of_segment(const Slru& slru, const dime_policy_host* host) {
  const std::uint64_t pages = host->limit / slru.count;
  return pages == 0 ? 1 : pages;
}

void put(Slru& slru, const dime_policy_host* host, std::uint32_t page, std::uint64_t segment) {
  record(host, page).word = segment;
  slru.segments[segment].append(host, page);
}

/// Segments from `top` down are made as short as they may be.
void cool(Slru& slru, const dime_policy_host* host, std::uint64_t top) {
  const std::uint64_t most = size_of_segment(slru, host);
  for (std::uint64_t segment = top; segment > 0; --segment) {
    while (slru.segments[segment].pages > most) {
      put(slru, host, slru.segments[segment].take_oldest(host), segment - 1);
    }
  }
}

int init(const dime_policy_ops* /*self*/, void* state, const dime_policy_host* host) {
  of(state) = {{}, host->parameters[0], {}};
  return 0;
}

int add_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  Slru& slru = of(state);
  put(slru, host, page, 0);
  slru.latest.note(host, page);
  return 0;
}

void remove_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  Slru& slru = of(state);
  slru.latest.left(page);
  slru.segments[record(host, page).word].remove(host, page);
}

void touched(void* state, const dime_policy_host* host, std::uint32_t page) {
  Slru& slru = of(state);
  const std::uint64_t segment = record(host, page).word;
  const std::uint64_t higher = segment + 1 < slru.count ? segment + 1 : segment;
  slru.segments[segment].remove(host, page);
  put(slru, host, page, higher);
  cool(slru, host, higher);
}

std::uint32_t victim(void* state, const dime_policy_host* host) {
  Slru& slru = of(state);
  return pick_not_accessed(
      host,
      [&slru] {
        for (std::uint64_t segment = 0; segment < slru.count; ++segment) {
          if (!slru.segments[segment].empty()) {
            return slru.segments[segment].oldest;
          }
        }
        return DIME_NO_PAGE;
      },
      [&](std::uint32_t page) { touched(state, host, page); });
}

void clean(void* /*state*/, const dime_policy_host* /*host*/) {}

constexpr dime_policy_parameter kParameters[] = {
    {"segments", "of equal size", 4, 2, kMost, DIME_UNIT_NUMBER},
};

}  // namespace

extern constexpr dime_policy_ops kSlru = {
    .name = "slru",
    .summary = "segmented LRU: each access lifts a page by a segment, the lowest gives way",
    .source = "Karedla, Love, Wherry, IEEE Computer 1994",
    .abi = DIME_POLICY_ABI,
    .needs = DIME_SEES_ACCESSED,
    .state_bytes = sizeof(Slru),
    .parameter_count = 1,
    .parameters = kParameters,
    .init = init,
    .add_page = add_page,
    .remove_page = remove_page,
    .victim = victim,
    .touched = touched,
    .clean = clean,
};

}  // namespace dime::policies
