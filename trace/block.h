// SPDX-License-Identifier: GPL-2.0
// The bytes of one block of events before compression: docs/trace-format.md, "Blocks of events".
//
// Fields are kept in columns, because like compresses well with like. A block needs no other block.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "trace/event.h"

namespace dime::trace {

/// What a block is about: its first byte.
inline constexpr std::uint8_t kEventBlock = 'E';
inline constexpr std::uint8_t kMetaBlock = 'J';
inline constexpr std::uint8_t kStackBlock = 'S';  ///< trace/stacks.h

/// No block is larger than this before compression.
inline constexpr std::size_t kMostBlockBytes = std::size_t{4} << 20;
/// How many events a writer puts into one block.
inline constexpr std::size_t kBlockEvents = 32'768;
/// The most that a reader accepts in one block.
inline constexpr std::size_t kMostBlockEvents = std::size_t{1} << 17;

/// The bytes of a block. Times are rounded down to whole `unit_ns`. REQUIRES: at most
/// kMostBlockEvents events, `unit_ns` is not 0.
std::vector<std::uint8_t> encode_events(std::span<const Event> events, std::uint32_t unit_ns);

/// The events of a block, whose first byte is kEventBlock; nothing where the bytes are none.
std::optional<std::vector<Event>> decode_events(std::span<const std::uint8_t> block,
                                                std::uint32_t unit_ns);

}  // namespace dime::trace
