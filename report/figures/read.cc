// SPDX-License-Identifier: GPL-2.0
#include "report/figures/read.h"

#include <algorithm>
#include <filesystem>

#include "base/file_text.h"
#include "report/json.h"

namespace dime::figures {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostBytes = std::size_t{1} << 30;
constexpr const char* kAllowed =
    "results of dime sweep, dime run --json and dime whatif --json are allowed";

std::string text_at(const Json& json, const char* key) {
  return json.is_object() && json.contains(key) && json[key].is_string()
             ? json[key].get<std::string>()
             : std::string();
}

std::uint64_t number_at(const Json& json, const char* path) {
  const Json::json_pointer pointer(path);
  return json.contains(pointer) && json[pointer].is_number() ? json[pointer].get<std::uint64_t>()
                                                             : 0;
}

// Sizes of memory are left out: what the kernel reserves changes from boot to boot.
std::size_t machine_index(const Json& facts, ReportData& data) {
  std::string name;
  for (const char* const key : {"host", "kernel", "cpu"}) {
    if (const std::string text = text_at(facts, key); !text.empty()) {
      name += (name.empty() ? "" : ", ") + text;
    }
  }
  if (name.empty()) {
    name = "unknown machine";
  }
  const auto found = std::find_if(data.machines.begin(), data.machines.end(),
                                  [&](const Machine& known) { return known.name == name; });
  if (found != data.machines.end()) {
    return static_cast<std::size_t>(found - data.machines.begin());
  }
  data.machines.push_back({std::move(name), facts, 0, 0});
  return data.machines.size() - 1;
}

void note_floor(Machine& machine, std::uint64_t floor_ns) {
  if (floor_ns == 0) {
    return;
  }
  machine.floor_low_ns =
      machine.floor_low_ns == 0 ? floor_ns : std::min(machine.floor_low_ns, floor_ns);
  machine.floor_high_ns = std::max(machine.floor_high_ns, floor_ns);
}

Result<void> add_sweep_line(Json line, ReportData& data) {
  DIME_TRY(experiments::Record record, experiments::parse_record(line));
  Run run;
  run.source = data.sources.size();
  run.machine = machine_index(line.value("machine", Json::object()), data);
  for (const auto& [option, value] : line["point"].items()) {
    run.options.emplace_back(option, value.is_string() ? value.get<std::string>() : value.dump());
  }
  run.floor_ns = number_at(line, "/calibration/floor_ns");
  if (line.contains("result") && line["result"].is_object()) {
    run.result = std::move(line["result"]);
  }
  note_floor(data.machines[run.machine], run.floor_ns);
  run.record = std::move(record);
  data.runs.push_back(std::move(run));
  return {};
}

// A result of `dime run --json`: a point of its own, without a native run.
Result<void> add_run(Json result, ReportData& data) {
  if (number_at(result, "/schema") != kResultSchema) {
    return fail(0, "schema {} of a run's result; allowed: {}", result["schema"].dump(),
                kResultSchema);
  }
  Run run;
  run.source = data.sources.size();
  run.machine = machine_index(result.value("machine", Json::object()), data);
  const Json command = result.value("command", Json::array());
  run.record.program =
      !command.empty() && command[0].is_string()
          ? std::filesystem::path(command[0].get<std::string>()).filename().string()
          : "program";
  const Json& config = result["config"];
  const auto option = [&](const char* name, const std::string& value) {
    run.options.emplace_back(name, value);
  };
  if (config.contains("local_percent") && config["local_percent"].is_number()) {
    option("local", fmt::format("{:g}%", config["local_percent"].get<double>()));
  } else {
    option("local", fmt::format("{}p", number_at(config, "/local_npages")));
  }
  option("latency", fmt::format("{}ns", number_at(config, "/latency_ns")));
  option("bandwidth", fmt::format("{}bit/s", number_at(config, "/bandwidth_bps")));
  option("policy", text_at(config, "policy"));
  Json point = Json::object();
  for (const auto& [name, value] : run.options) {
    point[name] = value;
  }
  run.record.point = point.dump();
  run.record.repetition = 1;
  run.record.wall_s = result.value("wall_s", 0.0);
  run.record.good = number_at(result, "/exit_status") == 0;
  run.record.problem = run.record.good ? "" : "the program ended with another status than 0";
  run.record.doubts = experiments::doubts_of(result);
  run.floor_ns = number_at(result, "/stall_ns/floor");
  run.result = std::move(result);
  note_floor(data.machines[run.machine], run.floor_ns);
  data.runs.push_back(std::move(run));
  return {};
}

bool is_prediction(const Json& json) {
  return json.is_object() && json.contains("policy") && json.contains("local_pages") &&
         json.contains("misses") && json.contains("opt_misses");
}

Result<void> add_predictions(const Json& points, ReportData& data) {
  const std::size_t first = data.curves.size();
  for (const Json& json : points) {
    if (!is_prediction(json)) {
      return fail(0, "a list of something else than predictions; {}", kAllowed);
    }
    std::string policy = text_at(json, "policy");
    if (const std::string prefetch = text_at(json, "prefetch");
        !prefetch.empty() && prefetch != "none") {
      policy += " + " + prefetch;
    }
    auto curve =
        std::find_if(data.curves.begin() + static_cast<std::ptrdiff_t>(first), data.curves.end(),
                     [&](const Curve& known) { return known.policy == policy; });
    if (curve == data.curves.end()) {
      Curve added;
      added.source = data.sources.size();
      added.policy = policy;
      added.references = number_at(json, "/references");
      curve = data.curves.insert(data.curves.end(), std::move(added));
    }
    Prediction point;
    point.local_pages = number_at(json, "/local_pages");
    point.share = json.value("local_share", 0.0);
    point.misses = number_at(json, "/misses");
    point.miss_ratio = json.value("miss_ratio", 0.0);
    point.opt_misses = number_at(json, "/opt_misses");
    point.opt_ratio = curve->references == 0 ? 0
                                             : static_cast<double>(point.opt_misses) /
                                                   static_cast<double>(curve->references);
    point.slowdown = json.value("slow_down", 0.0);
    point.good = json.value("good", true);
    curve->points.push_back(point);
  }
  for (std::size_t i = first; i < data.curves.size(); ++i) {
    std::sort(data.curves[i].points.begin(), data.curves[i].points.end(),
              [](const Prediction& one, const Prediction& other) {
                return one.local_pages < other.local_pages;
              });
  }
  return {};
}

bool is_run_result(const Json& json) {
  return json.is_object() && json.contains("schema") && json.contains("config") &&
         json["config"].is_object() && json.contains("stall_ns");
}

// The kind of the entry, or why it is none.
Result<std::string> add_entry(Json entry, ReportData& data) {
  try {
    if (is_run_result(entry)) {
      DIME_TRY_VOID(add_run(std::move(entry), data));
      return std::string("run");
    }
    if (entry.is_array() && !entry.empty()) {
      DIME_TRY_VOID(add_predictions(entry, data));
      return std::string("prediction");
    }
    if (!entry.is_object() || !entry.contains("kind")) {
      return fail(0, "not a result; {}", kAllowed);
    }
    DIME_TRY_VOID(add_sweep_line(std::move(entry), data));
    return std::string("sweep");
  } catch (const Json::exception&) {
    return fail(0, "a value of a result has another type than it should; {}", kAllowed);
  }
}

Result<void> read_lines(const std::string& path, const std::string& text, Source& source,
                        ReportData& data) {
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    const bool cut = end == std::string::npos;
    const std::string line = text.substr(begin, cut ? std::string::npos : end - begin);
    begin = cut ? text.size() : end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) {
      continue;
    }
    Json entry = Json::parse(line, nullptr, false);
    if (entry.is_discarded() && cut && number > 1) {
      data.notices.push_back(
          fmt::format("{}: the last line was cut; that run is left out", source.name));
      break;
    }
    if (entry.is_discarded()) {
      return fail(0, "{}:{}: not JSON; {}", path, number, kAllowed);
    }
    auto kind = add_entry(std::move(entry), data);
    if (!kind) {
      return fail(0, "{}:{}: {}", path, number, kind.error().message);
    }
    source.kind = *kind;
    ++source.entries;
  }
  return {};
}

}  // namespace

Result<void> read_file(const std::string& path, ReportData& data) {
  const auto text = read_text_file(path, kMostBytes);
  if (!text) {
    return fail(0, "{}: {}", path, text.error().message);
  }
  Source source;
  source.name = std::filesystem::path(path).filename().string();
  if (text->find_first_not_of(" \t\r\n") == std::string::npos) {
    return fail(0, "{}: empty; {}", path, kAllowed);
  }
  // One value over several lines, as `dime run --json` writes it, or one a line.
  if (Json whole = Json::parse(*text, nullptr, false); !whole.is_discarded()) {
    auto kind = add_entry(std::move(whole), data);
    if (!kind) {
      return fail(0, "{}: {}", path, kind.error().message);
    }
    source.kind = *kind;
    source.entries = 1;
  } else {
    DIME_TRY_VOID(read_lines(path, *text, source, data));
  }
  data.sources.push_back(std::move(source));
  return {};
}

}  // namespace dime::figures
