// SPDX-License-Identifier: GPL-2.0
// LIRS (Jiang, Zhang, SIGMETRICS 2002).
//
// Pages of a low inter-reference recency (LIR) have most of the room, the others (HIR) little of
// it: `hir` of the limit, 2 pages at least. The stack S has the pages by recency: all LIR ones, and
// HIR ones, resident or not, that are more recent than the oldest LIR page, which is always at its
// bottom. The queue Q has the resident HIR pages; its oldest is the victim. A HIR page that is
// accessed while it is in S becomes LIR, and the LIR page at the bottom of S becomes HIR for it.
//
// Pages that are not resident and in S are bounded by `ghosts` times the limit: beyond, the one
// that was evicted first is dropped.
#include "policies/page_list.h"
#include "policies/registry.h"

namespace dime::policies {
namespace {

// Bits of a page's word.
constexpr std::uint64_t kLir = 1;
constexpr std::uint64_t kInStack = 2;
constexpr std::uint64_t kResident = 4;
constexpr std::uint64_t kWanted = 8;  ///< was a ghost in S, and is on its way in

constexpr std::uint32_t kPageBytes = 24;  // links of S, word, links of Q or of the ghosts

struct Lirs {
  PageListBy<0> stack;
  PageListBy<2> queue;
  PageListBy<2> ghosts;  // in S and not resident, by eviction
  std::uint64_t lir_pages;
  std::uint64_t hir_share;
  std::uint64_t ghost_limits;
  LatestArrival latest;
};

Lirs& of(void* state) {
  return *static_cast<Lirs*>(state);
}

std::uint64_t& word_of(const dime_policy_host* host, std::uint32_t page) {
  return record(host, page).word;
}

/// How many LIR pages there may be.
std::uint64_t most_lir(const Lirs& lirs, const dime_policy_host* host) {
  constexpr std::uint64_t kLeastHir = 2;
  const std::uint64_t share = share_of(lirs.hir_share, host->limit);
  const std::uint64_t hir = share < kLeastHir ? kLeastHir : share;
  return host->limit > hir ? host->limit - hir : host->limit - 1;
}

int init(const dime_policy_ops* /*self*/, void* state, const dime_policy_host* host) {
  of(state) = {{}, {}, {}, 0, host->parameters[0], host->parameters[1], {}};
  return 0;
}

void leave_stack(Lirs& lirs, const dime_policy_host* host, std::uint32_t page) {
  lirs.stack.remove(host, page);
  std::uint64_t& word = word_of(host, page);
  if ((word & kResident) == 0) {
    lirs.ghosts.remove(host, page);
  }
  word &= ~kInStack;
}

/// The bottom of S is a LIR page again, or S is empty.
void prune(Lirs& lirs, const dime_policy_host* host) {
  while (!lirs.stack.empty() && (word_of(host, lirs.stack.oldest) & kLir) == 0) {
    leave_stack(lirs, host, lirs.stack.oldest);
  }
}

/// As many LIR pages as there are too many become HIR.
void demote(Lirs& lirs, const dime_policy_host* host) {
  const std::uint64_t most = most_lir(lirs, host);
  while (lirs.lir_pages > most) {
    prune(lirs, host);
    const std::uint32_t page = lirs.stack.oldest;
    lirs.stack.remove(host, page);
    --lirs.lir_pages;
    word_of(host, page) = kResident;
    lirs.queue.append(host, page);
  }
  prune(lirs, host);
}

void push(Lirs& lirs, const dime_policy_host* host, std::uint32_t page) {
  word_of(host, page) |= kInStack;
  lirs.stack.append(host, page);
}

/// The page that room is wanted for leaves the ghosts before the victim enters them.
void note_wanted(Lirs& lirs, const dime_policy_host* host) {
  const std::uint32_t page = host->event.page;
  if (page != DIME_NO_PAGE && host->event.known != 0 && (word_of(host, page) & kInStack) != 0) {
    leave_stack(lirs, host, page);
    prune(lirs, host);
    word_of(host, page) = kWanted;
  }
}

int add_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  Lirs& lirs = of(state);
  note_wanted(lirs, host);
  const bool again = host->event.known != 0 && word_of(host, page) == kWanted;
  const std::uint64_t most = most_lir(lirs, host);
  word_of(host, page) = kResident;
  if (most != 0 && (again || lirs.lir_pages < most)) {
    word_of(host, page) |= kLir;
    push(lirs, host, page);
    ++lirs.lir_pages;
    demote(lirs, host);
  } else {
    push(lirs, host, page);
    lirs.queue.append(host, page);
    prune(lirs, host);
  }
  lirs.latest.note(host, page);
  return 0;
}

void remove_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  Lirs& lirs = of(state);
  lirs.latest.left(page);
  std::uint64_t& word = word_of(host, page);
  const bool hir = (word & kLir) == 0;
  if (hir) {
    lirs.queue.remove(host, page);
  } else {
    --lirs.lir_pages;
  }
  if (hir && is_eviction(host) && (word & kInStack) != 0) {
    word &= ~kResident;
    lirs.ghosts.append(host, page);
    while (lirs.ghosts.pages > lirs.ghost_limits * host->limit) {
      leave_stack(lirs, host, lirs.ghosts.oldest);
    }
    return;
  }
  if ((word & kInStack) != 0) {
    lirs.stack.remove(host, page);
  }
  word = 0;
  prune(lirs, host);
}

void forget(void* state, const dime_policy_host* host, std::uint32_t page) {
  if ((word_of(host, page) & kInStack) != 0) {
    leave_stack(of(state), host, page);
  }
  word_of(host, page) = 0;
}

void touched(void* state, const dime_policy_host* host, std::uint32_t page) {
  Lirs& lirs = of(state);
  std::uint64_t& word = word_of(host, page);
  if ((word & kLir) != 0) {
    lirs.stack.make_youngest(host, page);
    prune(lirs, host);
  } else if ((word & kInStack) != 0) {
    lirs.stack.make_youngest(host, page);
    if (most_lir(lirs, host) != 0) {
      lirs.queue.remove(host, page);
      word |= kLir;
      ++lirs.lir_pages;
      demote(lirs, host);
    }
  } else {
    push(lirs, host, page);
    lirs.queue.make_youngest(host, page);
    prune(lirs, host);
  }
}

std::uint32_t victim(void* state, const dime_policy_host* host) {
  Lirs& lirs = of(state);
  note_wanted(lirs, host);
  demote(lirs, host);
  const std::uint32_t page = pick_not_accessed(
      host, [&lirs] { return lirs.queue.oldest; },
      [&](std::uint32_t accessed) { touched(state, host, accessed); });
  if (page != DIME_NO_PAGE) {
    return page;
  }
  return lirs.stack.oldest;  // all that is local is LIR
}

void clean(void* /*state*/, const dime_policy_host* /*host*/) {}

constexpr dime_policy_parameter kParameters[] = {
    {"hir", "share of pages of high inter-reference recency", 100, 1, 5'000, DIME_UNIT_SHARE},
    {"ghosts", "pages remembered, as a multiple of the limit", 2, 1, 100, DIME_UNIT_NUMBER},
};

}  // namespace

extern constexpr dime_policy_ops kLirs = {
    .name = "lirs",
    .summary = "keeps pages whose accesses follow each other closely",
    .source = "Jiang, Zhang, SIGMETRICS 2002",
    .abi = DIME_POLICY_ABI,
    .needs = DIME_SEES_ACCESSED,
    .flags = DIME_POLICY_GHOSTS,
    .state_bytes = sizeof(Lirs),
    .page_bytes = kPageBytes,
    .parameter_count = 2,
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
