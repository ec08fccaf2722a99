// SPDX-License-Identifier: GPL-2.0
// Any bytes at all as code, or as an ELF file if the first byte is odd. What must hold:
//
//   windows lie in the text, hold their syscall, do not overlap, and nothing jumps into one; the
//   table that is written opens, has all sites, and its stubs jump back to the windows' ends; no
//   file makes the reader read elsewhere.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "engines/user/sites/stub_writer.h"

namespace dime::sites {
namespace {

#define REQUIRE(condition)                                                                \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)

bool is_patched(const Site& site) {
  return site.verdict == Verdict::kPatch || site.verdict == Verdict::kPatchTested;
}

void require_sound(const Site& site, const Instructions& instructions) {
  const auto bytes = instructions.bytes_at(site.window, site.bytes);
  REQUIRE(bytes.size() == site.bytes && site.bytes <= kMostWindowBytes);
  REQUIRE(std::equal(bytes.begin(), bytes.end(), site.original));
  if (is_patched(site)) {
    REQUIRE(site.bytes >= 5 && site.instruction + 2 <= site.bytes);
    REQUIRE(!instructions.is_target(site.window + 1, site.window + site.bytes));
  } else {
    REQUIRE(site.stub == 0);
  }
}

// The stubs end with a jump each, whose displacement is the last of the stub's fix-ups.
void require_way_back(const TableView& table, const Site& site, std::uint32_t stub_end) {
  std::uint32_t jump = 0;
  for (std::uint32_t i = 0; i < table.header().fixup_count; ++i) {
    if (table.fixup(i) < stub_end) {
      jump = table.fixup(i);
    }
  }
  std::uint32_t displacement = 0;
  std::memcpy(&displacement, table.stubs() + jump, sizeof displacement);
  REQUIRE(jump > site.stub && table.stubs()[jump - 1] == 0xe9);
  REQUIRE(jump + 4 + displacement == site.window + site.bytes);
}

void try_code(const ElfCode& code) {
  const Instructions instructions(code);
  const std::vector<FoundSite> found = find_sites(instructions);
  const std::vector<std::uint8_t> file =
      write_table(code, instructions, found, {std::vector<std::uint8_t>(20, 1), true});
  TableView table;
  REQUIRE(table.open(file.data(), file.size()));
  REQUIRE(table.header().site_count == found.size());
  std::uint64_t free_from = 0;
  for (std::uint32_t i = 0; i < found.size(); ++i) {
    const Site& site = table.site(i);
    require_sound(site, instructions);
    if (is_patched(site)) {
      REQUIRE(site.window >= free_from);
      free_from = site.window + site.bytes;
      std::uint32_t stub_end = table.header().stub_bytes;
      for (std::uint32_t next = i + 1; next < found.size(); ++next) {
        if (is_patched(table.site(next))) {
          stub_end = table.site(next).stub;
          break;
        }
      }
      require_way_back(table, site, stub_end);
    }
  }
}

}  // namespace
}  // namespace dime::sites

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dime::sites;  // NOLINT
  if (size == 0) {
    return 0;
  }
  const std::span<const std::uint8_t> bytes(data + 1, size - 1);
  if ((data[0] & 1) != 0) {
    const auto code = read_elf_code(bytes, "input");
    if (code) {
      try_code(*code);
    }
    return 0;
  }
  constexpr std::uint64_t kText = 0x1000;
  constexpr std::uint64_t kData = 0x3000;
  ElfCode code;
  const std::size_t text = bytes.size() - bytes.size() / 4;
  code.text.push_back({kText, bytes.first(text)});
  code.data.push_back({kData, bytes.subspan(text)});
  code.position_independent = (data[0] & 2) != 0;
  code.end = kData + bytes.size();
  try_code(code);
  return 0;
}
