// SPDX-License-Identifier: GPL-2.0
#include "trace/breakdown.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/printable.h"
#include "trace/fold.h"
#include "trace/page_index.h"
#include "trace/reader.h"

namespace dime::trace {
namespace {

Result<Meta> meta_of(const std::string& path) {
  DIME_TRY(Reader reader, Reader::open(path));
  std::vector<Event> block;
  while (reader.next(block)) {
  }
  return reader.meta();
}

// Names of the pages of one process: disjoint ranges by their begin, the later name where two
// overlapped.
class PageNames {
 public:
  void add(const Range& range) {
    cut(range.begin);
    cut(range.begin + range.pages);
    named_.erase(named_.lower_bound(range.begin), named_.lower_bound(range.begin + range.pages));
    named_[range.begin] = {range.begin + range.pages, range.name};
  }

  [[nodiscard]] std::string at(std::uint64_t page) const {
    const auto next = named_.upper_bound(page);
    if (next == named_.begin() || std::prev(next)->second.end <= page) {
      return "(anonymous)";
    }
    return std::prev(next)->second.name;
  }

 private:
  struct Named {
    std::uint64_t end;
    std::string name;
  };

  // No range crosses `page` afterwards.
  void cut(std::uint64_t page) {
    const auto next = named_.lower_bound(page);
    if (next != named_.begin() && std::prev(next)->second.end > page) {
      Named& before = std::prev(next)->second;
      named_[page] = before;
      before.end = page;
    }
  }

  std::map<std::uint64_t, Named> named_;
};

// Says to which one an event belongs.
class Names {
 public:
  Names(const Meta& meta, By by) : meta_(meta), by_(by), memory_(meta.processes.size()) {
    for (const Range& range : meta.ranges) {
      if (range.process < memory_.size()) {
        memory_[range.process].add(range);
      }
    }
  }

  /// `stack` is that of the event, 0 = none: not by function, then.
  [[nodiscard]] std::string of(const Event& event, std::uint32_t stack) const {
    const Thread& thread = meta_.threads[event.thread];
    switch (by_) {
      case By::kMapping:
        return memory_[thread.process].at(event.page);
      case By::kFunction:
        return name_of(meta_.frames[meta_.stacks[stack - 1].frame], meta_);
      case By::kPhase:
        return phase_at(thread.process, event.time_ns);
      case By::kThread:
        return fmt::format("{} {}", meta_.processes[thread.process].comm, thread.tid);
      case By::kProcess:
        break;
    }
    const Process& process = meta_.processes[thread.process];
    return fmt::format("{} {}", process.comm, process.pid);
  }

 private:
  // The last one that the process has marked before.
  [[nodiscard]] std::string phase_at(std::uint32_t process, std::uint64_t time_ns) const {
    const Phase* last = nullptr;
    for (const Phase& phase : meta_.phases) {
      const bool counts = phase.process == process && phase.time_ns <= time_ns;
      last = counts && (last == nullptr || phase.time_ns >= last->time_ns) ? &phase : last;
    }
    return last != nullptr        ? last->name
           : meta_.phases.empty() ? "(no phases)"
                                  : "(before the first)";
  }

  const Meta& meta_;
  By by_;
  std::vector<PageNames> memory_;
};

// Pages are told apart within each of them: two phases may use the same one.
class Counter {
 public:
  explicit Counter(const Names& names) : names_(names) {}

  void add(const Event& event, std::uint32_t stack, std::uint32_t process) {
    const auto [entry, fresh] = places_.try_emplace(names_.of(event, stack), shares_.size());
    if (fresh) {
      shares_.push_back({entry->first});
      pages_.emplace_back();
    }
    Share& share = shares_[entry->second];
    share.first_touch += event.why == Why::kFirstTouch ? 1 : 0;
    share.remote += event.why == Why::kDemand ? 1 : 0;
    share.evictions += is_eviction(event.why) ? 1 : 0;
    if (is_use(event.why)) {
      ++share.uses;
      pages_[entry->second].of(process, event.page);
      share.pages = pages_[entry->second].count();
    }
  }

  std::vector<Share> take() {
    std::stable_sort(shares_.begin(), shares_.end(), [](const Share& a, const Share& b) {
      return std::pair(a.remote, a.uses) > std::pair(b.remote, b.uses);
    });
    return std::move(shares_);
  }

 private:
  const Names& names_;
  std::map<std::string, std::size_t> places_;
  std::vector<Share> shares_;
  std::vector<PageIndex> pages_;
};

}  // namespace

Result<Breakdown> break_down(const std::string& path, By by) {
  DIME_TRY(const Meta meta, meta_of(path));
  if (by == By::kFunction) {
    DIME_TRY_VOID(require_stacks(meta, path, "--by function"));
  }
  DIME_TRY(Reader reader, Reader::open(path));
  const Names names(meta, by);
  Counter counter(names);
  std::vector<Event> block;
  while (reader.next(block)) {
    for (std::size_t i = 0; i < block.size(); ++i) {
      const std::uint32_t stack = reader.stacks().empty() ? 0 : reader.stacks()[i];
      if (by != By::kFunction || stack != 0) {
        counter.add(block[i], stack, meta.threads[block[i].thread].process);
      }
    }
  }
  return Breakdown{counter.take(), reader.events(), reader.problem(), !meta.phases.empty()};
}

std::string text_of(const Breakdown& breakdown, By by) {
  std::uint64_t remote = 0;
  for (const Share& share : breakdown.shares) {
    remote += share.remote;
  }
  std::string text =
      fmt::format("{:>12} {:>6} {:>12} {:>12} {:>12} {:>10}  {}\n", "remote", "", "first touch",
                  "uses", "evictions", "pages", kByWords[static_cast<unsigned>(by)]);
  for (const Share& share : breakdown.shares) {
    const double part =
        remote == 0 ? 0 : 100.0 * static_cast<double>(share.remote) / static_cast<double>(remote);
    text += fmt::format("{:>12} {:>5.1f}% {:>12} {:>12} {:>12} {:>10}  {}\n", share.remote, part,
                        share.first_touch, share.uses, share.evictions, share.pages,
                        printable(share.name));
  }
  return text;
}

std::string json_of(const Breakdown& breakdown, By by) {
  using Json = nlohmann::ordered_json;
  Json all = Json::array();
  for (const Share& share : breakdown.shares) {
    all.push_back({{kByWords[static_cast<unsigned>(by)], share.name},
                   {"remote", share.remote},
                   {"first_touch", share.first_touch},
                   {"uses", share.uses},
                   {"evictions", share.evictions},
                   {"pages", share.pages}});
  }
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace dime::trace
