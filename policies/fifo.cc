// SPDX-License-Identifier: GPL-2.0
// First in, first out: the page that has been local longest goes.
//
// The engine keeps this order itself (core/arrival_order.h), because in the kernel an indirect call
// costs more than the list does: nothing here is called by one that knows
// DIME_POLICY_ARRIVAL_ORDER.
#include "policies/registry.h"

namespace dime::policies {
namespace {

int add_page(void* /*state*/, const dime_policy_host* /*host*/, std::uint32_t /*page*/) {
  return 0;
}

void clean(void* /*state*/, const dime_policy_host* /*host*/) {}

}  // namespace

extern constexpr dime_policy_ops kFifo = {
    .name = "fifo",
    .summary = "evict the page that has been local longest",
    .abi = DIME_POLICY_ABI,
    .flags = DIME_POLICY_ARRIVAL_ORDER,
    .add_page = add_page,
    .clean = clean,
};

}  // namespace dime::policies
