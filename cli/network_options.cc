// SPDX-License-Identifier: GPL-2.0
#include "cli/network_options.h"

#include <fstream>
#include <sstream>

#include "base/clock_source.h"
#include "core/config_string.h"
#include "core/fetch_times.h"
#include "core/jitter.h"
#include "core/link.h"
#include "core/schedule.h"

namespace dime {
namespace {

constexpr const char* kTable = "table:";

Text text_of(const std::string& text) {
  return {text.data(), static_cast<std::uint32_t>(text.size())};
}

struct Line {
  unsigned number;
  std::vector<std::uint64_t> values;
};

// The numbers of a file, line by line; empty lines and what follows a '#' do not count. An error
// says line, word, and what is allowed.
Result<std::vector<Line>> read_table(const std::string& option, const std::string& path,
                                     std::size_t columns, const char* allowed) {
  errno = 0;
  std::ifstream file(path);
  if (!file) {
    return fail(0, "{}: cannot be read: {}", option, std::strerror(errno));  // NOLINT
  }
  std::vector<Line> lines;
  unsigned number = 0;
  for (std::string text; std::getline(file, text);) {
    Line line{++number, {}};
    std::istringstream words(text.substr(0, text.find('#')));
    for (std::string word; words >> word;) {
      std::uint64_t value = 0;
      if (!read_decimal(text_of(word), value)) {
        return fail(0, "{}: line {}: '{}' is not a number; allowed: {}", option, number, word,
                    allowed);
      }
      line.values.push_back(value);
    }
    if (!line.values.empty() && line.values.size() != columns) {
      return fail(0, "{}: line {}: {} numbers; allowed: {}", option, number, line.values.size(),
                  allowed);
    }
    for (std::size_t i = 0; i < line.values.size() && !lines.empty(); ++i) {
      if (line.values[i] < lines.back().values[i]) {
        return fail(0, "{}: line {}: {} is less than the {} before it; allowed: {}", option, number,
                    line.values[i], lines.back().values[i], allowed);
      }
    }
    if (!line.values.empty()) {
      lines.push_back(std::move(line));
    }
  }
  if (lines.empty()) {
    return fail(0, "{}: no numbers; allowed: {}", option, allowed);
  }
  return lines;
}

// table:FILE becomes table:NS:NS.., which is what the core reads. Numbers stay as they are.
Result<std::string> with_table(const std::string& text) {
  const std::size_t comma = std::min(text.find(','), text.size());
  const std::string path = text.substr(0, comma).substr(std::min(comma, std::strlen(kTable)));
  if (!text.starts_with(kTable) || path.find_first_not_of("0123456789:") == std::string::npos) {
    return text;
  }
  DIME_TRY(const std::vector<Line> lines,
           read_table("--jitter " + text.substr(0, comma), path, 1,
                      "one time in ns a line, ascending, two or more"));
  std::string numbers = kTable;
  for (const Line& line : lines) {
    numbers += numbers.size() > std::strlen(kTable) ? ":" : "";
    numbers += std::to_string(line.values[0]);
  }
  return numbers + text.substr(comma);
}

Result<dime_fetch_times> read_fetch_times(const std::string& path) {
  const std::string option = "--fetch-times " + path;
  DIME_TRY(const std::vector<Line> lines,
           read_table(option, path, 2, "a size in bytes and a time in ns a line, both ascending"));
  std::string pairs;
  for (const Line& line : lines) {
    pairs += fmt::format("{}{}:{}", pairs.empty() ? "" : ",", line.values[0], line.values[1]);
    const auto parsed = fetch_times::parse(text_of(pairs));
    if (!parsed.ok()) {
      return fail(0, "{}: line {}: {} {}: {}", option, line.number, line.values[0], line.values[1],
                  parsed.problem);
    }
  }
  return fetch_times::parse(text_of(pairs)).value;
}

}  // namespace

const char* NetworkRequest::first_option() const {
  return jitter          ? "--jitter"
         : seed          ? "--seed"
         : fetch_times   ? "--fetch-times"
         : schedule      ? "--at"
         : outage_max_ns ? "--outage-max"
                         : nullptr;
}

void NetworkOptions::add_to(CLI::App& app, const char* group) {
  app.add_option("--jitter", jitter_,
                 "added to each latency: normal, lognormal, pareto or paretonormal with a standard "
                 "deviation, or table:FILE, as in lognormal,5us,corr=25%")
      ->type_name("SHAPE")
      ->group(group);
  app.add_option("--seed", seed_, "of the jitter's sequence (1)")->type_name("N")->group(group);
  app.add_option("--fetch-times", fetch_times_,
                 "file of unloaded fetch times by size, instead of --latency")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--at", steps_,
                 "change the network after a time: latency=50us, bandwidth=1Gbit/s, down or up, or "
                 "several with commas; can be given again")
      ->type_name("TIME CHANGE")
      ->group(group);
  app.add_option("--outage-max", outage_max_,
                 "longest wait of one access for a link that is down (10s)")
      ->type_name("TIME")
      ->group(group);
}

Result<NetworkRequest> NetworkOptions::parse() const {
  NetworkRequest request;
  if (jitter_) {
    DIME_TRY(request.jitter, with_table(*jitter_));
    if (const auto spec = jitter::parse(text_of(*request.jitter)); !spec.ok()) {
      return fail(0, "--jitter {}: {}", *jitter_, spec.problem);
    }
  }
  if (seed_) {
    std::uint64_t seed = 0;
    if (!read_decimal(text_of(*seed_), seed)) {
      return fail(0, "--seed {}: allowed: {}", *seed_, config::allowed_for(config::Key::kSeed));
    }
    request.seed = seed;
  }
  if (fetch_times_) {
    DIME_TRY(request.fetch_times, read_fetch_times(*fetch_times_));
  }
  for (const auto& [time, change] : steps_) {
    request.schedule = request.schedule.value_or(dime_schedule{});
    const std::string step = time + ':' + change;
    if (const auto refused = schedule::append(text_of(step), *request.schedule);
        refused.problem != nullptr) {
      return fail(0, "--at {} {}: {}: {}", time, change,
                  std::string(refused.part.data, refused.part.size), refused.problem);
    }
  }
  if (outage_max_) {
    const auto longest = parse_latency(text_of(*outage_max_));
    if (!longest.ok()) {
      return fail(0, "--outage-max {}: {}", *outage_max_, longest.problem);
    }
    request.outage_max_ns = longest.value.value;
  }
  return request;
}

void set_network(dime_control& control, const NetworkRequest& request) {
  if (request.seed) {
    jitter::set_seed(control.jitter, *request.seed);
  }
  if (request.jitter) {
    jitter::set(control.jitter, jitter::parse(text_of(*request.jitter)).value);
  }
  if (request.fetch_times) {
    fetch_times::set(control.fetch_times, *request.fetch_times);
    control.target_ns = link::unloaded_stall(control.parameters, &control.fetch_times).value;
  }
  if (request.outage_max_ns) {
    control.schedule.outage_max_ns = *request.outage_max_ns;
  }
  if (request.schedule) {
    schedule::set(control.schedule, *request.schedule, {mark_clocks().monotonic_ns});
  }
}

const dime_step* step_below_floor(const dime_parameters& parameters, const NetworkRequest& request,
                                  std::uint64_t floor_ns) {
  dime_parameters changed = parameters;
  const dime_fetch_times* const times = request.fetch_times ? &*request.fetch_times : nullptr;
  for (std::uint32_t i = 0; request.schedule && i < request.schedule->count; ++i) {
    const dime_step& step = request.schedule->steps[i];
    changed.latency_ns =
        (step.what & DIME_STEP_LATENCY) != 0 ? step.latency_ns : changed.latency_ns;
    changed.bandwidth_bps =
        (step.what & DIME_STEP_BANDWIDTH) != 0 ? step.bandwidth_bps : changed.bandwidth_bps;
    const bool changes = (step.what & (DIME_STEP_LATENCY | DIME_STEP_BANDWIDTH)) != 0;
    if (changes && link::unloaded_stall(changed, times).value < floor_ns) {
      return &step;
    }
  }
  return nullptr;
}

}  // namespace dime
