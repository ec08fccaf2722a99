// SPDX-License-Identifier: GPL-2.0
// The page of `dime top`: what it shows, and that it fits.
#include "cli/top_page.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string_view>

namespace dime {
namespace {

TopInstance instance(std::uint32_t id) {
  auto control = std::make_shared<dime_control>();
  control->instance_id = id;
  TopInstance made;
  made.view.parameters.latency_ns = 50'000;
  made.view.parameters.local_npages = 100;
  std::string_view("fifo").copy(made.view.parameters.policy, DIME_NAME_BYTES - 1);
  made.view.control = std::move(control);
  made.last.pages = {100, 300};
  for (std::uint64_t i = 1; i <= 3; ++i) {
    Sample sample;
    sample.wall_ns = 1'000'000'000;
    sample.whole.remote = 100 * i;
    sample.whole.stall_ns = 250'000'000 * i;
    made.history.push_back(sample);
  }
  TopMember member;
  member.pid = 4711;
  member.comm = "worker";
  member.pages = {100, 300};
  made.members.push_back(member);
  return made;
}

std::string text_of(const std::vector<TopLine>& lines) {
  std::string text;
  for (const TopLine& line : lines) {
    text += line.text + '\n';
  }
  return text;
}

TEST(TopPage, ShowsInstanceMembersAndHistory) {
  const std::vector<TopLine> lines = top_page({instance(7)}, 0, 80, 23);
  const std::string text = text_of(lines);
  for (const char* const part :
       {"\n7: local 100 pages", "latency 50.0 us", "policy fifo", "remote/s     300.00",
        "stalled        0.75", "[#####...............]", "4711 worker"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
  }
  EXPECT_TRUE(std::all_of(lines.begin(), lines.end(), [](const TopLine& line) {
    return line.text.size() <= 80;
  })) << text;
}

TEST(TopPage, ShowsTheHeatOfThisProcess) {
  TopHeat heat;
  std::vector<char> memory(std::size_t{64} * DIME_PAGE_BYTES, '\1');
  ASSERT_TRUE(heat.refresh(::getpid()));
  std::vector<char> more(std::size_t{4096} * DIME_PAGE_BYTES, '\1');
  ASSERT_TRUE(heat.refresh(::getpid()));
  std::uint64_t came = 0;
  for (const MappingHeat& mapping : heat.mappings()) {
    came += mapping.came;
  }
  EXPECT_GE(came, 4'095u);
  EXPECT_LE(came, 8'192u);

  TopInstance shown = instance(7);
  shown.members[0].pid = static_cast<std::uint32_t>(::getpid());
  const std::vector<TopLine> lines = heat_page({shown}, 0, heat, 80, 23);
  const std::string text = text_of(lines);
  EXPECT_NE(text.find("worker: where its pages come in"), std::string::npos) << text;
  EXPECT_NE(text.find("[@@@@@@"), std::string::npos) << text;
  EXPECT_TRUE(std::all_of(lines.begin(), lines.end(), [](const TopLine& line) {
    return line.text.size() <= 80;
  })) << text;
  EXPECT_NE(text_of(heat_page({instance(7)}, 0, heat, 80, 23)).find("no member"),
            std::string::npos);
}

TEST(TopPage, FitsAnyHeightAndFollowsTheSelection) {
  std::vector<TopInstance> many;
  for (std::uint32_t id = 0; id < 30; ++id) {
    many.push_back(instance(id));
  }
  for (const std::size_t height : {1, 5, 23, 100}) {
    EXPECT_LE(top_page(many, 29, 80, height).size(), height);
  }
  EXPECT_NE(text_of(top_page(many, 29, 80, 23)).find(">  29"), std::string::npos);
}

TEST(TopPage, SaysWhereThereIsNothing) {
  EXPECT_NE(text_of(top_page({}, 0, 80, 23)).find("no instances"), std::string::npos);
}

TEST(Sparkline, HasTheLatestOnTheRight) {
  EXPECT_EQ(sparkline({0, 5, 10}, 5), "   +@");
  EXPECT_EQ(sparkline({10, 0, 0.01}, 2), " @");
  EXPECT_EQ(sparkline({10, 0.01}, 2), "@.");
  EXPECT_EQ(sparkline({}, 3), "   ");
}

}  // namespace
}  // namespace dime
