// SPDX-License-Identifier: GPL-2.0
// First in, first out: the page that has been local longest goes.
//
// A circular list through the pages' own links, so every operation is a few stores. `word` is not
// used.
#include "policies/registry.h"

namespace dime::policies {
namespace {

struct Fifo {
  std::uint32_t oldest;
  std::uint32_t newest;
  std::uint64_t pages;
};

Fifo& of(void* state) {
  return *static_cast<Fifo*>(state);
}

int init(void* state, const dime_policy_host* /*host*/, std::uint64_t /*seed*/) {
  of(state) = {DIME_NO_PAGE, DIME_NO_PAGE, 0};
  return 0;
}

int add_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  Fifo& fifo = of(state);
  *host->page(host->context, page) = {DIME_NO_PAGE, fifo.newest, 0};
  if (fifo.newest == DIME_NO_PAGE) {
    fifo.oldest = page;
  } else {
    host->page(host->context, fifo.newest)->next = page;
  }
  fifo.newest = page;
  ++fifo.pages;
  return 0;
}

void remove_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  Fifo& fifo = of(state);
  const dime_policy_page links = *host->page(host->context, page);
  if (links.prev == DIME_NO_PAGE) {
    fifo.oldest = links.next;
  } else {
    host->page(host->context, links.prev)->next = links.next;
  }
  if (links.next == DIME_NO_PAGE) {
    fifo.newest = links.prev;
  } else {
    host->page(host->context, links.next)->prev = links.prev;
  }
  --fifo.pages;
}

std::uint32_t victim(void* state, const dime_policy_host* /*host*/) {
  return of(state).oldest;
}

void defer(void* state, const dime_policy_host* host, std::uint32_t page) {
  remove_page(state, host, page);
  add_page(state, host, page);
}

void clean(void* /*state*/, const dime_policy_host* /*host*/) {}

}  // namespace

extern constexpr dime_policy_ops kFifo = {
    .abi = DIME_POLICY_ABI,
    .state_bytes = sizeof(Fifo),
    .name = "fifo",
    .summary = "evict the page that has been local longest",
    .init = init,
    .add_page = add_page,
    .remove_page = remove_page,
    .victim = victim,
    .defer = defer,
    .clean = clean,
};

}  // namespace dime::policies
