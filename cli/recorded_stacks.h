// SPDX-License-Identifier: GPL-2.0
// The call stacks of a recording: from addresses in processes to the stacks of a trace, with the
// names of functions as long as the files are there.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/code_file.h"
#include "dime/events.h"
#include "engines/user/inject/process_maps.h"
#include "trace/writer.h"

namespace dime {

/// Where the code of a process lies. A forked child begins with its parent's.
class ProcessCode {
 public:
  /// Takes the executable ones of its mappings.
  void take(const std::vector<ProcessMapping>& mappings);

 private:
  friend class RecordedStacks;
  struct Mapped {
    std::uint64_t begin;
    std::uint64_t end;
    std::uint64_t offset;
    std::string name;
    friend bool operator==(const Mapped&, const Mapped&) = default;
  };
  struct Hash {
    std::size_t operator()(const std::vector<std::uint64_t>& words) const;
  };

  std::vector<Mapped> mapped_;                                                 ///< ascending
  std::unordered_map<std::vector<std::uint64_t>, std::uint32_t, Hash> known_;  ///< stacks
  std::uint64_t missed_ns_ = 0;  ///< when its mappings were read last because code was not found
};

/// Not thread-safe. `writer` outlives it.
class RecordedStacks {
 public:
  explicit RecordedStacks(trace::Writer& writer) : writer_(writer) {}

  /// A part of the stack of the event behind it.
  void take(const dime_page_event& part);

  /// The event behind the parts was given up.
  void forget() { parts_.clear(); }

  /// The number in the trace of the stack whose parts were taken, 0 = none, of process `pid` with
  /// this code. The next one begins.
  std::uint32_t finish(std::uint32_t pid, ProcessCode& code);

 private:
  struct File {
    std::uint32_t index;
    std::unique_ptr<CodeFile> code;
    std::unordered_map<std::uint64_t, std::uint32_t> frames;  ///< by offset
  };
  /// A place in code, `mapped` null where nothing is known of it.
  struct Place {
    const ProcessCode::Mapped* mapped;
    std::uint64_t offset;
  };

  std::uint32_t add(std::uint32_t pid, ProcessCode& code);
  [[nodiscard]] static Place find(const ProcessCode& code, std::uint64_t address);
  Place find_anew(std::uint32_t pid, ProcessCode& code, std::uint64_t address);
  bool returns_to_top(std::uint32_t pid, const Place& place);
  File& file_of(std::uint32_t pid, const ProcessCode::Mapped& mapped);
  std::uint32_t frame_of(std::uint32_t pid, const Place& place);
  std::uint32_t nameless_frame(const std::string& name);
  std::uint32_t node_of(std::uint32_t caller, std::uint32_t frame);

  trace::Writer& writer_;
  std::vector<std::uint64_t> parts_;  ///< instruction, top of the stack, callers
  std::uint32_t places_ = 0;          ///< of the ring that were taken
  std::map<std::string, File> files_;
  std::map<std::string, std::uint32_t> nameless_;
  std::unordered_map<std::uint64_t, std::uint32_t> nodes_;  ///< by caller and frame
};

}  // namespace dime
