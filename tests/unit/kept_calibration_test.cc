// SPDX-License-Identifier: GPL-2.0
// What is kept of a calibration is used for the machine that it is of, and for no other.
#include "engines/user/calibration/kept_calibration.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "base/clock_source.h"
#include "tests/unit/runtime_folder.h"

namespace dime {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr dime_calibration kMeasured{5'000, 2'000, 1'900, 0, 2'400'000'000, 1'500, 1'400};
const FaultPath kPath{DIME_FAULT_PATH_INLINE, DIME_MECHANISM_MOVE, {}};

class KeptCalibrationFile : public testing::Test {
 protected:
  KeptCalibrationFile() {
    ::setenv("XDG_CACHE_HOME", folder_.path().c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
    companions_ = {folder_.path() + "/agent", folder_.path() + "/probe"};
    std::ofstream(companions_.agent) << "agent";
    std::ofstream(companions_.probe) << "probe";
  }
  ~KeptCalibrationFile() override {
    ::unsetenv("XDG_CACHE_HOME");  // NOLINT(concurrency-mt-unsafe)
  }

  void keep(std::optional<StallVerdict> verdict = StallVerdict{20'000}) {
    const auto kept = keep_calibration(companions_, kPath, kMeasured, verdict);
    ASSERT_TRUE(kept) << kept.error().message;
    file_ = *kept;
  }
  // With the costs and the clock of now, so that only `change` matters.
  void rewrite(const std::function<void(Json&)>& change) {
    Json kept = Json::parse(std::ifstream(file_));
    change(kept);
    std::ofstream(file_) << kept;
  }
  [[nodiscard]] KeptCalibration find() const { return find_kept_calibration(companions_, kPath); }
  [[nodiscard]] bool is_ignored() const {
    const KeptCalibration kept = find();
    return !kept.calibration && !kept.verdict;
  }

  test::RuntimeFolder folder_;
  Companions companions_;
  std::string file_;
};

TEST_F(KeptCalibrationFile, IsFoundAgain) {
  EXPECT_TRUE(is_ignored());
  keep();
  struct stat about {};
  ASSERT_EQ(::stat(file_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  ASSERT_TRUE(find().verdict);
  EXPECT_EQ(find().verdict->met_from_ns, 20'000u);
  // The clock is not the made-up one: the machine is not as it was.
  EXPECT_FALSE(find().calibration);
}

// The real frequency, and costs that a busy moment does not change for all of the tries.
TEST_F(KeptCalibrationFile, IsUsedWhereTheMachineIsAsItWas) {
  KeptCalibration kept;
  for (int i = 0; i < 200 && !kept.calibration; ++i) {
    const ClockMark start = mark_clocks();
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    dime_calibration calibration = kMeasured;
    calibration.tsc_hz = tsc_frequency(start, mark_clocks());
    const auto file = keep_calibration(companions_, kPath, calibration, {});
    ASSERT_TRUE(file) << file.error().message;
    kept = find();
  }
  ASSERT_TRUE(kept.calibration);
  EXPECT_EQ(kept.calibration->floor_ns, kMeasured.floor_ns);
  EXPECT_EQ(kept.calibration->lead_read_ns, kMeasured.lead_read_ns);
  EXPECT_EQ(kept.calibration->found_read_ns, kMeasured.found_read_ns);
  EXPECT_FALSE(kept.verdict);
}

TEST_F(KeptCalibrationFile, AVerdictStaysUntilThereIsANewOne) {
  keep(StallVerdict{50'000});
  keep(std::nullopt);
  EXPECT_EQ(find().verdict->met_from_ns, 50'000u);
  keep(StallVerdict{0});
  EXPECT_EQ(find().verdict->met_from_ns, 0u);
}

TEST_F(KeptCalibrationFile, IsOfOneAgentAndOneFaultPath) {
  keep();
  for (const FaultPath& path : {FaultPath{DIME_FAULT_PATH_THREAD, DIME_MECHANISM_MOVE, {}},
                                FaultPath{DIME_FAULT_PATH_INLINE, DIME_MECHANISM_COPY, {}}}) {
    const KeptCalibration other = find_kept_calibration(companions_, path);
    EXPECT_TRUE(!other.calibration && !other.verdict);
  }
  std::ofstream(companions_.agent) << "another build";
  EXPECT_TRUE(is_ignored());
}

TEST_F(KeptCalibrationFile, AnotherMachineOrTimeIsIgnored) {
  for (const char* const key : {"host", "boot", "kernel", "cpu", "cpus", "seccomp", "privileges",
                                "fault_path", "mechanism", "files"}) {
    keep();
    rewrite([key](Json& kept) { kept["key"][key] = "another"; });
    EXPECT_TRUE(is_ignored()) << key;
  }
  for (const std::int64_t seconds : {-25 * 3'600, 3'600}) {
    keep();
    rewrite([seconds](Json& kept) {
      const auto other =
          static_cast<std::uint64_t>(kept["measured_s"].get<std::int64_t>() + seconds);
      kept["measured_s"] = other;
      kept["verdict"]["measured_s"] = other;
    });
    EXPECT_TRUE(is_ignored()) << seconds;
  }
  keep();
  rewrite([](Json& kept) { kept["fault_ns"] = 1e6; });
  EXPECT_FALSE(find().calibration);
}

TEST_F(KeptCalibrationFile, WhatIsDamagedIsIgnored) {
  keep();
  const std::string good = [this] {
    std::ifstream file(file_);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }();
  for (const std::string& text : {std::string(), good.substr(0, good.size() / 2), "[1]" + good,
                                  std::string("null"), std::string(9'000, ' ') + good}) {
    std::ofstream(file_) << text;
    EXPECT_TRUE(is_ignored()) << text.substr(0, 40);
  }
  const Json wrong[] = {"5000", -1, 1.5, nullptr, 0, 2'000'000'000};
  for (const Json& value : wrong) {
    keep();
    rewrite([&value](Json& kept) { kept["calibration"]["floor_ns"] = value; });
    EXPECT_FALSE(find().calibration) << value;
    keep();
    rewrite([&value](Json& kept) { kept["verdict"]["met_from_ns"] = value; });
    EXPECT_TRUE(!find().verdict || value == 0) << value;
  }
  keep();
  rewrite([](Json& kept) { kept["schema"] = 2; });
  EXPECT_TRUE(is_ignored());
}

TEST_F(KeptCalibrationFile, WhatOthersMayHaveWrittenIsIgnored) {
  keep();
  ASSERT_EQ(::chmod(file_.c_str(), 0620), 0);
  EXPECT_TRUE(is_ignored());
  keep();
  fs::rename(file_, file_ + ".elsewhere");
  fs::create_symlink(file_ + ".elsewhere", file_);
  EXPECT_TRUE(is_ignored());
  fs::remove(file_);
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  EXPECT_TRUE(is_ignored());
  fs::remove(file_);
  keep();
  if (::geteuid() == 0) {
    constexpr uid_t kNobody = 65'534;
    ASSERT_EQ(::chown(file_.c_str(), kNobody, kNobody), 0);
    EXPECT_TRUE(is_ignored());
  }
}

TEST_F(KeptCalibrationFile, WhereNothingCanBeKeptNothingIsFound) {
  ::setenv("XDG_CACHE_HOME", "/proc/nowhere", 1);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_FALSE(keep_calibration(companions_, kPath, kMeasured, {}));
  EXPECT_TRUE(is_ignored());
}

TEST_F(KeptCalibrationFile, WhatIsTooOldIsRemoved) {
  keep();
  const std::string folder = folder_.path() + "/dime/";
  for (const char* const name : {"calibration-inline-old.json", "other"}) {
    std::ofstream(folder + name) << "x";
    fs::last_write_time(folder + name, fs::file_time_type::clock::now() - std::chrono::hours(25));
  }
  keep();
  EXPECT_FALSE(fs::exists(folder + "calibration-inline-old.json"));
  EXPECT_TRUE(fs::exists(folder + "other"));
}

TEST_F(KeptCalibrationFile, ReadersSeeAWholeFileWhileOthersWrite) {
  keep();
  std::vector<std::thread> writers;
  for (int i = 0; i < 3; ++i) {
    writers.emplace_back([this] {
      for (int round = 0; round < 20; ++round) {
        (void)keep_calibration(companions_, kPath, kMeasured, StallVerdict{20'000});
      }
    });
  }
  for (int round = 0; round < 20; ++round) {
    EXPECT_TRUE(find().verdict);
  }
  for (std::thread& writer : writers) {
    writer.join();
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path() + "/dime"), {}), 1);
}

}  // namespace
}  // namespace dime
