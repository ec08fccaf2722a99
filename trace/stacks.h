// SPDX-License-Identifier: GPL-2.0
// Call stacks of a trace, and the bytes of their blocks: docs/trace-format.md, "Blocks of stacks".
//
// Stacks are the nodes of one tree: a node is a frame and the node of its caller, so what stacks
// have in common is kept once. A stack is named by the number of its innermost node.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace dime::trace {

struct StackNode {
  std::uint32_t caller = 0;  ///< number of a node that was before; 0 = nobody
  std::uint32_t frame = 0;   ///< index into the trace's frames
  friend bool operator==(const StackNode&, const StackNode&) = default;
};

/// An event of a block that has a stack.
struct StackedEvent {
  std::uint32_t event = 0;  ///< its place in the block
  std::uint32_t stack = 0;  ///< number of a node, from 1
  friend bool operator==(const StackedEvent&, const StackedEvent&) = default;
};

/// What one block says: nodes that are new, and which events of the next block have stacks.
struct Stacks {
  std::vector<StackNode> nodes;
  std::vector<StackedEvent> events;  ///< ascending
  friend bool operator==(const Stacks&, const Stacks&) = default;
};

/// The most that a reader accepts of each in one block.
inline constexpr std::size_t kMostBlockNodes = std::size_t{1} << 18;

/// The bytes of a block. The first of its nodes has number `first`, from 1 on. REQUIRES: at most
/// kMostBlockNodes nodes and kMostBlockEvents events.
std::vector<std::uint8_t> encode_stacks(const Stacks& stacks, std::uint32_t first);

/// What a block says, whose first byte is kStackBlock; nothing where its bytes are none, or name
/// frames that are not among the first `frames`, or stacks that are not known with it.
std::optional<Stacks> decode_stacks(std::span<const std::uint8_t> block, std::uint32_t first,
                                    std::size_t frames);

}  // namespace dime::trace
