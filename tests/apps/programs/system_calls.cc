// SPDX-License-Identifier: GPL-2.0
#include "system_calls.h"

#include <sys/stat.h>

#include <cstdlib>

Placement placement = Placement::kAtEnd;

namespace {

std::size_t evicting_pages = 0;
char* others = nullptr;
std::uint64_t touched = 0;

}  // namespace

void begin_calls(int argc, char** argv) {
  expect(argc == 3, "arguments: EVICTING-PAGES FOLDER");
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  evicting_pages = std::stoul(argv[1]);
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
