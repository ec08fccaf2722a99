// SPDX-License-Identifier: GPL-2.0
// The access pattern of the measurements, over any kind of memory.
//
// Every thread has a ring of pages, touches all of them once ("first"), then goes round the ring
// and times each access ("again"), and touches each page a second time at once ("repeat"). Under
// FIFO with fewer local pages than one ring every "again" access is a remote one, and a "repeat"
// never is.
#pragma once

#include <cstddef>

namespace dime::bench {

constexpr std::size_t kPage = 4096;

struct Pattern {
  std::size_t threads;
  std::size_t pages;     // of each thread's ring
  std::size_t accesses;  // of each thread
  bool reads = false;    // later accesses only read; the first, and all without it, write, too
};

/// What the rings lie in. Called by the threads that measure, so by several at a time; a failure
/// ends the process with a message.
class Memory {
 public:
  Memory() = default;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  virtual ~Memory() = default;

  /// The ring of one thread: untouched pages of 4 KiB.
  virtual char* ring(std::size_t thread) = 0;
  /// Comes before each round of "again" accesses and is not part of their times.
  virtual void before_round(char* ring) = 0;
};

/// Private anonymous memory without huge pages, or the end of the process with a message.
char* map_pages(std::size_t pages);

/// The three numbers THREADS PAGES ACCESSES.
Pattern pattern_of(char** words);

/// Runs the threads and prints one line of JSON: p50, mean, p99 and maximum of each kind of access
/// in nanoseconds; of the timed part the seconds, the pages per second of all threads together and
/// the faults that the kernel counted for the process.
void measure(const Pattern& pattern, Memory& memory);

}  // namespace dime::bench
