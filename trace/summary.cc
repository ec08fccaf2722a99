// SPDX-License-Identifier: GPL-2.0
#include "trace/summary.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/printable.h"
#include "core/units.h"
#include "trace/page_index.h"

namespace dime::trace {
namespace {

// A trace of the faults under a limit predicts sizes from this many times the limit up: what such a
// limit hides no longer matters there.
constexpr std::uint64_t kGoodFromLimits = 5;
constexpr std::uint64_t kWholeShare = 10'000;

double seconds(std::uint64_t nanos) {
  return static_cast<double>(nanos) / static_cast<double>(kNanosPerSecond);
}

Result<std::uint64_t> last_time(const std::string& path) {
  DIME_TRY(Reader reader, Reader::open(path));
  std::uint64_t last = 0;
  std::vector<Event> block;
  while (reader.next(block)) {
    for (const Event& event : block) {
      last = std::max(last, event.time_ns);
    }
  }
  return std::max(last + 1, reader.meta().end.wall_ns);
}

// Counts events, and for each interval the pages that were not seen in it before.
class Counter {
 public:
  explicit Counter(Summary& summary) : summary_(summary) {
    const std::uint64_t parts = std::min<std::uint64_t>(kIntervals, summary.duration_ns);
    for (std::uint64_t i = 0; i < parts; ++i) {
      // Not the product, which may be too large.
      const std::uint64_t whole = summary.duration_ns / parts;
      summary.intervals.push_back(
          {whole * i, i + 1 == parts ? summary.duration_ns : whole * (i + 1)});
    }
  }

  void add(const Event& event, const Meta& meta) {
    ++summary_.events;
    ++summary_.kinds[static_cast<unsigned>(event.why)];
    if (!is_use(event.why)) {
      return;
    }
    ++summary_.uses;
    const std::uint64_t whole = summary_.duration_ns / summary_.intervals.size();
    const auto at = std::min<std::uint64_t>(event.time_ns / whole, summary_.intervals.size() - 1);
    Interval& interval = summary_.intervals[at];
    ++interval.uses;
    const std::uint32_t page = pages_.of(meta.threads[event.thread].process, event.page);
    if (page >= seen_.size()) {
      seen_.resize(std::size_t{page} + 1, kNever);
    }
    // Times go back a little where threads overlap; a page is then counted again.
    interval.pages += seen_[page] != at ? 1 : 0;
    seen_[page] = static_cast<std::uint32_t>(at);
    summary_.pages = pages_.count();
  }

 private:
  static constexpr std::uint32_t kNever = UINT32_MAX;
  Summary& summary_;
  PageIndex pages_;
  std::vector<std::uint32_t> seen_;
};

std::string source_line(const Summary& summary) {
  const Meta& meta = summary.meta;
  if (meta.info.source == Source::kReferences) {
    return "every access: good for every local size";
  }
  return fmt::format("faults of a run with {} local pages: good from {} local pages up",
                     meta.info.whole(meta.end.limit_pages), good_from(meta, summary.pages));
}

}  // namespace

std::uint64_t good_from(const Meta& meta, std::uint64_t pages) {
  if (meta.info.source == Source::kReferences) {
    return 1;
  }
  const std::uint64_t share = (pages * meta.info.local_share + kWholeShare - 1) / kWholeShare;
  const std::uint64_t limit =
      std::max({meta.end.limit_pages, meta.info.local_npages, share, std::uint64_t{1}});
  return meta.info.whole(limit * kGoodFromLimits);
}

Result<Summary> summarize(const std::string& path) {
  Summary summary;
  DIME_TRY(summary.duration_ns, last_time(path));
  DIME_TRY(Reader reader, Reader::open(path));
  Counter counter(summary);
  std::vector<Event> block;
  while (reader.next(block)) {
    for (const Event& event : block) {
      counter.add(event, reader.meta());
    }
  }
  summary.meta = reader.meta();
  summary.problem = reader.problem();
  return summary;
}

std::string text_of(const Summary& summary) {
  const Meta& meta = summary.meta;
  std::string text;
  const auto line = [&text](const char* name, const std::string& value) {
    text += fmt::format("{:<12} {}\n", name, printable(value));
  };
  if (!meta.info.command.empty()) {
    line("program", fmt::format("{}", fmt::join(meta.info.command, " ")));
  }
  line("source", source_line(summary));
  if (meta.info.sample < 1) {
    line("sample", fmt::format("{:.4g}% of the pages, for which the counts below are",
                               100 * meta.info.sample));
  }
  line("events", fmt::format("{}, of which {} uses of {} pages", summary.events, summary.uses,
                             summary.pages));
  for (unsigned why = 0; why < kWhyCount; ++why) {
    if (summary.kinds[why] != 0) {
      line("", fmt::format("{} {}", summary.kinds[why], name_of(static_cast<Why>(why))));
    }
  }
  line("lost", std::to_string(meta.end.lost));
  line("threads", fmt::format("{} in {} processes", meta.threads.size(), meta.processes.size()));
  line("time", fmt::format("{:.6f} s", seconds(summary.duration_ns)));
  for (const Phase& phase : meta.phases) {
    line("phase", fmt::format("{} at {:.6f} s", phase.name, seconds(phase.time_ns)));
  }
  if (!summary.problem.empty()) {
    line("incomplete", summary.problem);
  }
  text += fmt::format("\n{:>14} {:>14} {:>12} {:>12}\n", "from s", "to s", "uses", "pages");
  for (const Interval& interval : summary.intervals) {
    text += fmt::format("{:>14.6f} {:>14.6f} {:>12} {:>12}\n", seconds(interval.begin_ns),
                        seconds(interval.end_ns), interval.uses, interval.pages);
  }
  return text;
}

std::string json_of(const Summary& summary) {
  using Json = nlohmann::ordered_json;
  const Meta& meta = summary.meta;
  Json kinds = Json::object();
  for (unsigned why = 0; why < kWhyCount; ++why) {
    kinds[name_of(static_cast<Why>(why))] = summary.kinds[why];
  }
  Json working_set = Json::array();
  for (const Interval& interval : summary.intervals) {
    working_set.push_back({{"from_s", seconds(interval.begin_ns)},
                           {"to_s", seconds(interval.end_ns)},
                           {"uses", interval.uses},
                           {"pages", interval.pages}});
  }
  Json processes = Json::array();
  for (const Process& process : meta.processes) {
    processes.push_back({{"pid", process.pid}, {"parent", process.parent}, {"comm", process.comm}});
  }
  Json phases = Json::array();
  for (const Phase& phase : meta.phases) {
    phases.push_back({{"at_s", seconds(phase.time_ns)}, {"name", phase.name}});
  }
  const Json all = {{"source", meta.info.source == Source::kReferences ? "references" : "faults"},
                    {"command", meta.info.command},
                    {"sample", meta.info.sample},
                    {"events", summary.events},
                    {"uses", summary.uses},
                    {"pages", summary.pages},
                    {"kinds", kinds},
                    {"lost", meta.end.lost},
                    {"threads", meta.threads.size()},
                    {"processes", processes},
                    {"duration_s", seconds(summary.duration_ns)},
                    {"limit_pages", meta.end.limit_pages},
                    {"good_from_pages", good_from(meta, summary.pages)},
                    {"complete", summary.problem.empty()},
                    {"phases", phases},
                    {"working_set", working_set}};
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace dime::trace
