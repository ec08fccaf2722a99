// SPDX-License-Identifier: GPL-2.0
#include "cli/recorded_processes.h"

#include <algorithm>

#include "control/members.h"
#include "core/units.h"
#include "engines/user/inject/process_maps.h"

namespace dime {
namespace {

const dime_member* member_of(const dime_control& control, std::uint32_t pid) {
  const auto* const end = std::end(control.members);
  const auto* const found =
      std::find_if(std::begin(control.members), end, [&](const dime_member& member) {
        return member.pid == pid && member.state != DIME_MEMBER_FREE;
      });
  return found == end ? nullptr : found;
}

// Often at first, because a process may be short; then once a second.
bool is_due(unsigned looks) {
  constexpr unsigned kOften = 4;
  constexpr unsigned kSecond = 10;
  return looks < kOften || looks % kSecond == 0;
}

}  // namespace

std::uint64_t RecordedProcesses::time_of(std::uint64_t time_ns) const {
  return time_ns > start_ns_ ? time_ns - start_ns_ : 0;
}

RecordedProcesses::Process& RecordedProcesses::start(std::uint32_t pid, std::uint32_t parent) {
  const dime_member* const member = member_of(control_, pid);
  const std::string comm =
      member == nullptr ? std::string()
                        : std::string(member->comm, ::strnlen(member->comm, sizeof member->comm));
  any_ = true;
  Process process;
  process.index = writer_.add(trace::Process{pid, parent, comm});
  if (with_stacks_) {
    if (const auto forked = running_.find(parent); forked != running_.end()) {
      process.code = forked->second.code;
    }
    // At once: it may be short.
    if (const auto mappings = read_maps(static_cast<pid_t>(pid)); mappings) {
      process.code.take(*mappings);
    }
  }
  return running_[pid] = std::move(process);
}

std::uint32_t RecordedProcesses::thread_of(Process& process, std::uint32_t tid) {
  const auto [at, is_new] = process.threads.try_emplace(tid, 0);
  if (is_new) {
    at->second = writer_.add(trace::Thread{process.index, tid});
  }
  return at->second;
}

Result<void> RecordedProcesses::take(const dime_page_event& event) {
  auto found = running_.find(event.pid);
  if (event.what == DIME_EVENT_STARTED) {
    if (found != running_.end()) {
      ended_.push_back(std::move(found->second));  // it has executed another program
    }
    start(event.pid, static_cast<std::uint32_t>(event.page));
    return {};
  }
  if (event.what == DIME_EVENT_STACK) {
    stacks_.take(event);
    return {};
  }
  if (event.what == 0 || event.what >= trace::kWhyCount || event.access > 2) {
    return {};  // of a writer that was stopped for so long that its place was given up
  }
  DIME_TRY_VOID(drop_ended(event.time_ns));
  Process& process = found != running_.end() ? found->second : start(event.pid, 0);
  const auto why = static_cast<trace::Why>(event.what);
  std::bitset<kPagesPerPart>& part = process.pages[event.page / kPagesPerPart];
  if (trace::is_use(why) || why == trace::Why::kMovedTo) {
    part.set(event.page % kPagesPerPart);
  } else if (why == trace::Why::kDropped || why == trace::Why::kMovedFrom) {
    part.reset(event.page % kPagesPerPart);
  }
  // Where no thread is known, it is the first one.
  const std::uint32_t tid = event.tid == 0 ? event.pid : event.tid;
  const trace::Event taken{time_of(event.time_ns), event.page, thread_of(process, tid), why,
                           static_cast<trace::Access>(event.access)};
  return writer_.append(taken, with_stacks_ ? stacks_.finish(event.pid, process.code) : 0);
}

void RecordedProcesses::take(const dime_mark& mark) {
  const auto found = running_.find(mark.pid);
  const std::uint32_t index = found != running_.end() ? found->second.index : 0;
  writer_.add(trace::Phase{time_of(mark.at_ns), index,
                           std::string(mark.name, ::strnlen(mark.name, sizeof mark.name))});
}

/// What a process had, it has given back by ending. That stands in front of what others do next.
Result<void> RecordedProcesses::drop_ended(std::uint64_t time_ns) {
  while (!ended_.empty()) {
    Process process = std::move(ended_.back());
    ended_.pop_back();
    DIME_TRY_VOID(drop(process, time_ns));
  }
  return {};
}

Result<void> RecordedProcesses::drop(Process& process, std::uint64_t time_ns) {
  if (process.threads.empty()) {
    return {};
  }
  const std::uint32_t thread = process.threads.begin()->second;
  std::vector<std::uint64_t> pages;
  for (const auto& [part, bits] : process.pages) {
    for (std::uint64_t i = 0; i < kPagesPerPart; ++i) {
      if (bits.test(i)) {
        pages.push_back(part * kPagesPerPart + i);
      }
    }
  }
  std::sort(pages.begin(), pages.end());
  for (const std::uint64_t page : pages) {
    DIME_TRY_VOID(writer_.append(
        {time_of(time_ns), page, thread, trace::Why::kDropped, trace::Access::kUnknown}));
  }
  return {};
}

void RecordedProcesses::look() {
  for (auto at = running_.begin(); at != running_.end();) {
    const dime_member* const member = member_of(control_, at->first);
    if (at->second.gone) {
      ended_.push_back(std::move(at->second));
      at = running_.erase(at);
      continue;
    }
    // Its last events may still be in the ring: they are read before the next look.
    at->second.gone = member != nullptr && !is_live(control_, *member);
    if (is_due(at->second.looks++)) {
      note_names(at->first, at->second);
    }
    ++at;
  }
}

void RecordedProcesses::note_names(std::uint32_t pid, Process& process) {
  const auto mappings = read_maps(static_cast<pid_t>(pid));
  if (!mappings) {
    return;  // it has just ended
  }
  if (with_stacks_) {
    process.code.take(*mappings);
  }
  for (const ProcessMapping& mapping : *mappings) {
    const std::uint64_t begin = mapping.range.begin.value / kPageBytes;
    const std::uint64_t pages = mapping.range.end.value / kPageBytes - begin;
    if (mapping.name.empty() || !mapping.writable) {
      continue;
    }
    std::pair<std::uint64_t, std::string> named(pages, mapping.name);
    auto& known = process.named[begin];
    if (known != named) {
      writer_.add(trace::Range{process.index, begin, pages, mapping.name});
      known = std::move(named);
    }
  }
}

}  // namespace dime
