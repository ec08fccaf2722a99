// SPDX-License-Identifier: GPL-2.0
#include "trace/block.h"

#include "trace/numbers.h"

namespace dime::trace {
namespace {

// The head of an event: what and how, and whether its thread is another than that of the event
// before.
constexpr unsigned kAccessShift = 4;
constexpr std::uint8_t kWhyMask = 0x0f;
constexpr std::uint8_t kOtherThread = 0x40;
constexpr std::uint8_t kReserved = 0x80;

// Pages of evictions and the like repeat the pages of uses that came long before: as a column of
// their own they repeat its bytes.
constexpr unsigned kColumns = 5;
enum Column : unsigned { kHeads, kTimes, kThreads, kUses, kOthers };

}  // namespace

std::vector<std::uint8_t> encode_events(std::span<const Event> events, std::uint32_t unit_ns) {
  std::vector<std::uint8_t> columns[kColumns];
  std::uint64_t time = 0;
  std::uint64_t pages[2] = {};
  std::uint32_t thread = 0;
  for (const Event& event : events) {
    const bool other = event.thread != thread;
    columns[kHeads].push_back(static_cast<std::uint8_t>(
        static_cast<unsigned>(event.why) | static_cast<unsigned>(event.access) << kAccessShift |
        (other ? kOtherThread : 0U)));
    if (other) {
      thread = event.thread;
      put(columns[kThreads], thread);
    }
    put(columns[kTimes], zigzag(event.time_ns / unit_ns - time));
    time = event.time_ns / unit_ns;
    const bool use = is_use(event.why);
    std::uint64_t& page = pages[use ? 0 : 1];
    put(columns[use ? kUses : kOthers], zigzag(event.page - page));
    page = event.page;
  }
  std::vector<std::uint8_t> block = {kEventBlock};
  put(block, events.size());
  put_columns(block, columns);
  return block;
}

std::optional<std::vector<Event>> decode_events(std::span<const std::uint8_t> block,
                                                std::uint32_t unit_ns) {
  if (block.empty() || block[0] != kEventBlock) {
    return std::nullopt;
  }
  Numbers head{block.subspan(1)};
  const std::uint64_t count = head.next();
  std::span<const std::uint8_t> columns[kColumns];
  if (!take_columns(head, columns) || count > kMostBlockEvents || columns[kHeads].size() != count) {
    return std::nullopt;
  }
  Numbers times{columns[kTimes]};
  Numbers threads{columns[kThreads]};
  Numbers uses{columns[kUses]};
  Numbers others{columns[kOthers]};
  std::uint64_t time = 0;
  std::uint64_t pages[2] = {};
  std::uint64_t thread = 0;
  std::vector<Event> events;
  events.reserve(count);
  for (const std::uint8_t bits : columns[kHeads]) {
    const unsigned why = bits & kWhyMask;
    const unsigned access = (bits >> kAccessShift) & 3U;
    if ((bits & kReserved) != 0 || why >= kWhyCount || access > 2) {
      return std::nullopt;
    }
    thread = (bits & kOtherThread) != 0 ? threads.next() : thread;
    time += unzigzag(times.next());
    const bool use = is_use(static_cast<Why>(why));
    pages[use ? 0 : 1] += unzigzag((use ? uses : others).next());
    if (thread > UINT32_MAX) {
      return std::nullopt;
    }
    events.push_back({time * unit_ns, pages[use ? 0 : 1], static_cast<std::uint32_t>(thread),
                      static_cast<Why>(why), static_cast<Access>(access)});
  }
  if (!times.finished() || !threads.finished() || !uses.finished() || !others.finished()) {
    return std::nullopt;
  }
  return events;
}

}  // namespace dime::trace
