// SPDX-License-Identifier: GPL-2.0
#include "system_calls.h"

#include <sys/stat.h>

#include <sys/uio.h>

#include <cstdlib>
#include <vector>

#include "engines/user/agent/inline/buffers.h"

Placement placement = Placement::kAtEnd;

namespace {

std::size_t evicting_pages = 0;
char* others = nullptr;
std::uint64_t touched = 0;
bool by_table = false;

struct Mapping {
  std::uint64_t begin;
  std::uint64_t end;
};
std::vector<Mapping> placed;

void protect(std::uint64_t begin, std::uint64_t end, int protection) {
  expect(mprotect(reinterpret_cast<void*>(begin), end - begin, protection) == 0, "mprotect");
}

void protect_all(int protection) {
  for (const Mapping& mapping : placed) {
    protect(mapping.begin, mapping.end, protection);
  }
}

bool read_own(void*, std::uint64_t address, void* to, std::uint64_t bytes) {
  const iovec local = {to, bytes};
  const iovec remote = {reinterpret_cast<void*>(address), bytes};
  return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == static_cast<ssize_t>(bytes);
}

// Gives back the pages of a range that were placed; once written to, they stay so.
void allow(const dime::agent::BufferRange& range, std::vector<std::uint64_t>& written) {
  const std::uint64_t end = range.begin + range.bytes;
  for (const Mapping& mapping : placed) {
    std::uint64_t page = range.begin > mapping.begin ? range.begin / kPage * kPage : mapping.begin;
    for (; page < mapping.end && page < end; page += kPage) {
      bool is_written = range.written;
      for (const std::uint64_t each : written) {
        is_written = is_written || each == page;
      }
      protect(page, page + kPage, is_written ? PROT_READ | PROT_WRITE : PROT_READ);
      if (range.written) {
        written.push_back(page);
      }
    }
  }
}

void allow_what_the_table_lists(long number, const long (&arguments)[6]) {
  dime::agent::BufferList list;
  std::vector<dime::agent::BufferRange> ranges;
  do {
    dime::agent::collect_buffers(number, arguments, read_own, nullptr, list);
    ranges.insert(ranges.end(), list.begin(), list.end());
  } while (list.next_batch());
  protect_all(PROT_NONE);
  std::vector<std::uint64_t> written;
  for (const dime::agent::BufferRange& range : ranges) {
    allow(range, written);
  }
}

}  // namespace

void begin_calls(int argc, char** argv) {
  expect(argc == 3, "arguments: EVICTING-PAGES|table FOLDER");
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  by_table = std::strcmp(argv[1], "table") == 0;
  evicting_pages = by_table ? 1 : std::stoul(argv[1]);
  others = map_pages(evicting_pages);
  expect(chdir(argv[2]) == 0, argv[2]);
  mkdir("calls", 0700);
  expect(chdir("calls") == 0, "calls");
}

char* place_bytes(std::size_t bytes) {
  // A page of which nothing is used, before; one that is unmapped, behind.
  const std::size_t pages = (bytes + kPage - 1) / kPage + 2;
  char* memory = map_pages(pages + 1);
  expect(munmap(memory + pages * kPage, kPage) == 0, "munmap");
  const auto begin = reinterpret_cast<std::uint64_t>(memory);
  placed.push_back({begin, begin + pages * kPage});
  if (placement == Placement::kAtEnd) {
    return memory + pages * kPage - bytes;
  }
  return memory + kPage - (bytes / 2 % kPage | 1U);
}

char* place_text(const std::string& text) {
  char* memory = place_bytes(text.size() + 1);
  std::memcpy(memory, text.c_str(), text.size() + 1);
  return memory;
}

void evict() {
  ++touched;
  for (std::size_t page = 0; page < evicting_pages; ++page) {
    std::memcpy(others + page * kPage, &touched, sizeof touched);
  }
}

long make_call(long number, const long (&arguments)[6]) {
  if (by_table) {
    allow_what_the_table_lists(number, arguments);
  } else {
    evict();
  }
  const long result = syscall(number, arguments[0], arguments[1], arguments[2], arguments[3],
                              arguments[4], arguments[5]);
  const int error = errno;
  if (by_table) {
    protect_all(PROT_READ | PROT_WRITE);
  }
  return result == -1 ? -error : result;
}

char* bad_pointer() {
  static char* const address = [] {
    char* memory = map_pages(3);
    expect(mprotect(memory, 3 * kPage, PROT_NONE) == 0, "mprotect");
    return memory + kPage + 123;
  }();
  return address;
}

void print(const char* name, long result, const std::string& detail) {
  if (result < 0) {
    std::printf("%s: %s%s\n", name, strerrorname_np(static_cast<int>(-result)), detail.c_str());
  } else {
    std::printf("%s: %ld%s\n", name, result, detail.c_str());
  }
}

void print_value(const char* name, long value) {
  std::printf("  %s = %ld\n", name, value);
}

void print_bytes(const char* name, long result, const void* bytes, std::size_t count) {
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < count; ++i) {
    hash = mix(hash + static_cast<const unsigned char*>(bytes)[i] + 1);
  }
  char text[64];
  std::snprintf(text, sizeof text, " %zu bytes %016llx", count,
                static_cast<unsigned long long>(hash));
  print(name, result, text);
}
