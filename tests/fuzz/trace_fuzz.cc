// SPDX-License-Identifier: GPL-2.0
// Any bytes as a trace, or, if the first byte is odd, as one block of events behind it. What must
// hold: nothing is read elsewhere, events refer to known threads, and what was decoded is encoded
// and decoded to the same again.
#include <cstdio>
#include <cstdlib>

#include "trace/block.h"
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
