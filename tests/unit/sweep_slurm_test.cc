// SPDX-License-Identifier: GPL-2.0
// Which points a task of Slurm has, and how tasks are put into arrays.
#include <gtest/gtest.h>

#include "experiments/slurm.h"

namespace dime::experiments {
namespace {

std::vector<std::string> texts(const std::vector<Array>& arrays) {
  std::vector<std::string> all;
  for (const Array& array : arrays) {
    all.push_back(fmt::format("{}+{}", array.first, array.indices));
  }
  return all;
}

using Texts = std::vector<std::string>;

TEST(SweepSlurm, ArraysHaveNoMoreAndNoHigherIndicesThanAllowed) {
  EXPECT_EQ(texts(make_arrays({}, 5)), Texts{});
  EXPECT_EQ(texts(make_arrays({0, 1, 2, 3, 4}, 5)), Texts{"0+0-4"});
  EXPECT_EQ(texts(make_arrays({0, 1, 2, 3, 4, 5}, 5)), (Texts{"0+0-4", "5+0"}));
  EXPECT_EQ(texts(make_arrays({3, 5, 6, 7, 20}, 5)), (Texts{"3+0,2-4", "20+0"}));
  EXPECT_EQ(texts(make_arrays({1, 2}, 1)), (Texts{"1+0", "2+0"}));
}

TEST(SweepSlurm, BlocksHavePointsOfOneProgram) {
  Spec spec;
  spec.programs.resize(2);
  spec.programs[0].name = "a";
  spec.programs[1].name = "b";
  spec.grid = {
      {"local", {"1p", "2p", "3p"}, {{"--local", "1p"}, {"--local", "2p"}, {"--local", "3p"}}, 1}};
  spec.slurm.points_per_task = 2;
  const auto blocks = make_blocks(spec, all_points(spec));
  ASSERT_EQ(blocks.size(), 4u);
  EXPECT_EQ(blocks[0].size(), 2u);
  EXPECT_EQ(blocks[1].size(), 1u);
  EXPECT_EQ(blocks[2][0].text(spec), "b local=1p");
}

}  // namespace
}  // namespace dime::experiments
