// SPDX-License-Identifier: GPL-2.0
// Policies against the plainest programs that do the same, on random references and small sizes,
// and against traces that were worked out by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

#include "engines/simulator/replay.h"
#include "policies/registry.h"
#include "tests/unit/page_traces.h"

namespace dime::test {
namespace {

using Trace = std::vector<std::uint32_t>;

std::uint64_t misses(const dime_policy_ops& policy, std::uint64_t capacity, const Trace& trace) {
  const std::uint32_t pages = *std::max_element(trace.begin(), trace.end()) + 1;
  const auto result = simulator::replay({&policy, nullptr, capacity, 1}, trace, pages);
  EXPECT_TRUE(result.has_value());
  return result ? result->misses : 0;
}

std::uint64_t misses(const dime_policy_ops& policy, std::uint64_t capacity,
                     std::string_view letters) {
  return misses(policy, capacity, Trace(letters.begin(), letters.end()));
}

/// A local page, the oldest first.
struct Local {
  std::uint32_t page;
  bool accessed;
};
using Pages = std::vector<Local>;

/// Counts misses: `evict` takes one page out before reference number `at`, and `hit` changes the
/// order.
std::uint64_t plain(const Trace& trace, std::uint64_t capacity,
                    const std::function<void(Pages&, std::size_t at)>& evict,
                    const std::function<void(Pages&, std::size_t which)>& hit) {
  Pages pages;
  std::uint64_t count = 0;
  for (std::size_t at = 0; at < trace.size(); ++at) {
    const auto found = std::find_if(pages.begin(), pages.end(),
                                    [&](const Local& local) { return local.page == trace[at]; });
    if (found != pages.end()) {
      hit(pages, static_cast<std::size_t>(found - pages.begin()));
      continue;
    }
    ++count;
    if (pages.size() == capacity) {
      evict(pages, at);
    }
    pages.push_back({trace[at], false});
  }
  return count;
}

void nothing(Pages& /*pages*/, std::size_t /*which*/) {}
void mark(Pages& pages, std::size_t which) {
  pages[which].accessed = true;
}
void make_youngest(Pages& pages, std::size_t which) {
  const auto at = pages.begin() + static_cast<std::ptrdiff_t>(which);
  std::rotate(at, at + 1, pages.end());
}
void oldest(Pages& pages, std::size_t /*at*/) {
  pages.erase(pages.begin());
}
void youngest(Pages& pages, std::size_t /*at*/) {
  pages.pop_back();
}
void clock_hand(Pages& pages, std::size_t /*at*/) {
  while (pages.front().accessed) {
    pages.front().accessed = false;
    make_youngest(pages, 0);
  }
  pages.erase(pages.begin());
}

/// The page whose next use is farthest away, or one that is not used any more.
void farthest(const Trace& trace, Pages& pages, std::size_t at) {
  const auto next_use = [&](const Local& local) {
    return std::find(trace.begin() + static_cast<std::ptrdiff_t>(at), trace.end(), local.page);
  };
  pages.erase(std::max_element(
      pages.begin(), pages.end(),
      [&](const Local& one, const Local& other) { return next_use(one) < next_use(other); }));
}

std::uint64_t plain_sieve(const Trace& trace, std::uint64_t capacity) {
  std::size_t hand = 0;
  return plain(
      trace, capacity,
      [&hand](Pages& pages, std::size_t /*at*/) {
        for (;; ++hand) {
          hand = hand >= pages.size() ? 0 : hand;
          if (!pages[hand].accessed) {
            break;
          }
          pages[hand].accessed = false;
        }
        pages.erase(pages.begin() + static_cast<std::ptrdiff_t>(hand));
        // At the young end the hand starts over, before a younger page comes.
        hand = hand >= pages.size() ? 0 : hand;
      },
      mark);
}

Trace random_trace(std::uint64_t seed, std::uint32_t pages) {
  Congruence draw(seed);
  Trace trace;
  for (unsigned i = 0; i < 600; ++i) {
    // The lesser of two: some pages are accessed more often.
    trace.push_back(static_cast<std::uint32_t>(std::min(draw.next(), draw.next()) % pages));
  }
  return trace;
}

TEST(References, ThoseWithOneRightAnswerHaveIt) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Trace trace = random_trace(seed, static_cast<std::uint32_t>(3 + seed % 30));
    for (std::uint64_t size = 1; size <= 12; ++size) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", " << size << " pages");
      EXPECT_EQ(misses(policies::kFifo, size, trace), plain(trace, size, oldest, nothing));
      EXPECT_EQ(misses(policies::kLru, size, trace), plain(trace, size, oldest, make_youngest));
      EXPECT_EQ(misses(policies::kMru, size, trace), plain(trace, size, youngest, make_youngest));
      EXPECT_EQ(misses(policies::kClock, size, trace), plain(trace, size, clock_hand, mark));
      EXPECT_EQ(misses(policies::kSieve, size, trace), plain_sieve(trace, size));
      EXPECT_EQ(
          misses(policies::kOpt, size, trace),
          plain(
              trace, size, [&trace](Pages& pages, std::size_t at) { farthest(trace, pages, at); },
              nothing));
    }
  }
}

TEST(References, NoneIsBetterThanTheBestOrMissesAnAccessThatItHas) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Trace trace = random_trace(seed, static_cast<std::uint32_t>(3 + seed % 30));
    for (std::uint64_t size = 1; size <= 12; ++size) {
      const std::uint64_t best = misses(policies::kOpt, size, trace);
      const std::uint64_t worst = misses(policies::kFifo, 1, trace);
      for (const dime_policy_ops* const policy : policies::kSimulated) {
        const std::uint64_t own = misses(*policy, size, trace);
        EXPECT_GE(own, best) << policy->name << ", seed " << seed << ", " << size << " pages";
        EXPECT_LE(own, worst) << policy->name << ", seed " << seed << ", " << size << " pages";
      }
    }
  }
}

// C has to become local and takes the place of B, which is needed after A.
TEST(ByHand, Opt) {
  EXPECT_EQ(misses(policies::kOpt, 2, "ABCAB"), 4u);
  EXPECT_EQ(misses(policies::kOpt, 2, "ABCAC"), 3u);
}

// The authors' example: in the end J I H G D B A, so A and B are hits now, and C is none.
TEST(ByHand, Sieve) {
  EXPECT_EQ(misses(policies::kSieve, 7, "AABBCDEFGGHADIBJ"), 10u);
  EXPECT_EQ(misses(policies::kSieve, 7, "AABBCDEFGGHADIBJJIHGDBA"), 10u);
  EXPECT_EQ(misses(policies::kSieve, 7, "AABBCDEFGGHADIBJC"), 11u);
}

// D takes the place of C, then C that of B, which was accessed last.
TEST(ByHand, MruKeepsAPartOfALoop) {
  EXPECT_EQ(misses(policies::kMru, 3, "ABCDABCD"), 5u);
  EXPECT_EQ(misses(policies::kLru, 3, "ABCDABCD"), 8u);
}

// A has been accessed twice, so C takes the place of B, and D that of C.
TEST(ByHand, LfuKeepsWhatIsAccessedOften) {
  EXPECT_EQ(misses(policies::kLfu, 2, "AABCDA"), 4u);
}

// A was accessed again while it was in the small queue of one page, twice, so it goes on to the
// main one; B and C were not.
TEST(ByHand, S3FifoSendsAccessedPagesOn) {
  EXPECT_EQ(misses(policies::kS3Fifo, 2, "AAABCA"), 3u);
}

// In A1in accesses change nothing; A comes back from A1out into Am, and stays while others pass.
TEST(ByHand, TwoQueues) {
  EXPECT_EQ(misses(policies::k2Q, 4, "ABCDEBAFGHA"), 9u);
}

}  // namespace
}  // namespace dime::test
