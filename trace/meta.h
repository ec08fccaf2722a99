// SPDX-License-Identifier: GPL-2.0
// What a trace says besides its events: where it comes from, its processes and threads, names of
// memory, phases. In the file as JSON lines (docs/trace-format.md), which later versions append to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "trace/stacks.h"

namespace dime::trace {

/// Where the events come from, which decides for which local sizes they are good.
enum class Source : std::uint8_t {
  kReferences,  ///< every access is here: good at every size
  kFaults,      ///< the faults of a run under a limit: good well above that limit
};

/// How the trace was made. Written at its start.
struct Info {
  Source source = Source::kReferences;
  std::string version;               ///< of dime
  std::vector<std::string> command;  ///< the program, empty where there was none
  std::uint64_t local_npages = 0;    ///< the limit of the recording, where local_share is 0
  std::uint32_t local_share = 0;     ///< per cent times 100 of the touched pages
  std::string policy;                ///< of the recording
  double sample = 1;                 ///< the part of the pages that is recorded, above 0
  std::uint64_t stacks = 0;          ///< one in so many accesses has a call stack; 0 = none
  /// What `count` pages, events or bytes of the trace stand for in the whole program.
  [[nodiscard]] std::uint64_t whole(std::uint64_t count) const {
    return sample == 1 ? count
                       : static_cast<std::uint64_t>(static_cast<double>(count) / sample + 0.5);
  }
};

struct Process {
  std::uint32_t pid = 0;
  std::uint32_t parent = 0;
  std::string comm;
};

struct Thread {
  std::uint32_t process = 0;  ///< index
  std::uint32_t tid = 0;
};

/// A name of memory, as /proc/PID/maps shows it. A later one counts where they overlap.
struct Range {
  std::uint32_t process = 0;
  std::uint64_t begin = 0;  ///< page
  std::uint64_t pages = 0;
  std::string name;
};

/// A moment that the program has marked.
struct Phase {
  std::uint64_t time_ns = 0;
  std::uint32_t process = 0;
  std::string name;
};

/// A file with code: a program or a library.
struct CodeFile {
  std::string path;      ///< as /proc/PID/maps shows it
  std::string build_id;  ///< in hexadecimal digits, or empty
};

/// A place in code.
struct Frame {
  static constexpr std::uint32_t kNoFile = UINT32_MAX;
  std::uint32_t file = kNoFile;  ///< index
  std::uint64_t offset = 0;      ///< in the file: of the instruction, or of the last byte of a call
  std::string function;          ///< empty = not known
};

/// Written last; a trace without it was cut.
struct End {
  std::uint64_t events = 0;
  std::uint64_t lost = 0;         ///< events that could not be recorded
  std::uint64_t limit_pages = 0;  ///< the largest limit that the recording had, 0 = none
  std::uint64_t wall_ns = 0;      ///< of the program
  std::uint64_t stalls = 0;       ///< remote accesses that were delayed ...
  std::uint64_t stall_ns = 0;     ///< ... and for how long together, fault to release
  std::uint64_t floor_ns = 0;     ///< what a fault costs there at least, 0 = not known
};

struct Meta {
  Info info;
  std::vector<Process> processes;
  std::vector<Thread> threads;
  std::vector<Range> ranges;
  std::vector<Phase> phases;
  std::vector<CodeFile> files;
  std::vector<Frame> frames;
  std::vector<StackNode> stacks;  ///< number 1 first
  End end;
  bool ended = false;  ///< `end` was there
};

std::string line_of(const Info& info);
std::string line_of(const Process& process, std::uint32_t index);
std::string line_of(const Thread& thread, std::uint32_t index);
std::string line_of(const Range& range);
std::string line_of(const Phase& phase);
std::string line_of(const CodeFile& file, std::uint32_t index);
std::string line_of(const Frame& frame, std::uint32_t index);
std::string line_of(const End& end);

/// Takes what the lines of `text` say into `meta`; keys that are not known are skipped. False where
/// they are no JSON lines or name a process or thread out of turn.
bool take_lines(std::string_view text, Meta& meta);

}  // namespace dime::trace
