// SPDX-License-Identifier: GPL-2.0
// Any bytes as a trace, or, if the first byte is odd, as one block of events or of stacks behind
// it. What must hold: nothing is read elsewhere, events refer to known threads and stacks, stacks
// end, and what was decoded is encoded and decoded to the same again.
#include <cstdio>
#include <cstdlib>

#include "trace/block.h"
#include "trace/fold.h"
#include "trace/reader.h"
#include "trace/text.h"

namespace {

#define REQUIRE(condition)                                                                \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)

void try_block(std::span<const std::uint8_t> bytes) {
  const auto events = dime::trace::decode_events(bytes, 1);
  if (events) {
    REQUIRE(dime::trace::decode_events(dime::trace::encode_events(*events, 1), 1) == events);
  }
  constexpr std::uint32_t kFirst = 5;
  constexpr std::size_t kFrames = 100;
  const auto stacks = dime::trace::decode_stacks(bytes, kFirst, kFrames);
  if (stacks) {
    const auto again = dime::trace::encode_stacks(*stacks, kFirst);
    REQUIRE(dime::trace::decode_stacks(again, kFirst, kFrames) == stacks);
  }
}

void try_stack(std::uint32_t stack, const dime::trace::Meta& meta) {
  for (std::uint32_t node = stack; node != 0;) {
    REQUIRE(node <= meta.stacks.size());
    const dime::trace::StackNode& at = meta.stacks[node - 1];
    REQUIRE(at.caller < node);
    REQUIRE(!dime::trace::name_of(meta.frames[at.frame], meta).empty());
    node = at.caller;
  }
}

void try_trace(std::span<const std::uint8_t> bytes) {
  auto reader = dime::trace::Reader::of(bytes, "input");
  if (!reader) {
    REQUIRE(!reader.error().message.empty());
    return;
  }
  std::vector<dime::trace::Event> events;
  std::uint64_t count = 0;
  while (reader->next(events)) {
    count += events.size();
    for (const dime::trace::Event& event : events) {
      REQUIRE(event.thread < reader->meta().threads.size());
      REQUIRE(!dime::trace::line_of(event, reader->meta()).empty());
    }
    REQUIRE(reader->stacks().empty() || reader->stacks().size() == events.size());
    for (const std::uint32_t stack : reader->stacks()) {
      try_stack(stack, reader->meta());
    }
  }
  REQUIRE(count == reader->events());
  REQUIRE(!reader->next(events));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::span<const std::uint8_t> bytes(data + 1, size - 1);
  (data[0] & 1) != 0 ? try_block(bytes) : try_trace(bytes);
  return 0;
}
