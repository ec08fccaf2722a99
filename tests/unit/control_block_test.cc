// SPDX-License-Identifier: GPL-2.0
#include "control/control_block.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "runtime_folder.h"

namespace dime {
namespace {

class ControlBlockTest : public testing::Test {
 protected:
  static NewInstance kept() {
    NewInstance content;
    content.parameters.latency_ns = 3'000;
    content.parameters.bandwidth_bps = 32'768'000'000;  // a page in 1,000 ns
    content.parameters.local_npages = 2'000;
    content.keep = true;
    return content;
  }
  test::RuntimeFolder folder_;
};

TEST_F(ControlBlockTest, AppearsCompleteUnderItsName) {
  const auto made = ControlBlock::create(3, kept());
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->path(), control_path(3));
  const auto opened = ControlBlock::open(control_path(3));
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->id(), 3u);
  EXPECT_EQ((*opened)->parameters.latency_ns, 3'000u);
  EXPECT_EQ((*opened)->target_ns, 4'000u);
  struct stat about {};
  ASSERT_EQ(::stat(control_path(3).c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
}

TEST_F(ControlBlockTest, RefusesAnIdThatIsTaken) {
  const auto first = ControlBlock::create(0, kept());
  const auto second = ControlBlock::create(0, kept());
  ASSERT_TRUE(first);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EEXIST);
}

TEST_F(ControlBlockTest, TakesTheLowestFreeId) {
  const auto zero = ControlBlock::create(0, kept());
  const auto two = ControlBlock::create(2, kept());
  const auto next = ControlBlock::create_next(kept());
  ASSERT_TRUE(zero && two && next);
  EXPECT_EQ(next->id(), 1u);
}

TEST_F(ControlBlockTest, GivesOneIdToOneOfManyCreators) {
  constexpr int kCreators = 8;
  std::atomic<int> created = 0;
  std::vector<std::thread> creators;
  for (int i = 0; i < kCreators; ++i) {
    creators.emplace_back([&] { created += ControlBlock::create(0, kept()) ? 1 : 0; });
  }
  for (std::thread& creator : creators) {
    creator.join();
  }
  EXPECT_EQ(created, 1);
}

TEST_F(ControlBlockTest, RefusesWhatIsNoBlock) {
  EXPECT_EQ(ControlBlock::open(control_path(1)).error().code, ENOENT);
  std::ofstream(control_path(1)) << "short";
  EXPECT_EQ(ControlBlock::open(control_path(1)).error().code, EPROTO);
  auto made = ControlBlock::create(2, kept());
  ASSERT_TRUE(made);
  (*made)->abi_version = DIME_ABI_VERSION + 1;
  EXPECT_EQ(ControlBlock::open(control_path(2)).error().code, EPROTO);
  ASSERT_EQ(::chmod(control_path(2).c_str(), 0666), 0);
  EXPECT_EQ(ControlBlock::open(control_path(2)).error().code, EPERM);
}

TEST_F(ControlBlockTest, DoesNotFollowASymbolicLink) {
  const auto made = ControlBlock::create(0, kept());
  std::filesystem::create_symlink(control_path(0), control_path(1));
  EXPECT_EQ(ControlBlock::open(control_path(1)).error().code, ELOOP);
}

TEST_F(ControlBlockTest, ChangesParametersAndTarget) {
  auto made = ControlBlock::create(0, kept());
  ASSERT_TRUE(made);
  dime_parameters parameters = made->parameters();
  parameters.latency_ns = 9'000;
  ASSERT_TRUE(made->apply(config::plan_for(parameters)));
  EXPECT_EQ(made->parameters().latency_ns, 9'000u);
  EXPECT_EQ(made->parameters().sequence, 2u);
  EXPECT_EQ((*made)->target_ns, 10'000u);
}

TEST_F(ControlBlockTest, OutlivesAWriterThatDiedHalfWay) {
  auto made = ControlBlock::create(0, kept());
  ASSERT_TRUE(made);
  (*made)->parameters.sequence = 7;
  ASSERT_TRUE(made->apply(config::plan_for(made->parameters())));
  EXPECT_EQ((*made)->parameters.sequence, 8u);
}

TEST_F(ControlBlockTest, ReadersNeverSeeHalfAChange) {
  auto writer = ControlBlock::create(0, kept());
  ASSERT_TRUE(writer);
  const auto reader = ControlBlock::open(writer->path());
  ASSERT_TRUE(reader);
  std::atomic<bool> stop = false;
  std::thread changes([&] {
    dime_parameters parameters = writer->parameters();
    for (std::uint64_t i = 0; !stop; ++i) {
      parameters.latency_ns = i;
      parameters.local_npages = 2 * i;
      EXPECT_TRUE(writer->apply(config::plan_for(parameters)));
    }
  });
  // The first value was not written as a pair.
  while (reader->parameters().sequence == 0) {
  }
  for (int i = 0; i < 20'000; ++i) {
    const dime_parameters seen = reader->parameters();
    ASSERT_EQ(seen.local_npages, 2 * seen.latency_ns);
  }
  stop = true;
  changes.join();
}

TEST_F(ControlBlockTest, RemovesItsOwnFileOnly) {
  auto old = ControlBlock::create(0, kept());
  ASSERT_TRUE(old);
  std::filesystem::remove(control_path(0));
  const auto successor = ControlBlock::create(0, kept());
  ASSERT_TRUE(successor);
  old->remove();
  EXPECT_TRUE(ControlBlock::open(control_path(0)));
}

TEST_F(ControlBlockTest, PrivateBlocksLeaveNoFile) {
  const auto made = ControlBlock::create_private(kept());
  ASSERT_TRUE(made);
  EXPECT_EQ(folder_.files(), 0u);
  EXPECT_TRUE(std::filesystem::exists(made->path()));
}

}  // namespace
}  // namespace dime
