// SPDX-License-Identifier: GPL-2.0
// Pages that are moved out ahead of their eviction.
//
// To move a page out interrupts every processor that runs the program, to move eight neighbours at
// once does so no more often. So a victim takes those with it that lie behind it and go next
// anyway. To the core they stay local, in their place of the ranking: their eviction, when its turn
// comes, costs nothing, and one that is touched before comes back without a remote access. At most
// kMost pages are ahead, none while mappings change or the program forks, and where that does not
// pay, because they are touched again or mappings change all the time, it is not done for a while.
#pragma once

#include "engines/user/agent/space.h"

namespace dime::agent {

/// All under the lock of the inline path.
class Ahead {
 public:
  explicit Ahead(Space& space) : space_(space) {}

  /// The pages that go together: `pages[0]` is the victim, claimed; the others are marked.
  struct Run {
    PageId pages[Shadow::kRun];
    unsigned count;
  };
  /// At most `most` <= Shadow::kRun. Whether a thread uses a page is to be asked after that, see
  /// drop_from().
  void choose(PageId victim, unsigned most, Run& run);
  /// Those from `first` on stay where they are.
  void drop_from(Run& run, unsigned first);
  /// The run was moved to `slot` and behind it, but for those from `moved` on.
  void note(Run& run, std::uint32_t slot, unsigned moved);

  /// The claimed `victim`, which is out, is evicted: what came of it.
  Closed take(PageId victim);
  /// `page` was touched, and comes back.
  void bring_back(PageId page);
  /// All come back.
  void bring_all_back();

 private:
  static constexpr unsigned kMost = 64;
  static constexpr unsigned kLooks = 4 * Shadow::kRun;
  static constexpr std::uint64_t kOfLimit = 16;  ///< a run is at most this part of the limit
  static constexpr int kMostCredit = 64;
  static constexpr int kWasted = 4;  ///< what a page that comes back costs of it
  static constexpr unsigned kRest = 4'096;

  [[nodiscard]] PageId& listed(unsigned i) { return pages_[(first_ + i) % kMost]; }
  void shorten_list();

  Space& space_;
  /// The pages that are ahead, in order, and some that are so no more: a ring.
  PageId pages_[kMost] = {};
  unsigned first_ = 0;
  unsigned count_ = 0;
  int credit_ = 0;     ///< what being ahead has brought so far
  unsigned rest_ = 0;  ///< victims that take none with them
};

}  // namespace dime::agent
