// SPDX-License-Identifier: GPL-2.0
#include "experiments/sweep.h"

#include <algorithm>
#include <numeric>

#include "experiments/statistics.h"

namespace dime::experiments {
namespace {

using Json = nlohmann::ordered_json;

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

Sweep::Sweep(const Spec& spec, std::vector<Point> points, ResultsFile& results, bool retry_failed)
    : spec_(spec), points_(std::move(points)), results_(results) {
  for (const Point& point : points_) {
    progress_[key_of(point.identity(spec_))];
  }
  for (const Record& record : results_.records()) {
    take(record, retry_failed);
  }
}

// The last run of a repetition counts.
void Sweep::take(const Record& record, bool retry_failed) {
  const auto found = progress_.find(record.key());
  if (found == progress_.end()) {
    return;
  }
  Progress& progress = found->second;
  if (record.good) {
    progress.done[record.repetition] = true;
    progress.wall_s.push_back(record.wall_s);
    took_[record.key()].push_back(record.took_s);
    if (!record.native.empty() && record.output && !outputs_.contains(record.program)) {
      outputs_[record.program] = *record.output;
    }
  } else if (!retry_failed) {
    progress.done[record.repetition] = false;
  }
  const std::pair native(record.program, record.native);
  failed_natives_.erase(native);
  if (!record.native.empty() && progress.failed()) {
    failed_natives_.insert(native);
  }
}

const Progress& Sweep::progress_of(const Point& point) const {
  return progress_.at(key_of(point.identity(spec_)));
}

bool Sweep::baseline_failed(std::size_t program) const {
  const std::string& name = spec_.programs[program].name;
  return std::any_of(failed_natives_.begin(), failed_natives_.end(),
                     [&name](const auto& native) { return native.first == name; });
}

bool Sweep::any_failed() const {
  return std::any_of(progress_.begin(), progress_.end(),
                     [](const auto& entry) { return entry.second.failed(); });
}

// Native runs go on as long as a point of their program does: slow-downs are of runs of one pass.
bool Sweep::wanted(const Point& point, unsigned pass) const {
  const Progress& progress = progress_of(point);
  if (!point.native) {
    return !baseline_failed(point.program) && needs_run(spec_.run, progress, pass);
  }
  if (progress.failed() || progress.done.contains(pass)) {
    return false;
  }
  return needs_run(spec_.run, progress, pass) ||
         std::any_of(points_.begin(), points_.end(), [&](const Point& other) {
           return other.program == point.program && !other.native && wanted(other, pass);
         });
}

// With a precision nobody knows; at least the next run.
unsigned Sweep::expected(const Point& point) const {
  if (!point.native && baseline_failed(point.program)) {
    return 0;
  }
  const Progress& progress = progress_of(point);
  const unsigned least = spec_.run.precision ? spec_.run.minimum : spec_.run.repetitions;
  unsigned count = 0;
  for (unsigned pass = 1; pass <= spec_.run.most(); ++pass) {
    const bool open =
        needs_run(spec_.run, progress, pass) && (point.native || !baseline_failed(point.program));
    if (open && (pass <= least || count == 0)) {
      ++count;
    }
  }
  return count;
}

double Sweep::usual_seconds() const {
  std::vector<double> all;
  for (const auto& [key, seconds] : took_) {
    all.insert(all.end(), seconds.begin(), seconds.end());
  }
  return all.empty() ? 0 : mean(all);
}

std::vector<std::pair<Point, unsigned>> Sweep::missing() const {
  std::vector<std::pair<Point, unsigned>> all;
  for (const Point& point : points_) {
    if (const unsigned count = expected(point); count != 0) {
      all.emplace_back(point, count);
    }
  }
  return all;
}

SweepState Sweep::state() const {
  SweepState state;
  for (const auto& [key, progress] : progress_) {
    state.done += progress.done.size();
  }
  state.total = state.done;
  double left = 0;
  const double usual = usual_seconds();
  for (const auto& [point, count] : missing()) {
    const auto own = took_.find(key_of(point.identity(spec_)));
    state.total += count;
    left += count * (own != took_.end() ? mean(own->second) : usual);
  }
  if (!took_.empty()) {
    state.left_s = left;
  }
  return state;
}

Result<void> Sweep::begin(std::size_t index, Runner& runner) {
  const Program& program = spec_.programs[index];
  if (!begun_.insert(index).second) {
    return {};
  }
  DIME_TRY_VOID(runner.run_command(program, "setup", program.setup));
  for (unsigned i = 0; i < spec_.run.warm_up; ++i) {
    DIME_TRY_VOID(runner.warm_up(index));
  }
  return {};
}

void Sweep::check_output(const Point& point, Json& line) const {
  const auto native = outputs_.find(spec_.programs[point.program].name);
  const auto record = parse_record(line);
  if (native != outputs_.end() && record && record->good && record->output &&
      *record->output != native->second) {
    line["status"] = "failed";
    line["problem"] = fmt::format(
        "its output differs from that of the first native run ({} and {} "
        "bytes)",
        record->output->bytes, native->second.bytes);
  }
}

Result<SweepEnd> Sweep::run_point(const Point& point, unsigned pass, Runner& runner,
                                  const SweepEvents& events) {
  if (auto begun = begin(point.program, runner); !begun) {
    if (begun.error().code == EINTR) {
      return SweepEnd::kInterrupted;
    }
    return tl::unexpected(begun.error());
  }
  const std::string what = point.text(spec_);
  events.starts(state(), what);
  DIME_TRY(std::optional<Json> line, runner.run(point, pass));
  if (!line) {
    return SweepEnd::kInterrupted;
  }
  check_output(point, *line);
  if (extra_.is_object()) {
    line->update(extra_);
  }
  DIME_TRY(const Record record, results_.append(*line));
  take(record, false);
  events.ended(state(), what, record);
  return SweepEnd::kDone;
}

Result<SweepEnd> Sweep::run_pass(unsigned pass, Runner& runner, const Interrupt& interrupt,
                                 const SweepEvents& events) {
  std::vector<Point> order;
  for (const Point& point : order_of_pass(points_, pass, spec_.run)) {
    if (wanted(point, pass)) {
      order.push_back(point);
    }
  }
  for (const Point& point : order) {
    if (interrupt.came()) {
      return SweepEnd::kInterrupted;
    }
    if (baseline_failed(point.program)) {
      continue;
    }
    DIME_TRY(const SweepEnd end, run_point(point, pass, runner, events));
    if (end == SweepEnd::kInterrupted) {
      return end;
    }
  }
  return SweepEnd::kDone;
}

Result<SweepEnd> Sweep::run(Runner& runner, const Interrupt& interrupt, const SweepEvents& events) {
  Result<SweepEnd> end = SweepEnd::kDone;
  for (unsigned pass = 1; pass <= spec_.run.most() && end && *end == SweepEnd::kDone; ++pass) {
    end = run_pass(pass, runner, interrupt, events);
  }
  if (end && *end == SweepEnd::kInterrupted) {
    return end;  // tear-down would be interrupted as well
  }
  for (const std::size_t program : begun_) {
    auto done =
        runner.run_command(spec_.programs[program], "teardown", spec_.programs[program].teardown);
    if (!done && end) {
      events.notice(done.error().message);
    }
  }
  return end;
}

Result<void> check_same_spec(const ResultsFile& results, const Spec& spec,
                             const std::string& path) {
  if (results.spec().is_null()) {
    return {};
  }
  const std::string what = difference(results.spec(), to_json(spec));
  if (what.empty()) {
    return {};
  }
  return fail_with_hint("--accept-changes goes on with it, or -o begins another file",
                        "--resume: {} was written with another spec; {}", path, what);
}

}  // namespace dime::experiments
