// SPDX-License-Identifier: GPL-2.0
// Memory that a program touches for the first time in order, where a recording samples pages: how
// many of the unsampled pages behind a touched one are opened together with it.
//
// A first touch is a fault that the agent serves at several times the cost of the kernel's own, and
// of an unsampled page nothing is recorded. The number doubles with each fault that continues a
// run, so that what is opened and never touched is at most as much as what the run has touched.
// Not thread-safe.
#pragma once

#include "core/units.h"

namespace dime::agent {

class TouchAhead {
 public:
  static constexpr unsigned kMost = 32;

  /// `page` was touched for the first time. Returns how many pages behind it are to be opened.
  unsigned touched(PageNumber page) {
    for (last_ = 0; last_ < kRuns; ++last_) {
      Run& run = runs_[last_];
      if (run.next == page) {
        run.pages = run.pages == 0 ? 1 : run.pages * 2 < kMost ? run.pages * 2 : kMost;
        run.next = {page.value + 1};
        return run.pages;
      }
    }
    last_ = oldest_++ % kRuns;
    runs_[last_] = {{page.value + 1}, 0};
    return 0;
  }

  /// So many pages behind the one that touched() was told of last are open.
  void opened(unsigned pages) { runs_[last_].next.value += pages; }

 private:
  static constexpr unsigned kRuns = 8;  // that a program fills at the same time

  struct Run {
    PageNumber next{};
    unsigned pages = 0;
  };

  Run runs_[kRuns];
  unsigned last_ = 0;  ///< the run that touched() has found or begun
  unsigned oldest_ = 0;
};

}  // namespace dime::agent
