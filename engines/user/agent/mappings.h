// SPDX-License-Identifier: GPL-2.0
// The process's mappings, as /proc/self/maps has them, and which of their pages are present.
#pragma once

#include "core/units.h"

namespace dime::agent {

struct Mapping {
  AddressRange range;
  bool readable;
  bool writable;
  bool executable;
  bool shared;
  bool file;         ///< backed by a file (inode not 0)
  const char* name;  ///< rest of the line: "", "[heap]", "[stack]", a path; valid until the next
                     ///< line is read
  dime_kind kind;
  const char* label;  ///< NAME of [anon:NAME], a file's path, or ""; valid as `name` is
};

/// Reads the mappings one after the other, in ascending order. The kernel's answer is cut into
/// pages, so a mapping that changes meanwhile may be seen in either form; none is invented. Buffers
/// in itself: 8 KiB of stack.
class MappingReader {
 public:
  MappingReader();
  /// From a descriptor of /proc/self/maps, which is read from its beginning.
  MappingReader(long descriptor, bool closes);
  [[nodiscard]] static long open();
  ~MappingReader();
  MappingReader(const MappingReader&) = delete;
  MappingReader& operator=(const MappingReader&) = delete;

  /// The next mapping, or false at the end.
  bool next(Mapping& mapping);

 private:
  bool next_line();
  void classify(Mapping& mapping);

  long fd_;
  bool closes_;
  char buffer_[8192];
  std::uint32_t filled_ = 0;
  std::uint32_t start_ = 0;  ///< of the unread rest
  char* line_ = nullptr;
  std::uint64_t data_end_ = 0;  ///< of the last mapping, where that is a file's writable data
};

/// True for memory that the user engine manages: private and anonymous: heap, stacks, .bss,
/// anonymous mappings. Whatever their rights are now: allocators open reserved memory piece by
/// piece, and mappings with different registrations cannot merge again.
bool is_manageable(const Mapping& mapping);

/// Resident pages of file mappings and shared memory, as /proc/self/statm counts them.
std::uint64_t resident_file_pages();

/// Where the System V segment `id` lies that was attached at `address`.
AddressRange segment_at(long id, std::uint64_t address);

/// Calls `visit(AddressRange)` for each run of pages of `range` that have memory (present or
/// swapped out).
template <class Visit>
void for_each_present(AddressRange range, Visit&& visit);

/// One step of for_each_present: fills `runs` and returns how many, advancing `range.begin` behind
/// what was searched.
unsigned present_runs(AddressRange& range, AddressRange* runs, unsigned capacity);

template <class Visit>
void for_each_present(AddressRange range, Visit&& visit) {
  AddressRange runs[64];
  while (!range.empty()) {
    const unsigned found = present_runs(range, runs, 64);
    for (unsigned i = 0; i < found; ++i) {
      visit(runs[i]);
    }
  }
}

}  // namespace dime::agent
