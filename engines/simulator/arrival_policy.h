// SPDX-License-Identifier: GPL-2.0
// First in, first out as a policy that is called: the built-in one leaves the order to its engine.
#pragma once

#include "policies/page_list.h"

namespace dime::simulator {

using ArrivalList = policies::PageListBy<0>;

inline constexpr dime_policy_ops kArrivalPolicy = {
    .owner = nullptr,
    .name = "arrival",
    .summary = "",
    .source = nullptr,
    .abi = DIME_POLICY_ABI,
    .needs = 0,
    .flags = 0,
    .state_bytes = sizeof(ArrivalList),
    .page_bytes = 0,
    .parameter_count = 0,
    .parameters = nullptr,
    .init =
        [](const dime_policy_ops* /*self*/, void* state, const dime_policy_host* /*host*/) {
          *static_cast<ArrivalList*>(state) = {};
          return 0;
        },
    .add_page =
        [](void* state, const dime_policy_host* host, std::uint32_t page) {
          static_cast<ArrivalList*>(state)->append(host, page);
          return 0;
        },
    .remove_page = [](void* state, const dime_policy_host* host,
                      std::uint32_t page) { static_cast<ArrivalList*>(state)->remove(host, page); },
    .victim = [](void* state, const dime_policy_host* /*host*/) -> std::uint32_t {
      return static_cast<ArrivalList*>(state)->oldest;
    },
    .select = nullptr,
    .defer = nullptr,
    .touched = nullptr,
    .forget = nullptr,
    .resize = nullptr,
    .tick = nullptr,
    .clean = [](void* /*state*/, const dime_policy_host* /*host*/) {},
};

}  // namespace dime::simulator
