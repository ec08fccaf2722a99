// SPDX-License-Identifier: GPL-2.0
#include "core/ranking.h"

#include "policies/registry.h"

namespace dime {

bool Ranking::start(const dime_policy_ops& policy, void* state, std::uint64_t seed) const {
  auto* const bytes = static_cast<std::uint8_t*>(state);
  for (unsigned i = 0; i < DIME_POLICY_STATE_BYTES; ++i) {
    bytes[i] = 0;
  }
  return policy.state_bytes <= DIME_POLICY_STATE_BYTES && policy.init(state, host_, seed) == 0;
}

bool Ranking::use(const dime_policy_ops& policy, std::uint64_t seed, Lost lost, void* context) {
  void* const fresh = states_[state_ == states_[0] ? 1 : 0];
  if (!start(policy, fresh, seed)) {
    return false;
  }
  if (policy_ != nullptr) {
    // A page has one record of links, so it leaves the old policy before it enters the new one.
    for (PageId id = policy_->victim(state_, host_); id != kNoPage;
         id = policy_->victim(state_, host_)) {
      policy_->remove_page(state_, host_, id);
      if (policy.add_page(fresh, host_, id) != 0) {
        --size_;
        lost(context, id);
      }
    }
    policy_->clean(state_, host_);
  }
  policy_ = &policy;
  state_ = fresh;
  fifo_ = &policy == &policies::kFifo;
  return true;
}

void Ranking::clean() {
  if (policy_ != nullptr) {
    policy_->clean(state_, host_);
    policy_ = nullptr;
  }
}

}  // namespace dime
