// SPDX-License-Identifier: GPL-2.0
// One event of a trace: what happened to which page, when, and by which thread.
#pragma once

#include <cstdint>

namespace dime::trace {

/// What happened. The numbers are part of the file format and are never used for anything else.
enum class Why : std::uint8_t {
  kReference = 0,     ///< an access of a full reference string, whether or not it would fault
  kFirstTouch = 1,    ///< the page was allocated
  kDemand = 2,        ///< a remote page was fetched because a thread touched it
  kCoalesced = 3,     ///< a thread touched a page that was already being fetched
  kAdopted = 4,       ///< a page was found that had been touched before it was managed
  kEvictClean = 5,    ///< evicted, and the remote copy was still good
  kEvictDirty = 6,    ///< evicted and written back
  kEvictUnknown = 7,  ///< evicted; nobody looked whether it was changed
  kDropped = 8,       ///< unmapped or given back by the program
  kMovedFrom = 9,     ///< mremap moved the page away from here ...
  kMovedTo = 10,      ///< ... to here: the event behind it
  kPrefetch = 11,     ///< fetched before a thread touched it
};
inline constexpr unsigned kWhyCount = 12;

/// How the page was touched, where that is known.
enum class Access : std::uint8_t { kUnknown = 0, kRead = 1, kWrite = 2 };

struct Event {
  std::uint64_t time_ns = 0;  ///< since the start of the trace
  std::uint64_t page = 0;     ///< address / 4096, within the process of the thread
  std::uint32_t thread = 0;   ///< index into the trace's threads
  Why why = Why::kReference;
  Access access = Access::kUnknown;
  friend bool operator==(const Event&, const Event&) = default;
};

/// The word for it in the text form: "demand".
const char* name_of(Why why);
/// "read", "write", or "-" where it is not known.
const char* name_of(Access access);

/// True for an event by which a program used a page; the rest are about pages that leave.
constexpr bool is_use(Why why) {
  return why == Why::kReference || why == Why::kFirstTouch || why == Why::kDemand ||
         why == Why::kAdopted;
}
/// True for an eviction.
constexpr bool is_eviction(Why why) {
  return why == Why::kEvictClean || why == Why::kEvictDirty || why == Why::kEvictUnknown;
}

}  // namespace dime::trace
