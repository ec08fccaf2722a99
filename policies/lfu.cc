// SPDX-License-Identifier: GPL-2.0
// Least frequently used, with aging: without it, what was popular once would stay for good.
//
// A page has a counter of accesses up to kMostCount, and there is a list of pages for each count,
// the one that reached it first at its old end. The oldest page of the lowest count goes. Every
// `age` times the limit of accesses that are seen, all counters are halved (as TinyLFU does:
// Einziger, Friedman, Manes, ACM Transactions on Storage 2017): lists are joined two by two, and a
// page's count follows from how often that has happened since it was noted.
#include "policies/page_list.h"
#include "policies/registry.h"

namespace dime::policies {
namespace {

constexpr std::uint64_t kCounts = 16;
constexpr std::uint64_t kMostCount = kCounts - 1;
constexpr unsigned kCountBits = 4;

struct Lfu {
  PageList* lists;         // kCounts
  std::uint64_t halvings;  // a page's word: how many there had been, and its count then
  std::uint64_t seen;      // accesses since the last one
  std::uint64_t age;
  LatestArrival latest;
};

Lfu& of(void* state) {
  return *static_cast<Lfu*>(state);
}

std::uint64_t count_of(const Lfu& lfu, const dime_policy_host* host, std::uint32_t page) {
  const std::uint64_t word = record(host, page).word;
  const std::uint64_t since = lfu.halvings - (word >> kCountBits);
  return since > kCountBits ? 0 : (word & kMostCount) >> since;
}

void put(Lfu& lfu, const dime_policy_host* host, std::uint32_t page, std::uint64_t count) {
  record(host, page).word = (lfu.halvings << kCountBits) | count;
  lfu.lists[count].append(host, page);
}

/// The pages of `from` become the youngest of `to`.
void join(PageList& to, PageList& from, const dime_policy_host* host) {
  if (from.empty()) {
    return;
  }
  if (to.empty()) {
    to = from;
  } else {
    record(host, to.youngest).next = from.oldest;
    record(host, from.oldest).prev = to.youngest;
    to.youngest = from.youngest;
    to.pages += from.pages;
  }
  from = {};
}

/// Notes an access, and halves the counters when it is time.
void note_access(Lfu& lfu, const dime_policy_host* host) {
  if (++lfu.seen < lfu.age * host->limit) {
    return;
  }
  lfu.seen = 0;
  ++lfu.halvings;
  join(lfu.lists[0], lfu.lists[1], host);
  for (std::uint64_t count = 2; count < kCounts; ++count) {
    join(lfu.lists[count / 2], lfu.lists[count], host);
  }
}

int init(const dime_policy_ops* /*self*/, void* state, const dime_policy_host* host) {
  auto* const lists =
      static_cast<PageList*>(host->allocate(host->context, kCounts * sizeof(PageList)));
  of(state) = {lists, 0, 0, host->parameters[0], {}};
  for (std::uint64_t count = 0; lists != nullptr && count < kCounts; ++count) {
    lists[count] = {};
  }
  return lists == nullptr ? -1 : 0;
}

int add_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  Lfu& lfu = of(state);
  note_access(lfu, host);
  put(lfu, host, page, 0);
  lfu.latest.note(host, page);
  return 0;
}

void remove_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  Lfu& lfu = of(state);
  lfu.latest.left(page);
  lfu.lists[count_of(lfu, host, page)].remove(host, page);
}

void touched(void* state, const dime_policy_host* host, std::uint32_t page) {
  Lfu& lfu = of(state);
  note_access(lfu, host);
  const std::uint64_t count = count_of(lfu, host, page);
  lfu.lists[count].remove(host, page);
  put(lfu, host, page, count < kMostCount ? count + 1 : count);
}

std::uint32_t victim(void* state, const dime_policy_host* host) {
  Lfu& lfu = of(state);
  return pick_not_accessed(
      host,
      [&lfu] {
        for (std::uint64_t count = 0; count < kCounts; ++count) {
          if (!lfu.lists[count].empty()) {
            return lfu.lists[count].oldest;
          }
        }
        return DIME_NO_PAGE;
      },
      [&](std::uint32_t page) { touched(state, host, page); });
}

void clean(void* state, const dime_policy_host* host) {
  host->release(host->context, of(state).lists, kCounts * sizeof(PageList));
}

constexpr dime_policy_parameter kParameters[] = {
    {"age", "accesses until counters are halved, as a multiple of the limit", 10, 1, 1'000'000,
     DIME_UNIT_NUMBER},
};

}  // namespace

extern constexpr dime_policy_ops kLfu = {
    .name = "lfu",
    .summary = "evict the page that was accessed least often, with aging",
    .source = "aging: Einziger, Friedman, Manes, ACM TOS 2017",
    .abi = DIME_POLICY_ABI,
    .needs = DIME_SEES_ACCESSED,
    .state_bytes = sizeof(Lfu),
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
