// SPDX-License-Identifier: GPL-2.0
// Most recently used: the page that was accessed last goes. For loops over more memory than there
// is, of which it keeps a part (Chou, DeWitt, VLDB 1985).
#include "policies/page_list.h"
#include "policies/registry.h"

namespace dime::policies {
namespace {

PageList& of(void* state) {
  return *static_cast<PageList*>(state);
}

int init(const dime_policy_ops* /*self*/, void* state, const dime_policy_host* /*host*/) {
  of(state) = {};
  return 0;
}

int add_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  of(state).append(host, page);
  return 0;
}

void remove_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  of(state).remove(host, page);
}

void touched(void* state, const dime_policy_host* host, std::uint32_t page) {
  of(state).make_youngest(host, page);
}

std::uint32_t victim(void* state, const dime_policy_host* /*host*/) {
  return of(state).youngest;
}

std::uint32_t select(void* state, const dime_policy_host* host, std::uint32_t* pages,
                     std::uint32_t most) {
  std::uint32_t count = 0;
  for (std::uint32_t page = of(state).youngest; page != DIME_NO_PAGE && count < most; ++count) {
    pages[count] = page;
    page = record(host, page).prev;
  }
  return count;
}

void defer(void* state, const dime_policy_host* host, std::uint32_t page) {
  of(state).remove(host, page);
  of(state).prepend(host, page);
}

void clean(void* /*state*/, const dime_policy_host* /*host*/) {}

}  // namespace

extern constexpr dime_policy_ops kMru = {
    .name = "mru",
    .summary = "evict the page that was accessed last",
    .source = "Chou, DeWitt, VLDB 1985",
    .abi = DIME_POLICY_ABI,
    .needs = DIME_SEES_ACCESSES,
    .state_bytes = sizeof(PageList),
    .init = init,
    .add_page = add_page,
    .remove_page = remove_page,
    .victim = victim,
    .select = select,
    .defer = defer,
    .touched = touched,
    .clean = clean,
};

}  // namespace dime::policies
