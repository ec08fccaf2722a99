// SPDX-License-Identifier: GPL-2.0
// The link under real threads that reserve at once: no transfer overlaps another, none is lost.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "core/link.h"

namespace dime {
namespace {

class RealThreads : public testing::TestWithParam<unsigned> {};

TEST_P(RealThreads, ShareTheWireWithoutOverlap) {
  constexpr unsigned kTransfers = 50'000;
  constexpr BitsPerSecond kBandwidth{32'768'000'000};  // a page takes 1,000 ns
  const unsigned count = GetParam();
  dime_link_direction wire{};
  std::vector<std::vector<Nanos>> starts(count);
  std::vector<std::thread> threads;
  for (unsigned k = 0; k < count; ++k) {
    threads.emplace_back([&wire, &mine = starts[k]] {
      Nanos now{1'000'000};
      mine.reserve(kTransfers);
      for (unsigned i = 0; i < kTransfers; ++i) {
        const link::Transfer transfer = link::reserve(wire, now, kPageBytes, kBandwidth);
        mine.push_back(transfer.start);
        now = transfer.end;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::vector<Nanos> all;
  for (const std::vector<Nanos>& mine : starts) {
    all.insert(all.end(), mine.begin(), mine.end());
  }
  std::sort(all.begin(), all.end());
  for (std::size_t i = 1; i < all.size(); ++i) {
    ASSERT_GE(all[i], all[i - 1] + Nanos{1'000});
  }
  const std::uint64_t transfers = std::uint64_t{count} * kTransfers;
  EXPECT_EQ(wire.transfers, transfers);
  EXPECT_EQ(wire.bytes, transfers * kPageBytes);
  EXPECT_EQ(wire.busy_ns, transfers * 1'000);
  const double span = static_cast<double>(wire.last_ns - wire.first_ns);
  const double carried = static_cast<double>(wire.bytes) * 8e9 / span;
  EXPECT_LE(carried, static_cast<double>(kBandwidth.value));
  EXPECT_GE(carried, 0.99 * static_cast<double>(kBandwidth.value));
}

INSTANTIATE_TEST_SUITE_P(Threads, RealThreads, testing::Values(1, 2, 4, 8));

}  // namespace
}  // namespace dime
