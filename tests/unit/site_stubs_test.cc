// SPDX-License-Identifier: GPL-2.0
// Every stub of the libraries of this process, disassembled: it says what the window said, and goes
// on behind it.
#include <Zydis/Zydis.h>
#include <gtest/gtest.h>
#include <link.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "engines/user/sites/site_cache.h"
#include "engines/user/sites/site_table.h"
#include "tests/unit/runtime_folder.h"

namespace dime::sites {
namespace {

constexpr std::uint64_t kLibrary = 0x7f1234567000;
constexpr std::uint64_t kStubs = 0x7f1210000000;

/// Reads instruction after instruction.
class Reader {
 public:
  Reader(const std::uint8_t* bytes, std::uint64_t address) : bytes_(bytes), address_(address) {}

  /// Text of the next instruction, with the addresses that it refers to.
  std::string next() {
    ZydisDisassembledInstruction instruction;
    if (!ZYAN_SUCCESS(ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_LONG_64, address_, bytes_,
                                            ZYDIS_MAX_INSTRUCTION_LENGTH, &instruction))) {
      return "nothing";
    }
    skip(instruction.info.length);
    return instruction.text;
  }
  void skip(std::uint64_t bytes) {
    bytes_ += bytes;
    address_ += bytes;
  }
  [[nodiscard]] std::uint64_t address() const { return address_; }

 private:
  const std::uint8_t* bytes_;
  std::uint64_t address_;
};

std::string address_text(const char* instruction, std::uint64_t address) {
  char text[64];
  std::snprintf(text, sizeof text, instruction, static_cast<unsigned long>(address));
  return text;
}

void expect_same(const Site& site, const std::vector<std::uint8_t>& stubs) {
  std::uint8_t original[kMostWindowBytes + ZYDIS_MAX_INSTRUCTION_LENGTH] = {};
  std::memcpy(original, site.original, site.bytes);
  const std::uint64_t window = kLibrary + site.window;
  Reader before(original, window);
  Reader stub(stubs.data() + site.stub, kStubs + site.stub);
  while (before.address() < window + site.instruction) {
    EXPECT_EQ(stub.next(), before.next());
  }
  EXPECT_EQ(before.next(), "syscall");
  const bool tested = site.verdict == Verdict::kPatchTested;
  EXPECT_EQ(stub.next(), "lea rsp, [rsp-0x80]");
  EXPECT_EQ(stub.next(),
            address_text("call [0x%016lX]", kStubs + (tested ? kTestedThunkCell : kThunkCell)));
  const std::uint64_t returned = stub.address();
  std::int32_t distance = 0;
  std::memcpy(&distance, stubs.data() + (returned - kStubs) + 3, sizeof distance);
  EXPECT_EQ(returned + static_cast<std::uint64_t>(std::int64_t{distance}), before.address());
  EXPECT_EQ(stub.next().substr(0, 3), "nop");
  if (tested) {
    EXPECT_EQ(stub.next(), address_text("jmp 0x%016lX", returned + 23));
    EXPECT_EQ(stub.address(), returned + 9);
    EXPECT_EQ(stub.next(), address_text("jmp [0x%016lX]", returned + 15));
    stub.skip(sizeof(std::uint64_t));
  }
  while (before.address() < window + site.bytes) {
    EXPECT_EQ(stub.next(), before.next());
  }
  EXPECT_EQ(stub.next(), address_text("jmp 0x%016lX", window + site.bytes));
}

// Returns how many stubs were compared.
unsigned compare_stubs(const std::string& library, const std::string& folder) {
  const auto path = site_table_for(library, folder);
  EXPECT_TRUE(path) << path.error().message;
  std::ifstream file(path.value_or(""), std::ios::binary);
  const std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
  TableView table;
  EXPECT_TRUE(table.open(bytes.data(), bytes.size()));
  std::vector<std::uint8_t> stubs(table.stubs(), table.stubs() + table.header().stub_bytes);
  for (std::uint32_t i = 0; i < table.header().fixup_count; ++i) {
    std::uint32_t word = 0;
    std::memcpy(&word, stubs.data() + table.fixup(i), sizeof word);
    word += static_cast<std::uint32_t>(kLibrary - kStubs);
    std::memcpy(stubs.data() + table.fixup(i), &word, sizeof word);
  }
  stubs.resize(stubs.size() + ZYDIS_MAX_INSTRUCTION_LENGTH);
  unsigned compared = 0;
  for (std::uint32_t i = 0; i < table.header().site_count; ++i) {
    const Site& site = table.site(i);
    if (site.verdict == Verdict::kPatch || site.verdict == Verdict::kPatchTested) {
      SCOPED_TRACE(address_text("site %lx", site.window));
      expect_same(site, stubs);
      ++compared;
    }
  }
  return compared;
}

TEST(SiteStubs, SayWhatTheWindowsSaid) {
  const test::RuntimeFolder folder;
  std::vector<std::string> libraries;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        const std::string name = info->dlpi_name;
        if (name.starts_with('/')) {
          static_cast<std::vector<std::string>*>(data)->push_back(name);
        }
        return 0;
      },
      &libraries);
  unsigned compared = 0;
  for (const std::string& library : libraries) {
    compared += compare_stubs(library, folder.path());
  }
  EXPECT_GE(compared, 100U);
  std::printf("%u stubs of %zu libraries\n", compared, libraries.size());
}

}  // namespace
}  // namespace dime::sites
