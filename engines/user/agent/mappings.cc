// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/mappings.h"

#include <asm/ioctl.h>
#include <linux/fcntl.h>

#include "engines/user/agent/syscalls.h"

namespace dime::agent {
namespace {

// PAGEMAP_SCAN is of Linux 6.7; Debian 12's headers are older.
struct PageRegion {
  std::uint64_t begin;
  std::uint64_t end;
  std::uint64_t categories;
};
struct ScanRequest {
  std::uint64_t size;
  std::uint64_t flags;
  std::uint64_t begin;
  std::uint64_t end;
  std::uint64_t walked_to;
  std::uint64_t regions;
  std::uint64_t region_capacity;
  std::uint64_t max_pages;
  std::uint64_t category_inverted;
  std::uint64_t category_mask;
  std::uint64_t category_anyof_mask;
  std::uint64_t return_mask;
};
constexpr unsigned long kPagemapScan = _IOWR('f', 16, ScanRequest);
constexpr std::uint64_t kPresent = 1u << 3;
constexpr std::uint64_t kSwapped = 1u << 4;

std::uint64_t hexadecimal(char*& text) {
  std::uint64_t value = 0;
  for (;; ++text) {
    const char c = *text;
    if (c >= '0' && c <= '9') {
      value = value * 16 + static_cast<std::uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = value * 16 + static_cast<std::uint64_t>(c - 'a' + 10);
    } else {
      return value;
    }
  }
}

void skip_field(char*& text) {
  while (*text != ' ' && *text != '\0') {
    ++text;
  }
  while (*text == ' ') {
    ++text;
  }
}

bool starts_with(const char* text, const char* prefix) {
  while (*prefix != '\0') {
    if (*text++ != *prefix++) {
      return false;
    }
  }
  return true;
}

}  // namespace

MappingReader::MappingReader() : MappingReader(open(), /*closes=*/true) {}

MappingReader::MappingReader(long descriptor, bool closes) : fd_(descriptor), closes_(closes) {
  system_call(__NR_lseek, descriptor, 0L, /*SEEK_SET=*/0L);
}

long MappingReader::open() {
  return system_call(__NR_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);
}

MappingReader::~MappingReader() {
  if (closes_ && fd_ >= 0) {
    system_call(__NR_close, fd_);
  }
}

bool MappingReader::next_line() {
  if (fd_ < 0) {
    return false;
  }
  for (;;) {
    for (std::uint32_t i = start_; i < filled_; ++i) {
      if (buffer_[i] == '\n') {
        buffer_[i] = '\0';
        line_ = buffer_ + start_;
        start_ = i + 1;
        return true;
      }
    }
    for (std::uint32_t i = start_; i < filled_; ++i) {
      buffer_[i - start_] = buffer_[i];
    }
    filled_ -= start_;
    start_ = 0;
    if (filled_ == sizeof(buffer_)) {
      return false;  // a line longer than the buffer cannot be: paths end at 4 KiB
    }
    const long bytes = system_call(__NR_read, fd_, buffer_ + filled_, sizeof(buffer_) - filled_);
    if (bytes <= 0) {
      return false;
    }
    filled_ += static_cast<std::uint32_t>(bytes);
  }
}

/// Kind and label, from the line and the one before.
void MappingReader::classify(Mapping& mapping) {
  const bool behind_data = mapping.range.begin == data_end_;
  data_end_ = mapping.file && mapping.writable && !mapping.shared ? mapping.range.end : 0;
  mapping.label = mapping.file ? mapping.name : "";
  mapping.kind = mapping.file || mapping.shared           ? DIME_KIND_FILE
                 : starts_with(mapping.name, "[heap]")    ? DIME_KIND_HEAP
                 : starts_with(mapping.name, "[stack]")   ? DIME_KIND_STACK
                 : behind_data && mapping.name[0] == '\0' ? DIME_KIND_BSS
                                                          : DIME_KIND_ANON;
  constexpr const char* kNamed = "[anon:";
  if (starts_with(mapping.name, kNamed)) {
    // The line is our own; its last character is the bracket.
    char* const label = line_ + (mapping.name - line_) + __builtin_strlen(kNamed);
    char* end = label;
    while (*end != '\0') {
      ++end;
    }
    end[end == label ? 0 : -1] = '\0';
    mapping.label = label;
  }
}

bool MappingReader::next(Mapping& mapping) {
  if (!next_line()) {
    return false;
  }
  char* text = line_;
  mapping.range.begin = hexadecimal(text);
  ++text;
  mapping.range.end = hexadecimal(text);
  ++text;
  mapping.readable = text[0] == 'r';
  mapping.writable = text[1] == 'w';
  mapping.executable = text[2] == 'x';
  mapping.shared = text[3] == 's';
  skip_field(text);  // rights
  skip_field(text);  // offset
  skip_field(text);  // device
  mapping.file = *text != '0';
  skip_field(text);
  mapping.name = text;
  classify(mapping);
  return true;
}

bool is_manageable(const Mapping& mapping) {
  if (mapping.file || mapping.shared) {
    return false;
  }
  if (starts_with(mapping.name, "[v")) {  // vdso, vvar, vsyscall
    return false;
  }
  return true;
}

std::uint64_t resident_file_pages() {
  const long fd = system_call(__NR_openat, AT_FDCWD, "/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (failed(fd)) {
    return 0;
  }
  char text[128];
  const long bytes = system_call(__NR_read, fd, text, sizeof(text) - 1);
  system_call(__NR_close, fd);
  text[bytes > 0 ? bytes : 0] = '\0';
  char* at = text;
  skip_field(at);  // size
  skip_field(at);  // resident
  std::uint64_t pages = 0;
  for (; *at >= '0' && *at <= '9'; ++at) {
    pages = pages * 10 + static_cast<std::uint64_t>(*at - '0');
  }
  return pages;
}

AddressRange segment_at(long id, std::uint64_t address) {
  constexpr long kStatus = 2;  // IPC_STAT
  struct {
    std::uint64_t permissions[6];
    std::uint64_t bytes;
    std::uint64_t rest[7];
  } segment{};
  system_call(__NR_shmctl, id, kStatus, &segment);
  const std::uint64_t bytes = segment.bytes == 0 ? kPageBytes : segment.bytes;
  return AddressRange{address, address + bytes}.whole_pages();
}

namespace {

/// present_runs() before Linux 6.7: from an entry for each page, a run going on across reads.
unsigned runs_of_entries(long pagemap, AddressRange& range, AddressRange* runs, unsigned capacity) {
  constexpr std::uint64_t kHasMemory = std::uint64_t{3} << 62;  // present, swapped out
  constexpr std::uint64_t kEntries = 512;
  std::uint64_t entries[kEntries] = {};
  unsigned found = 0;
  while (!range.empty()) {
    const std::uint64_t left = range.bytes() / kPageBytes;
    const std::uint64_t wanted = left < kEntries ? left : kEntries;
    const long bytes = system_call(__NR_pread64, pagemap, entries, wanted * sizeof(entries[0]),
                                   (range.begin >> DIME_PAGE_SHIFT) * sizeof(entries[0]));
    if (bytes <= 0) {
      range.begin = range.end;
    }
    for (long i = 0; i < bytes / 8; ++i, range.begin += kPageBytes) {
      if ((entries[i] & kHasMemory) == 0) {
        continue;
      }
      if (found != 0 && runs[found - 1].end == range.begin) {
        runs[found - 1].end += kPageBytes;
      } else if (found == capacity) {
        return found;
      } else {
        runs[found++] = {range.begin, range.begin + kPageBytes};
      }
    }
  }
  return found;
}

}  // namespace

unsigned present_runs(AddressRange& range, AddressRange* runs, unsigned capacity) {
  PageRegion regions[64];
  ScanRequest request{};
  request.size = sizeof(request);
  request.begin = range.begin;
  request.end = range.end;
  request.regions = reinterpret_cast<std::uint64_t>(regions);
  request.region_capacity = capacity < 64 ? capacity : 64;
  request.category_anyof_mask = kPresent | kSwapped;
  request.return_mask = kPresent | kSwapped;
  const long fd = system_call(__NR_openat, AT_FDCWD, "/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (failed(fd)) {
    range.begin = range.end;
    return 0;
  }
  const long found = system_call(__NR_ioctl, fd, kPagemapScan, &request);
  const unsigned read = failed(found) ? runs_of_entries(fd, range, runs, capacity) : 0;
  system_call(__NR_close, fd);
  if (failed(found)) {
    return read;
  }
  for (long i = 0; i < found; ++i) {
    runs[i] = {regions[i].begin, regions[i].end};
  }
  range.begin = request.walked_to > range.begin ? request.walked_to : range.end;
  return static_cast<unsigned>(found);
}

}  // namespace dime::agent
