// SPDX-License-Identifier: GPL-2.0
// The order in which the local pages of one limit go: a replacement policy, and the memory that its
// state lies in.
//
// FIFO, which is what most instances use, is kept without a call of the policy
// (core/arrival_order.h).
//
// Not thread-safe: guarded by the instance's lock. O(1) a page, but for use().
#pragma once

#include "core/arrival_order.h"
#include "core/page_table.h"
#include "dime/policy.h"

namespace dime {

/// The seed of a policy's random choices: the same for the same instance, tier and member,
/// whichever engine it is. `member` is the member's slot, 0 where all share one ranking.
constexpr std::uint64_t policy_seed(std::uint32_t instance_id, unsigned tier,
                                    std::uint64_t member) {
  return (std::uint64_t{instance_id} << 16) + (std::uint64_t{tier} << 12) + member + 1;
}

class Ranking {
 public:
  /// What the pages' records and the policy's memory come from; both outlive the ranking. To be
  /// called once, before anything else.
  void attach(const PagePool& pool, const dime_policy_host& host) {
    pool_ = &pool;
    host_ = &host;
  }

  /// Ranks by `policy` from now on; the pages move over in the old policy's order. `lost` is told
  /// of each page that the new policy has no memory for: it is ranked no more. False without
  /// memory, and then the old policy stays.
  using Lost = void (*)(void* context, PageId id);
  bool use(const dime_policy_ops& policy, std::uint64_t seed, Lost lost, void* context);

  /// Gives the policy's memory back. Nothing but use() may follow.
  void clean();

  [[nodiscard]] const dime_policy_ops* policy() const { return policy_; }
  /// How many pages are ranked.
  [[nodiscard]] std::uint64_t size() const { return size_; }

  /// Page `id`, whose record is `record`, came. False without memory: it is not ranked.
  [[nodiscard]] bool add(PageId id, PageRecord& record) {
    if (fifo_) {
      order().add(id, record.policy, Links{*pool_});
    } else if (policy_->add_page(state_, host_, id) != 0) {
      return false;
    }
    ++size_;
    return true;
  }

  /// REQUIRES: `id` is ranked, and `record` is its record.
  void remove(PageId id, const PageRecord& record) {
    if (fifo_) {
      order().remove(record.policy, Links{*pool_});
    } else {
      policy_->remove_page(state_, host_, id);
    }
    --size_;
  }

  /// The page that goes next, or kNoPage. It stays ranked.
  [[nodiscard]] PageId victim() { return fifo_ ? order().oldest : policy_->victim(state_, host_); }

  /// The page that would go after `page`, or, for kNoPage, first, if nothing came in between.
  /// kNoPage where there is none, or where the policy cannot tell: all but FIFO.
  [[nodiscard]] PageId after(PageId page) const {
    if (!fifo_) {
      return kNoPage;
    }
    return page == kNoPage ? order().oldest : pool_->record(page).policy.next;
  }

  /// The victim cannot go just now: it goes last.
  void defer(PageId victim) { policy_->defer(state_, host_, victim); }

 private:
  struct Links {
    const PagePool& pool;
    dime_policy_page& operator()(PageId id) const { return pool.record(id).policy; }
  };

  [[nodiscard]] ArrivalOrder& order() const { return *static_cast<ArrivalOrder*>(state_); }
  bool start(const dime_policy_ops& policy, void* state, std::uint64_t seed) const;

  const PagePool* pool_ = nullptr;
  const dime_policy_host* host_ = nullptr;
  const dime_policy_ops* policy_ = nullptr;
  void* state_ = nullptr;  ///< which of `states_` the policy in use has
  bool fifo_ = false;
  std::uint64_t size_ = 0;
  alignas(16) std::uint8_t states_[2][DIME_POLICY_STATE_BYTES] = {};
};

}  // namespace dime
