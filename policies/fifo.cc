// SPDX-License-Identifier: GPL-2.0
// First in, first out: the page that has been local longest goes.
//
// The list is core/arrival_order.h. An Instance under this very policy does the same without
// calling it, so these operations are for policies that rank by arrival, too.
#include "core/arrival_order.h"
#include "policies/registry.h"

namespace dime::policies {
namespace {

ArrivalOrder& of(void* state) {
  return *static_cast<ArrivalOrder*>(state);
}

auto links_of(const dime_policy_host* host) {
  return
      [host](std::uint32_t page) -> dime_policy_page& { return *host->page(host->context, page); };
}

int init(void* state, const dime_policy_host* /*host*/, std::uint64_t /*seed*/) {
  of(state) = {DIME_NO_PAGE, DIME_NO_PAGE};
  return 0;
}

int add_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  const auto links = links_of(host);
  of(state).add(page, links(page), links);
  return 0;
}

void remove_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  const auto links = links_of(host);
  of(state).remove(links(page), links);
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
    .state_bytes = sizeof(ArrivalOrder),
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
