// SPDX-License-Identifier: GPL-2.0
// The order in which the local pages of one limit go: a replacement policy, and the memory that its
// state lies in.
//
// First in, first out, which is what most instances use, is kept without a call of the policy
// (DIME_POLICY_ARRIVAL_ORDER, core/arrival_order.h), and so is the order of a policy that is told
// of pages and decides nothing.
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

/// What an instance offers to its rankings, and what it tells of the access that it deals with.
/// Outlives them.
struct RankingServices {
  using Accessed = int (*)(void* context, PageId id);

  PagePool* pool = nullptr;
  Memory* memory = nullptr;
  Accessed accessed = nullptr;  ///< enum dime_accessed; null = never known
  void* accessed_context = nullptr;
  std::uint32_t sees = 0;  ///< DIME_SEES_ACCESSED ...
  std::uint32_t thread = 0;
  std::uint64_t time_ns = 0;
  std::uint8_t access = DIME_ACCESS_UNKNOWN;
};

class Ranking {
 public:
  Ranking() = default;
  ~Ranking() = default;
  Ranking(const Ranking&) = delete;  // its host points to it
  Ranking& operator=(const Ranking&) = delete;

  /// To be called once, before anything else.
  /// `set` is how pages' records name the local set that the ranking is of.
  void attach(const RankingServices& services, unsigned set);

  /// Ranks by `policy` from now on; the pages move over in the old policy's order. `values` are
  /// those of its parameters; null = the defaults. `lost` is told of each page that the new policy
  /// has no memory for: it is ranked no more. False without memory, and then the old policy stays.
  using Lost = void (*)(void* context, PageId id);
  bool use(const dime_policy_ops& policy, const std::uint64_t* values, std::uint64_t seed,
           Lost lost, void* context);

  /// Gives the policy's memory back. Nothing but use() may follow.
  void clean();

  [[nodiscard]] const dime_policy_ops* policy() const { return policy_; }
  /// How many pages are ranked.
  [[nodiscard]] std::uint64_t size() const { return host_.resident; }

  /// False: the policy is never called, and need not be told anything.
  [[nodiscard]] bool is_called() const { return called_; }
  /// How many pages may be local under the limit, from now on.
  void note_limit(std::uint64_t pages) {
    if (host_.limit != pages) {
      host_.limit = pages;
      resized();
    }
  }

  /// Page `id`, whose record is `record`, came. False without memory: it is not ranked.
  /// `from` is the page that it was before (DIME_ENTER_MOVED).
  [[nodiscard]] bool add(PageId id, PageRecord& record, dime_enter why, PageId from = kNoPage) {
    if (called_ && !tell_added(id, record, why, from)) {
      return false;
    }
    if (by_arrival_) {
      order_.add(id, record.policy, Links{*services_->pool});
    }
    ++host_.resident;
    return true;
  }

  /// REQUIRES: `id` is ranked, and `record` is its record.
  void remove(PageId id, PageRecord& record, dime_leave why) {
    if (by_arrival_) {
      order_.remove(record.policy, Links{*services_->pool});
    }
    --host_.resident;
    if (called_) {
      tell_removed(id, record, why);
    }
  }

  /// The page that goes next for `for_page`, or kNoPage. It stays ranked.
  [[nodiscard]] PageId victim(PageId for_page) {
    return by_arrival_ ? order_.oldest : ask_victim(for_page);
  }

  /// The pages that go next if nothing comes in between, best first: at most `most`. None where the
  /// policy cannot tell. Returns how many.
  unsigned select(PageId for_page, PageId* pages, unsigned most);

  /// The victim cannot go just now: it goes last.
  void defer(PageId victim);

  /// Nothing may be kept of a page that is not local. REQUIRES: `record` is its record.
  void forget(PageId id, PageRecord& record) {
    if (record.known != 0) {
      tell_forgotten(id, record);
    }
  }

  /// Time passes.
  void tick();

 private:
  struct Links {
    const PagePool& pool;
    dime_policy_page& operator()(PageId id) const { return pool.record(id).policy; }
  };

  bool start(const dime_policy_ops& policy, void* state, const std::uint64_t* values,
             std::uint64_t seed);
  void apply(const dime_policy_ops& policy, void* state);
  void describe(PageId id, std::uint8_t why, std::uint8_t tier);
  void resized();
  bool tell_added(PageId id, PageRecord& record, dime_enter why, PageId from);
  void tell_removed(PageId id, PageRecord& record, dime_leave why);
  void tell_forgotten(PageId id, PageRecord& record);
  PageId ask_victim(PageId for_page);
  [[nodiscard]] bool can_be_victim(PageId id) const;

  const RankingServices* services_ = nullptr;
  unsigned set_ = 0;
  const dime_policy_ops* policy_ = nullptr;
  void* state_ = nullptr;    ///< which of `states_` the policy in use has
  bool by_arrival_ = false;  ///< `order_` is the order
  bool called_ = false;      ///< the policy's operations are called
  ArrivalOrder order_ = {kNoPage, kNoPage};
  dime_policy_host host_ = {};
  alignas(16) std::uint8_t states_[2][DIME_POLICY_STATE_BYTES] = {};
};

}  // namespace dime
