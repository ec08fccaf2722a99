// SPDX-License-Identifier: GPL-2.0
#include "experiments/runner.h"

#include <algorithm>
#include <ctime>
#include <fstream>

#include "base/environment.h"
#include "experiments/metrics.h"
#include "experiments/record.h"

namespace dime::experiments {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr const char* kScratch = "{scratch}";

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  const std::size_t length =
      std::strftime(static_cast<char*>(text), sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {static_cast<const char*>(text), length};
}

std::vector<std::string> environment_of(const Program& program) {
  std::vector<std::string> words;
  for (const std::string& word : own_environment()) {
    if (!program.environment.contains(word.substr(0, word.find('=')))) {
      words.push_back(word);
    }
  }
  for (const auto& [name, value] : program.environment) {
    words.push_back(fmt::format("{}={}", name, value));
  }
  return words;
}

// On a full disk runs fail for a reason that is not theirs.
Result<void> check_space(const fs::path& folder) {
  constexpr std::uintmax_t kLeast = 32u << 10u;
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  return error || space.available >= kLeast ? Result<void>() : fail(ENOSPC, "{}", folder.string());
}

}  // namespace

Runner::Runner(const Spec& spec, std::string dime, fs::path folder, const Watcher& watcher,
               const Interrupt& interrupt)
    : spec_(spec),
      dime_(std::move(dime)),
      folder_(std::move(folder)),
      watcher_(watcher),
      interrupt_(interrupt),
      machine_(machine_json()),
      spec_json_(to_json(spec)) {}

Result<void> Runner::prepare() {
  std::error_code error;
  fs::create_directories(folder_ / "scratch", error);
  if (error) {
    return fail(error.value(), "making the folder {}", (folder_ / "scratch").string());
  }
  folder_ = fs::absolute(folder_);
  return {};
}

void Runner::clean_up() {
  std::error_code error;
  fs::remove_all(folder_ / "scratch", error);
  for (const char* const name : {"out", "err", "client.out", "client.err", "ready.out", "ready.err",
                                 "command.out", "command.err", "result.json"}) {
    fs::remove(folder_ / name, error);
  }
  fs::remove(folder_, error);  // only where it is empty
}

std::string Runner::filled(std::string text) const {
  const std::string scratch = folder_ / "scratch";
  for (std::size_t at = 0; (at = text.find(kScratch, at)) != std::string::npos;
       at += scratch.size()) {
    text.replace(at, std::strlen(kScratch), scratch);
  }
  return text;
}

ChildRequest Runner::shell_request(const Program& program, const std::string& command,
                                   const std::string& name) const {
  ChildRequest request{
      {"/bin/sh", "-c", filled(command)}, environment_of(program),       filled(program.folder),
      file((name + ".out").c_str()),      file((name + ".err").c_str()), false};
  for (std::string& word : request.environment) {
    word = filled(word);
  }
  return request;
}

ChildRequest Runner::request_for(const Point& point) const {
  const Program& program = spec_.programs[point.program];
  ChildRequest request = shell_request(program, "", "");
  request.out = file("out");
  request.err = file("err");
  request.small_pages = point.native == Native::kSmallPages;
  request.words.clear();
  if (!point.native) {
    request.words = {dime_, "run"};
    const std::vector<std::string> options = point.words(spec_);
    request.words.insert(request.words.end(), options.begin(), options.end());
    request.words.insert(request.words.end(), {"--json", file("result.json"), "--"});
  }
  for (const std::string& word : program.command) {
    request.words.push_back(filled(word));
  }
  return request;
}

void Runner::read_result(Outcome& outcome) {
  std::ifstream text(file("result.json"));
  Json result = Json::parse(text, nullptr, false);
  if (result.is_discarded()) {
    outcome.fail_with(with_reason("dime run left no result", file("err")));
    return;
  }
  outcome.result = std::move(result);
}

// In the order in which a reader wants to know them; only the first problem counts.
void Runner::judge(const Point& point, Outcome& outcome) {
  const Program& program = spec_.programs[point.program];
  const bool served = !program.client.empty();
  const std::string out = file(served ? "client.out" : "out");
  const std::string err = file(served ? "client.err" : "err");
  if (outcome.problem.empty() && outcome.exit_status != program.exit_status) {
    outcome.fail_with(
        with_reason(fmt::format("{} ended with status {}", served ? "the client" : "the program",
                                *outcome.exit_status),
                    err));
  }
  if (!point.native) {
    read_result(outcome);
    if (!served && outcome.result.is_object()) {
      // Without what dime does before and after.
      outcome.wall_s = outcome.result.value("wall_s", outcome.wall_s);
      outcome.user_s = outcome.result.value("user_s", outcome.user_s);
      outcome.sys_s = outcome.result.value("sys_s", outcome.sys_s);
    }
  }
  if (!outcome.problem.empty()) {
    return;
  }
  if (auto metrics = read_metrics(program, out, err); metrics) {
    outcome.metrics = std::move(*metrics);
  } else {
    outcome.fail_with(metrics.error().message);
  }
  if (!program.check.empty()) {
    const fs::path path =
        program.check == "output"
            ? fs::path(out)
            : fs::path(filled(program.folder)) / filled(program.check.substr(std::strlen("file:")));
    if (const auto sum = sum_of(path); sum) {
      outcome.output = *sum;
    } else {
      outcome.fail_with(sum.error().message);
    }
  }
}

std::string Runner::keep_outputs(const Point& point, unsigned repetition) const {
  std::string name = fmt::format("{}-{}", point.text(spec_), repetition);
  std::replace_if(
      name.begin(), name.end(),
      [](unsigned char letter) { return std::isalnum(letter) == 0 && letter != '-'; }, '_');
  const fs::path base = folder_ / "failed" / name.substr(0, 200);
  std::error_code error;
  fs::create_directories(base.parent_path(), error);
  for (const char* const part : {"out", "err", "client.out", "client.err"}) {
    if (fs::exists(folder_ / part, error)) {
      fs::rename(folder_ / part, base.string() + '.' + part, error);
    }
  }
  return base.string() + ".*";
}

Result<std::optional<Json>> Runner::run(const Point& point, unsigned repetition) {
  const auto began = std::chrono::steady_clock::now();
  const std::string started = now_text();
  Outcome outcome;
  DIME_TRY_VOID(measure(point, outcome));
  if (outcome.interrupted) {
    return std::optional<Json>();
  }
  judge(point, outcome);
  if (!outcome.problem.empty()) {
    DIME_TRY_VOID(check_space(folder_));
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  Json line = {{"schema", kRecordSchema}, {"kind", kRecordKind}};
  line.update(point.identity(spec_));
  Json output;
  if (outcome.output) {
    output = {{"bytes", outcome.output->bytes},
              {"fnv1a64", fmt::format("{:016x}", outcome.output->hash)}};
  }
  Json calibration;
  if (outcome.result.is_object()) {
    calibration = {{"floor_ns", outcome.result["stall_ns"].value("floor", 0)}};
  }
  const auto number = [](const std::optional<int>& value) { return value ? Json(*value) : Json(); };
  line.update({{"repetition", repetition},
               {"status", outcome.problem.empty() ? "ok" : "failed"},
               {"problem", outcome.problem},
               {"output_kept", outcome.problem.empty() ? "" : keep_outputs(point, repetition)},
               {"started", started},
               {"wall_s", outcome.wall_s},
               {"user_s", outcome.user_s},
               {"sys_s", outcome.sys_s},
               {"took_s", took.count()},
               {"exit_status", number(outcome.exit_status)},
               {"server_exit_status", number(outcome.server_exit_status)},
               {"metrics", outcome.metrics},
               {"output", std::move(output)},
               {"machine", machine_},
               {"calibration", std::move(calibration)},
               {"block", nullptr},
               {"slurm", nullptr},
               {"spec", spec_json_},
               {"result", std::move(outcome.result)}});
  return std::optional(std::move(line));
}

}  // namespace dime::experiments
