// SPDX-License-Identifier: GPL-2.0
#include "trace/stacks.h"

#include "trace/block.h"
#include "trace/numbers.h"

namespace dime::trace {
namespace {

constexpr unsigned kColumns = 4;
enum Column : unsigned { kCallers, kFrames, kEvents, kStacks };

}  // namespace

std::vector<std::uint8_t> encode_stacks(const Stacks& stacks, std::uint32_t first) {
  std::vector<std::uint8_t> columns[kColumns];
  std::uint64_t number = first;
  std::uint64_t frame = 0;
  for (const StackNode& node : stacks.nodes) {
    put(columns[kCallers], number++ - node.caller);
    put(columns[kFrames], zigzag(node.frame - frame));
    frame = node.frame;
  }
  std::uint64_t next = 0;
  std::uint64_t stack = 0;
  for (const StackedEvent& event : stacks.events) {
    put(columns[kEvents], event.event - next);
    next = event.event + std::uint64_t{1};
    put(columns[kStacks], zigzag(event.stack - stack));
    stack = event.stack;
  }
  std::vector<std::uint8_t> block = {kStackBlock};
  put(block, stacks.nodes.size());
  put(block, stacks.events.size());
  put_columns(block, columns);
  return block;
}

std::optional<Stacks> decode_stacks(std::span<const std::uint8_t> block, std::uint32_t first,
                                    std::size_t frames) {
  if (block.empty() || block[0] != kStackBlock) {
    return std::nullopt;
  }
  Numbers head{block.subspan(1)};
  const std::uint64_t node_count = head.next();
  const std::uint64_t event_count = head.next();
  std::span<const std::uint8_t> columns[kColumns];
  if (!take_columns(head, columns) || node_count > kMostBlockNodes ||
      event_count > kMostBlockEvents || node_count >= UINT32_MAX - first) {
    return std::nullopt;
  }
  Numbers callers{columns[kCallers]};
  Numbers frame_numbers{columns[kFrames]};
  Stacks stacks;
  std::uint64_t frame = 0;
  for (std::uint64_t number = first; number < first + node_count; ++number) {
    const std::uint64_t back = callers.next();
    frame += unzigzag(frame_numbers.next());
    if (back == 0 || back > number || frame >= frames) {
      return std::nullopt;
    }
    stacks.nodes.push_back(
        {static_cast<std::uint32_t>(number - back), static_cast<std::uint32_t>(frame)});
  }
  Numbers events{columns[kEvents]};
  Numbers numbers{columns[kStacks]};
  std::uint64_t next = 0;
  std::uint64_t stack = 0;
  for (std::uint64_t i = 0; i < event_count; ++i) {
    const std::uint64_t skipped = events.next();
    stack += unzigzag(numbers.next());
    if (skipped > kMostBlockEvents || next + skipped >= kMostBlockEvents || stack == 0 ||
        stack >= first + node_count) {
      return std::nullopt;
    }
    stacks.events.push_back(
        {static_cast<std::uint32_t>(next + skipped), static_cast<std::uint32_t>(stack)});
    next += skipped + 1;
  }
  if (!callers.finished() || !frame_numbers.finished() || !events.finished() ||
      !numbers.finished()) {
    return std::nullopt;
  }
  return stacks;
}

}  // namespace dime::trace
