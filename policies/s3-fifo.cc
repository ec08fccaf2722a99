// SPDX-License-Identifier: GPL-2.0
// S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi, SOSP 2023), as published: every new page enters the small
// queue, also while nothing has been evicted yet. (libCacheSim has since sent what finds the small
// queue full then to the main one.)
//
// A small queue, a main queue and a queue of ghosts, all first in, first out; each page has a
// counter of accesses, 3 at most. The oldest of the small queue goes to the main one if its counter
// is 2 or more, and is evicted into the ghosts otherwise. The oldest of the main queue is
// reinserted with a counter less by one, and evicted if that is 0. A page that was a ghost enters
// the main queue. The small queue gives way unless it is empty or the main queue is too long.
//
// Where accesses are seen as bits, a look finds one access at most.
#include "policies/page_list.h"
#include "policies/registry.h"

namespace dime::policies {
namespace {

constexpr std::uint64_t kMostCount = 3;
constexpr std::uint64_t kToMain = 2;

// A page's word: where it is, and above it its counter.
constexpr std::uint64_t kNowhere = 0;
constexpr std::uint64_t kSmall = 1;
constexpr std::uint64_t kMain = 2;
constexpr std::uint64_t kGhost = 3;
constexpr std::uint64_t kWanted = 4;  ///< was a ghost, and is on its way in
constexpr std::uint64_t kWhere = 7;
constexpr std::uint64_t kOne = 8;

struct S3Fifo {
  PageList small;
  PageList main;
  PageList ghosts;
  std::uint64_t small_share;
  LatestArrival latest;
};

S3Fifo& of(void* state) {
  return *static_cast<S3Fifo*>(state);
}

std::uint64_t small_size(const S3Fifo& s3, const dime_policy_host* host) {
  return share_of(s3.small_share, host->limit);
}

std::uint64_t main_size(const S3Fifo& s3, const dime_policy_host* host) {
  const std::uint64_t small = small_size(s3, host);
  return host->limit > small ? host->limit - small : 0;
}

void put(PageList& list, const dime_policy_host* host, std::uint32_t page, std::uint64_t word) {
  record(host, page).word = word;
  list.append(host, page);
}

int init(const dime_policy_ops* /*self*/, void* state, const dime_policy_host* host) {
  of(state) = {{}, {}, {}, host->parameters[0], {}};
  return 0;
}

/// The page that room is wanted for leaves the ghosts before the victim enters them.
void note_wanted(S3Fifo& s3, const dime_policy_host* host) {
  const std::uint32_t page = host->event.page;
  if (page != DIME_NO_PAGE && host->event.known != 0 && record(host, page).word == kGhost) {
    s3.ghosts.remove(host, page);
    record(host, page).word = kWanted;
  }
}

int add_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  S3Fifo& s3 = of(state);
  note_wanted(s3, host);
  if (host->event.known != 0 && record(host, page).word == kWanted) {
    put(s3.main, host, page, kMain);
  } else {
    put(s3.small, host, page, kSmall);
  }
  s3.latest.note(host, page);
  return 0;
}

void remove_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  S3Fifo& s3 = of(state);
  s3.latest.left(page);
  const bool small = (record(host, page).word & kWhere) == kSmall;
  (small ? s3.small : s3.main).remove(host, page);
  record(host, page).word = kNowhere;
  if (small && is_eviction(host)) {
    put(s3.ghosts, host, page, kGhost);
    while (s3.ghosts.pages > main_size(s3, host)) {
      record(host, s3.ghosts.take_oldest(host)).word = kNowhere;
    }
  }
}

void forget(void* state, const dime_policy_host* host, std::uint32_t page) {
  if (record(host, page).word == kGhost) {
    of(state).ghosts.remove(host, page);
  }
  record(host, page).word = kNowhere;
}

void touched(void* /*state*/, const dime_policy_host* host, std::uint32_t page) {
  std::uint64_t& word = record(host, page).word;
  word += word / kOne < kMostCount ? kOne : 0;
}

std::uint64_t count_of(const dime_policy_host* host, std::uint32_t page) {
  if (!sees_accesses(host) && accessed(host, page) == DIME_ACCESSED_YES) {
    touched(nullptr, host, page);
  }
  return record(host, page).word / kOne;
}

/// The oldest of the main queue that was not accessed lately, or DIME_NO_PAGE.
std::uint32_t main_victim(S3Fifo& s3, const dime_policy_host* host) {
  while (!s3.main.empty()) {
    const std::uint32_t page = s3.main.oldest;
    const std::uint64_t count = count_of(host, page);
    if (count == 0) {
      return page;
    }
    record(host, page).word = kMain + (count - 1) * kOne;
    s3.main.make_youngest(host, page);
  }
  return DIME_NO_PAGE;
}

/// The oldest of the small queue that does not go on to the main one, or DIME_NO_PAGE.
std::uint32_t small_victim(S3Fifo& s3, const dime_policy_host* host) {
  while (!s3.small.empty()) {
    const std::uint32_t page = s3.small.oldest;
    if (count_of(host, page) < kToMain) {
      return page;
    }
    s3.small.remove(host, page);
    put(s3.main, host, page, kMain);
  }
  return DIME_NO_PAGE;
}

std::uint32_t victim(void* state, const dime_policy_host* host) {
  S3Fifo& s3 = of(state);
  note_wanted(s3, host);
  std::uint32_t page = DIME_NO_PAGE;
  if (s3.main.pages <= main_size(s3, host)) {
    page = small_victim(s3, host);
  }
  page = page == DIME_NO_PAGE ? main_victim(s3, host) : page;
  return page == DIME_NO_PAGE ? small_victim(s3, host) : page;
}

void clean(void* /*state*/, const dime_policy_host* /*host*/) {}

constexpr dime_policy_parameter kParameters[] = {
    {"small", "share of the small queue", 1'000, 1, 9'000, DIME_UNIT_SHARE},
};

}  // namespace

extern constexpr dime_policy_ops kS3Fifo = {
    .name = "s3-fifo",
    .summary = "new pages stay shortly unless accessed again: a small and a main queue, ghosts",
    .source = "Yang et al., SOSP 2023",
    .abi = DIME_POLICY_ABI,
    .needs = DIME_SEES_ACCESSED,
    .flags = DIME_POLICY_GHOSTS,
    .state_bytes = sizeof(S3Fifo),
    .parameter_count = 1,
    .parameters = kParameters,
    .init = init,
    .add_page = add_page,
    .remove_page = remove_page,
    .victim = victim,
    .touched = touched,
    .forget = forget,
    .clean = clean,
};

}  // namespace dime::policies
