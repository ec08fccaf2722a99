// SPDX-License-Identifier: GPL-2.0
// What a spec may say, and the one line that refuses what it may not.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "experiments/spec.h"

namespace dime::experiments {
namespace {

class SweepSpecTest : public testing::Test {
 protected:
  SweepSpecTest() : path_(testing::TempDir() + fmt::format("spec-{}.toml", ::getpid())) {}
  ~SweepSpecTest() override { std::filesystem::remove(path_); }

  Result<Spec> read(const std::string& text) {
    std::ofstream(path_) << text;
    return read_spec(path_, [](const std::vector<std::string>& words) -> Result<void> {
      for (const std::string& word : words) {
        if (word == "0%") {
          return fail(0, "--local 0%: too little");
        }
        if (word == "--locale") {
          return fail(0, "--locale: unknown option of dime run");
        }
      }
      return {};
    });
  }

  std::string path_;
};

const std::string kProgram = "[program]\ncommand = [\"sort\", \"x\"]\n";
const std::string kGrid = "[grid]\nlocal = [\"50%\"]\n";

TEST_F(SweepSpecTest, EverythingHasItsPlace) {
  const auto spec = read(R"(
[program]
command = "./serve --port 1 | cat"
folder = "here"
environment = { LC_ALL = "C" }
setup = "make"
client = "bench"
ready = "ping"
ready-limit = "2min"
metric = { rate = 'rate: ([0-9.]+)', p99 = 'p99=(\d+)' }
check = "file:out.txt"
exit-status = 3
[grid]
policy = "fifo"
local = ["100%", 2000]
no-follow = [true, false]
at = [[["10s", "down"], ["12s", "up"]], ["5s", "latency=9us"]]
[run]
precision = "2%"
maximum = 40
warm-up = 1
limit = "1.5h"
native = ["thp", "no-thp"]
order = "grid"
seed = 9
[slurm]
concurrent = 8
options = ["--partition=short"]
)");
  ASSERT_TRUE(spec) << spec.error().message;
  const Program& program = spec->programs[0];
  EXPECT_EQ(program.name, "./serve");
  EXPECT_EQ(program.command, (std::vector<std::string>{"/bin/sh", "-c", "./serve --port 1 | cat"}));
  EXPECT_EQ(program.folder, (std::filesystem::path(path_).parent_path() / "here").string());
  EXPECT_EQ(program.ready_limit_s, 120);
  ASSERT_EQ(program.metrics.size(), 2u);
  EXPECT_EQ(program.exit_status, 3);
  ASSERT_EQ(spec->grid.size(), 4u);
  EXPECT_EQ(spec->grid[0].option, "policy");
  EXPECT_EQ(spec->grid[1].labels, (std::vector<std::string>{"100%", "2000"}));
  EXPECT_EQ(spec->grid[2].words, (std::vector<std::vector<std::string>>{{"--no-follow"}, {}}));
  EXPECT_EQ(spec->grid[3].words[0], (std::vector<std::string>{"--at", "10s", "down", "12s", "up"}));
  EXPECT_EQ(*spec->run.precision, 0.02);
  EXPECT_EQ(spec->run.most(), 40u);
  EXPECT_EQ(spec->run.limit_s, 5400);
  EXPECT_EQ(spec->run.native, (std::vector{Native::kSmallPages, Native::kHugePages}));
  EXPECT_FALSE(spec->run.shuffled);
  EXPECT_EQ(spec->slurm.concurrent, 8u);
}

TEST_F(SweepSpecTest, SeveralProgramsHaveNames) {
  const auto spec =
      read("[[program]]\ncommand = [\"a\"]\n[[program]]\ncommand = [\"b\"]\n" + kGrid);
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(spec->programs.size(), 2u);
  EXPECT_FALSE(read("[[program]]\ncommand = [\"a\"]\n[[program]]\ncommand = [\"a\"]\n" + kGrid));
}

TEST_F(SweepSpecTest, BadSpecsNameLineKeyAndWhatIsAllowed) {
  const struct {
    std::string text;
    std::vector<std::string> parts;
  } rows[] = {
      {"[program\n", {":1: "}},
      {"", {"empty"}},
      {kGrid, {"[program]"}},
      {kProgram, {"[grid]"}},
      {kProgram + "[grid]\n", {":3: ", "grid is empty"}},
      {kProgram + "[grid]\nlocal = []\n", {":4: ", "grid.local", "empty"}},
      {kProgram + "[grid]\nlocal = [0.5]\n", {":4: ", "grid.local"}},
      {kProgram + "[grid]\nlocal = [\"5%\", \"5%\"]\n", {":4: ", "5%", "twice"}},
      {kProgram + "[grid]\nlocal = [\"0%\"]\n", {":4: ", "grid.local", "--local 0%"}},
      {kProgram + "[grid]\nlocale = [\"C\"]\n", {":4: ", "grid.locale", "unknown option"}},
      {kProgram + "[grid]\njson = [\"a\"]\n", {":4: ", "grid.json"}},
      {kProgram + kGrid + "[runs]\n", {":5: ", "'runs'", "[run]"}},
      {"[program]\ncomand = [\"a\"]\n" + kGrid, {":2: ", "'comand'", "command"}},
      {"[program]\ncommand = []\n" + kGrid, {":2: ", "program.command"}},
      {"[program]\ncommand = 5\n" + kGrid, {":2: ", "program.command = 5"}},
      {kProgram + "metric = '('\n" + kGrid, {":3: ", "program.metric"}},
      {kProgram + "metric = 'abc'\n" + kGrid, {":3: ", "program.metric", "group"}},
      {kProgram + "client = 'c'\n" + kGrid, {"program.ready", "missing"}},
      {kProgram + "check = 'sum'\n" + kGrid, {":3: ", "program.check", "file:PATH"}},
      {kProgram + "check = 'output'\n" + kGrid + "[run]\nnative = false\n",
       {"program.check", "native"}},
      {kProgram + "exit-status = 999\n" + kGrid, {":3: ", "999", "255"}},
      {kProgram + kGrid + "[run]\nrepetitions = 0\n", {":6: ", "run.repetitions = 0", "1 to 1000"}},
      {kProgram + kGrid + "[run]\nprecision = 2\n", {":6: ", "run.precision", "2%"}},
      {kProgram + kGrid + "[run]\nprecision = \"0%\"\n", {":6: ", "run.precision"}},
      {kProgram + kGrid + "[run]\nprecision = \"2%\"\nrepetitions = 3\n", {"either"}},
      {kProgram + kGrid + "[run]\nminimum = 3\n", {":6: ", "run.minimum", "precision"}},
      {kProgram + kGrid + "[run]\nlimit = \"5 parsecs\"\n", {":6: ", "run.limit", "5min"}},
      {kProgram + kGrid + "[run]\nlimit = -1\n", {":6: ", "run.limit"}},
      {kProgram + kGrid + "[run]\nnative = [\"big\"]\n", {":6: ", "run.native", "no-thp"}},
      {kProgram + kGrid + "[run]\norder = \"sorted\"\n", {":6: ", "run.order", "random"}},
  };
  for (const auto& row : rows) {
    const auto spec = read(row.text);
    ASSERT_FALSE(spec) << row.text;
    EXPECT_EQ(spec.error().message.find('\n'), std::string::npos) << spec.error().message;
    EXPECT_NE(spec.error().message.find(path_), std::string::npos) << spec.error().message;
    for (const std::string& part : row.parts) {
      EXPECT_NE(spec.error().message.find(part), std::string::npos)
          << part << " is not in: " << spec.error().message;
    }
  }
}

TEST_F(SweepSpecTest, DifferencesAreNamed) {
  const auto one = read(kProgram + kGrid);
  const auto other = read(kProgram + kGrid + "[run]\nrepetitions = 9\n");
  ASSERT_TRUE(one && other);
  EXPECT_EQ(difference(to_json(*one), to_json(*one)), "");
  EXPECT_EQ(difference(to_json(*one), to_json(*other)), "run.repetitions: 5, now 9");
  // How tasks are handed out changes no result.
  const auto slurm = read(kProgram + kGrid + "[slurm]\nconcurrent = 3\n");
  ASSERT_TRUE(slurm);
  EXPECT_EQ(difference(to_json(*one), to_json(*slurm)), "");
}

}  // namespace
}  // namespace dime::experiments
