// SPDX-License-Identifier: GPL-2.0
#include "experiments/record.h"

#include <unistd.h>

#include <charconv>
#include <set>

#include "report/run_result.h"

namespace dime::experiments {
namespace {

using Json = nlohmann::ordered_json;

// Below this many stalls, chance decides how long they took together.
constexpr std::uint64_t kFewStalls = 100;
constexpr double kMuchUnmanaged = 0.10;
constexpr double kOffTarget = 0.05;
// An interval that is wider than this on one side of the median is worth a word.
constexpr double kNoisy = 0.05;

// A key by its path, or the fallback where it is missing or of another kind.
template <class T>
T at(const Json& json, const char* path, T fallback) {
  const Json::json_pointer pointer(path);
  if (!json.contains(pointer) || json[pointer].is_null()) {
    return fallback;
  }
  try {
    return json[pointer].get<T>();
  } catch (const Json::exception&) {
    return fallback;
  }
}

std::optional<FileSum> output_of(const Json& line) {
  if (!line.contains("output") || !line["output"].is_object()) {
    return std::nullopt;
  }
  const std::string hash = at(line, "/output/fnv1a64", std::string());
  FileSum sum{at(line, "/output/bytes", std::uint64_t{0}), 0};
  std::from_chars(hash.data(), hash.data() + hash.size(), sum.hash, 16);
  return sum;
}

}  // namespace

std::string key_of(const Json& identity) {
  return at(identity, "/program", std::string()) + '\n' + at(identity, "/native", std::string()) +
         '\n' + identity["point"].dump();
}

Result<Record> parse_record(const Json& line) {
  if (!line.is_object() || at(line, "/kind", std::string()) != kRecordKind) {
    return fail(0, "not a run of a sweep; allowed: lines that dime sweep wrote");
  }
  if (at(line, "/schema", 0) != kRecordSchema) {
    return fail(0, "schema {}; allowed: {}", line.value("schema", Json()).dump(), kRecordSchema);
  }
  if (!line.contains("point") || !line["point"].is_object()) {
    return fail(0, "no point; allowed: lines that dime sweep wrote");
  }
  Record record;
  record.program = at(line, "/program", std::string());
  record.native = at(line, "/native", std::string());
  record.point = line["point"].dump();
  record.repetition = at(line, "/repetition", 0u);
  record.block = at(line, "/block", -1L);
  record.good = at(line, "/status", std::string()) == "ok";
  record.problem = at(line, "/problem", std::string());
  record.wall_s = at(line, "/wall_s", 0.0);
  record.took_s = at(line, "/took_s", record.wall_s);
  record.metrics = at(line, "/metrics", std::map<std::string, double>());
  record.output = output_of(line);
  record.machine = fmt::format("{}, {}, {}", at(line, "/machine/host", std::string()),
                               at(line, "/machine/kernel", std::string()),
                               at(line, "/machine/cpu", std::string()));
  if (line.contains("result") && line["result"].is_object()) {
    record.doubts = doubts_of(line["result"]);
  }
  return record;
}

std::vector<std::string> doubts_of(const Json& result) {
  std::vector<std::string> doubts;
  const auto stalls = at(result, "/stall_ns/count", std::uint64_t{0});
  const auto target = at(result, "/stall_ns/target", 0.0);
  const auto median = at(result, "/stall_ns/p50", 0.0);
  const auto unmanaged = at(result, "/pages/unmanaged_peak", 0.0);
  const double all = unmanaged + at(result, "/pages/managed_peak", 0.0);
  if (at(result, "/config/below_floor", false)) {
    doubts.emplace_back("below the floor");
  }
  if (stalls < kFewStalls && at(result, "/config/local_percent", 0.0) < 100) {
    doubts.push_back(fmt::format("{} stalls only", stalls));
  }
  if (stalls >= kFewStalls && median > target * (1 + kOffTarget)) {
    doubts.push_back(fmt::format("stalls {:.0f} % above target", 100 * (median / target - 1)));
  }
  if (all > 0 && unmanaged > kMuchUnmanaged * all) {
    doubts.push_back(fmt::format("{:.0f} % unmanaged", 100 * unmanaged / all));
  }
  if (at(result, "/policy/blind", false)) {
    doubts.emplace_back("blind policy");
  }
  return doubts;
}

std::vector<std::string> doubts_of(double value, const Interval& interval,
                                   const std::vector<const Record*>& runs) {
  std::vector<std::string> doubts;
  const double error = relative_error(value, interval);
  if (error > kNoisy) {
    doubts.push_back(fmt::format("noisy (+-{:.0f} %)", 100 * error));
  }
  if (interval.coverage < kConfidence) {
    doubts.push_back(fmt::format("few runs (interval {:.0f} %)", 100 * interval.coverage));
  }
  // "12 stalls only" and "13 stalls only" are one doubt.
  std::set<std::string> kinds;
  for (const Record* const run : runs) {
    for (const std::string& doubt : run->doubts) {
      std::string kind = doubt;
      std::erase_if(kind, [](char c) { return c >= '0' && c <= '9'; });
      if (kinds.insert(kind).second) {
        doubts.push_back(doubt);
      }
    }
  }
  return doubts;
}

Json machine_json() {
  const Machine machine = describe_machine();
  char host[256] = "";
  ::gethostname(static_cast<char*>(host), sizeof host - 1);
  return {{"host", static_cast<const char*>(host)},
          {"kernel", machine.kernel},
          {"cpu", machine.cpu},
          {"cpus", machine.cpus},
          {"memory_bytes", machine.memory_bytes},
          {"page_bytes", machine.page_bytes}};
}

}  // namespace dime::experiments
