// SPDX-License-Identifier: GPL-2.0
// Which runs there are, in which order, and which are still needed; lines of results and the table.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "experiments/plan.h"
#include "experiments/results_file.h"
#include "experiments/table.h"

namespace dime::experiments {
namespace {

using Json = nlohmann::ordered_json;

Spec small_spec() {
  Spec spec;
  spec.programs.resize(1);
  spec.programs[0].name = "sort";
  spec.grid = {{"local",
                {"100%", "50%", "25%"},
                {{"--local", "100%"}, {"--local", "50%"}, {"--local", "25%"}},
                1},
               {"no-follow", {"true", "false"}, {{"--no-follow"}, {}}, 2}};
  return spec;
}

std::vector<std::string> texts(const std::vector<Point>& points, const Spec& spec) {
  std::vector<std::string> all;
  for (const Point& point : points) {
    all.push_back(point.text(spec));
  }
  return all;
}

TEST(SweepPlan, PointsAreTheProductOfTheAxes) {
  const Spec spec = small_spec();
  const std::vector<Point> points = all_points(spec);
  ASSERT_EQ(points.size(), 2u + 3u * 2u);
  EXPECT_EQ(points[0].text(spec), "sort native no-thp");
  EXPECT_EQ(points[1].text(spec), "sort native thp");
  EXPECT_EQ(points[2].text(spec), "sort local=100% no-follow=true");
  EXPECT_EQ(points[2].words(spec), (std::vector<std::string>{"--local", "100%", "--no-follow"}));
  EXPECT_EQ(points[7].words(spec), (std::vector<std::string>{"--local", "25%"}));
}

TEST(SweepPlan, EachPassHasEveryPointInAnotherOrderFromTheSeed) {
  const Spec spec = small_spec();
  const std::vector<Point> points = all_points(spec);
  const auto order = [&](unsigned pass, std::uint64_t seed) {
    RunRules rules;
    rules.seed = seed;
    return texts(order_of_pass(points, pass, rules), spec);
  };
  std::set<std::vector<std::string>> different;
  for (unsigned pass = 1; pass <= 5; ++pass) {
    std::vector<std::string> sorted = order(pass, 1);
    EXPECT_EQ(order(pass, 1), sorted);
    different.insert(sorted);
    std::sort(sorted.begin(), sorted.end());
    std::vector<std::string> all = texts(points, spec);
    std::sort(all.begin(), all.end());
    EXPECT_EQ(sorted, all);
  }
  EXPECT_GE(different.size(), 4u);
  EXPECT_NE(order(2, 1), order(2, 2));
  for (int i = 0; i < 2; ++i) {
    EXPECT_NE(order(1, 1)[static_cast<std::size_t>(i)].find("native"), std::string::npos);
  }
}

TEST(SweepPlan, OrderOfTheGridIsKeptWhereAskedFor) {
  const Spec spec = small_spec();
  RunRules rules;
  rules.shuffled = false;
  EXPECT_EQ(texts(order_of_pass(all_points(spec), 3, rules), spec), texts(all_points(spec), spec));
}

TEST(SweepPlan, RepetitionsEndAndFailuresStopAPoint) {
  RunRules rules;
  rules.repetitions = 3;
  EXPECT_TRUE(needs_run(rules, {}, 3));
  EXPECT_FALSE(needs_run(rules, {}, 4));
  EXPECT_FALSE(needs_run(rules, {{1}, {{1, true}}}, 1));
  EXPECT_TRUE(needs_run(rules, {{1}, {{1, true}}}, 2));
  EXPECT_FALSE(needs_run(rules, {{}, {{1, false}}}, 2));
}

TEST(SweepPlan, PrecisionEndsRunsOnceReachedAndTheMaximumDoesSoOtherwise) {
  RunRules rules;
  rules.precision = 0.02;
  rules.minimum = 6;
  rules.maximum = 8;
  const std::vector<double> close = {1.00, 1.01, 1.00, 0.99, 1.00, 1.01};
  const std::vector<double> wide = {1.00, 1.01, 1.00, 0.99, 1.00, 1.03};
  EXPECT_TRUE(needs_run(rules, {{1, 1, 1, 1, 1}, {}}, 6));
  EXPECT_FALSE(needs_run(rules, {close, {}}, 7));
  EXPECT_TRUE(needs_run(rules, {wide, {}}, 7));
  EXPECT_FALSE(needs_run(rules, {wide, {}}, 9));
}

TEST(SweepPlan, SelectionByConditions) {
  const Spec spec = small_spec();
  const auto count = [&](const char* text) {
    const auto selection = Selection::parse(text, spec);
    EXPECT_TRUE(selection) << text;
    const std::vector<Point> points = all_points(spec);
    return std::count_if(points.begin(), points.end(),
                         [&](const Point& point) { return selection->matches(point, spec); });
  };
  EXPECT_EQ(count(""), 8);
  EXPECT_EQ(count("local=50%"), 4);  // with the native runs that it is compared with
  EXPECT_EQ(count("local=50%|25%,no-follow=true"), 4);
  EXPECT_EQ(count("local!=100%"), 6);
  EXPECT_EQ(count("native=no-thp"), 1);
  EXPECT_EQ(count("native!=no-thp,native!=thp"), 6);
  EXPECT_EQ(count("program=s*"), 8);
  for (const char* const bad : {"local", "size=5", "local=5%", "=5"}) {
    const auto selection = Selection::parse(bad, spec);
    ASSERT_FALSE(selection) << bad;
    EXPECT_NE(selection.error().message.find(bad), std::string::npos);
  }
}

Json line_of(const Point& point, const Spec& spec, unsigned repetition, double wall_s) {
  Json line = {{"schema", 1}, {"kind", "sweep-run"}};
  line.update(point.identity(spec));
  line.update(
      {{"repetition", repetition}, {"status", "ok"}, {"wall_s", wall_s}, {"spec", to_json(spec)}});
  return line;
}

class SweepResultsTest : public testing::Test {
 protected:
  SweepResultsTest() : path_(testing::TempDir() + fmt::format("sweep-{}.jsonl", ::getpid())) {
    std::filesystem::remove(path_);
  }
  ~SweepResultsTest() override { std::filesystem::remove(path_); }
  void write(const std::string& text) { std::ofstream(path_, std::ios::app) << text; }

  std::string path_;
};

TEST_F(SweepResultsTest, LinesComeBackAndACutOneIsDropped) {
  const Spec spec = small_spec();
  const Point point = all_points(spec)[3];
  {
    auto file = ResultsFile::open(path_, ResultsFile::Mode::kNew);
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->append(line_of(point, spec, 1, 2.5)));
    EXPECT_FALSE(ResultsFile::open(path_, ResultsFile::Mode::kResume));  // locked
  }
  write("{\"schema\": 1, \"kind\": \"swe");
  EXPECT_FALSE(ResultsFile::open(path_, ResultsFile::Mode::kNew));  // not empty
  auto file = ResultsFile::open(path_, ResultsFile::Mode::kResume);
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->was_cut());
  ASSERT_EQ(file->records().size(), 1u);
  EXPECT_EQ(file->records()[0].key(), key_of(point.identity(spec)));
  EXPECT_EQ(file->records()[0].wall_s, 2.5);
  EXPECT_EQ(difference(file->spec(), to_json(spec)), "");
  // It stays until there is a run in its place.
  EXPECT_TRUE(ResultsFile::open(path_, ResultsFile::Mode::kRead)->was_cut());
  ASSERT_TRUE(file->append(line_of(point, spec, 2, 3)));
  const auto again = ResultsFile::open(path_, ResultsFile::Mode::kRead);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->was_cut());
  EXPECT_EQ(again->records().size(), 2u);
}

TEST_F(SweepResultsTest, OtherLinesAreRefusedByFileAndLine) {
  for (const std::string bad : {"{\"schema\": 7, \"kind\": \"sweep-run\"}\n", "{\"a\": 1}\n",
                                "nonsense\n", "{\"schema\": 1, \"command\": []}", "nonsense"}) {
    std::filesystem::remove(path_);
    write(bad);
    const auto file = ResultsFile::open(path_, ResultsFile::Mode::kResume);
    ASSERT_FALSE(file) << bad;
    EXPECT_NE(file.error().message.find(path_ + ":1: "), std::string::npos) << file.error().message;
    EXPECT_EQ(std::filesystem::file_size(path_), bad.size());
  }
}

TEST(SweepTable, SlowDownsAreOfRunsOfOnePass) {
  const Spec spec = small_spec();
  const Point native = all_points(spec)[0];
  const Point point = all_points(spec)[2];
  std::vector<Record> records;
  // The machine gets slower from pass to pass; each run is twice as long as its native one.
  for (unsigned pass = 1; pass <= 6; ++pass) {
    records.push_back(*parse_record(line_of(native, spec, pass, 1.0 * pass)));
    records.push_back(*parse_record(line_of(point, spec, pass, 2.0 * pass)));
  }
  const auto figures = figures_of(spec, {native, point}, records);
  ASSERT_EQ(figures.size(), 2u);
  EXPECT_EQ(figures[1].slowdown, 2);
  EXPECT_EQ(figures[1].slowdown_interval.low, 2);
  EXPECT_EQ(figures[1].slowdown_interval.high, 2);
  EXPECT_EQ(figures[1].wall_s, 7);
  EXPECT_TRUE(figures[1].doubts.empty()) << figures[1].doubts[0];
  const std::string table = table_of(spec, figures);
  EXPECT_NE(table.find("sort native no-thp"), std::string::npos);
  EXPECT_NE(table.find("2.00 .. 2.00"), std::string::npos);
}

TEST(SweepTable, WeakNumbersAreMarked) {
  const Json result = {{"config", {{"below_floor", true}, {"local_percent", 50.0}}},
                       {"stall_ns", {{"count", 7}, {"target", 5000}, {"p50", 9000}}},
                       {"pages", {{"unmanaged_peak", 30}, {"managed_peak", 70}}}};
  EXPECT_EQ(doubts_of(result),
            (std::vector<std::string>{"below the floor", "7 stalls only", "30 % unmanaged"}));
  const Json sound = {{"config", {{"below_floor", false}, {"local_percent", 50.0}}},
                      {"stall_ns", {{"count", 7000}, {"target", 5000}, {"p50", 5100}}},
                      {"pages", {{"unmanaged_peak", 3}, {"managed_peak", 97}}}};
  EXPECT_TRUE(doubts_of(sound).empty());
  EXPECT_TRUE(doubts_of(Json::object()).size() == 1);
}

TEST(SweepTable, DoubtsOfAPointNameEachKindOnce) {
  Record few;
  few.doubts = {"12 stalls only"};
  Record fewer;
  fewer.doubts = {"7 stalls only", "30 % unmanaged"};
  Record late;
  late.doubts = {"stalls 8 % above target"};
  EXPECT_EQ(
      doubts_of(2, {1.8, 2.0, 0.75}, {&few, &fewer, &late}),
      (std::vector<std::string>{"noisy (+-10 %)", "few runs (interval 75 %)", "12 stalls only",
                                "30 % unmanaged", "stalls 8 % above target"}));
  EXPECT_TRUE(doubts_of(2, {2.0, 2.0, 0.97}, {}).empty());
}

}  // namespace
}  // namespace dime::experiments
