// SPDX-License-Identifier: GPL-2.0
#include "engines/user/sites/site_table.h"

#include <gtest/gtest.h>

#include <cstring>

#include "engines/user/sites/stub_writer.h"

namespace dime::sites {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint32_t kText = 0x1000;
constexpr std::uint32_t kFirstStub = 32;

struct Written {
  Bytes file;
  TableView table;
};

const LibraryId kId = {Bytes(20, 0xab), true};

Written written(const Bytes& text) {
  ElfCode code;
  code.text.push_back({kText, text});
  code.end = 0x4321;
  const Instructions instructions(code);
  Written made;
  made.file = write_table(code, instructions, find_sites(instructions), kId);
  EXPECT_TRUE(made.table.open(made.file.data(), made.file.size()));
  return made;
}

std::uint32_t word_at(const TableView& table, std::uint32_t offset) {
  std::uint32_t word = 0;
  std::memcpy(&word, table.stubs() + offset, sizeof word);
  return word;
}

Bytes stub_bytes(const TableView& table, std::uint32_t offset, std::uint32_t bytes) {
  return {table.stubs() + offset, table.stubs() + offset + bytes};
}

// mov $39,%eax; syscall; ret
const Bytes kConstant = {0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3};

TEST(SiteTable, StatesTheLibrary) {
  const Written made = written(kConstant);
  const Header& header = made.table.header();
  EXPECT_EQ(header.id_bytes, 20U);
  EXPECT_EQ(header.id[19], 0xab);
  EXPECT_EQ(header.text_begin, 0x1000U);
  EXPECT_EQ(header.text_end, 0x2000U);
  EXPECT_EQ(header.library_end, 0x5000U);
  EXPECT_EQ(header.site_count, 1U);
  EXPECT_EQ(header.gate_count, 0U);
}

TEST(SiteTable, AStubMovesCallsAndJumpsBack) {
  const Written made = written(kConstant);
  ASSERT_EQ(made.table.site(0).stub, kFirstStub);
  const std::uint32_t begin = kFirstStub;
  EXPECT_EQ(stub_bytes(made.table, begin, 12),
            (Bytes{0xb8, 39, 0, 0, 0, 0x48, 0x8d, 0x64, 0x24, 0x80, 0xff, 0x15}));
  EXPECT_EQ(begin + 16 + word_at(made.table, begin + 12), kThunkCell);
  EXPECT_EQ(stub_bytes(made.table, begin + 16, 3), (Bytes{0x0f, 0x1f, 0x80}));
  EXPECT_EQ(begin + 16 + word_at(made.table, begin + 19), kText + 7) << "for the unwind rule";
  EXPECT_EQ(made.table.stubs()[begin + 23], 0xe9);
  EXPECT_EQ(begin + 28 + word_at(made.table, begin + 24), kText + 7) << "back behind the window";
  ASSERT_EQ(made.table.header().fixup_count, 2U);
  EXPECT_EQ(made.table.fixup(0), begin + 19);
  EXPECT_EQ(made.table.fixup(1), begin + 24);
}

TEST(SiteTable, ATestedStubHasAGate) {
  // mov %rdi,%rax; syscall; ret
  const Written made = written({0x48, 0x89, 0xf8, 0x0f, 0x05, 0xc3});
  ASSERT_EQ(made.table.header().gate_count, 1U);
  const std::uint32_t returned = kFirstStub + 3 + 5 + 6;
  EXPECT_EQ(returned + word_at(made.table, returned - 4), kTestedThunkCell);
  EXPECT_EQ(stub_bytes(made.table, returned + 7, 8),
            (Bytes{0xeb, 0x0e, 0xff, 0x25, 0x00, 0x00, 0x00, 0x00}));
  EXPECT_EQ(made.table.gate(0), returned + 15);
  EXPECT_EQ(made.table.stubs()[made.table.gate(0) + 8], 0xe9);
}

TEST(SiteTable, DisplacementsOfMovedInstructionsAreMended) {
  // mov 0x100(%rip),%eax; syscall; ret: the operand lies at 0x1106.
  const Written before = written({0x8b, 0x05, 0x00, 0x01, 0x00, 0x00, 0x0f, 0x05, 0xc3});
  EXPECT_EQ(before.table.fixup(0), kFirstStub + 2);
  EXPECT_EQ(kFirstStub + 6 + word_at(before.table, kFirstStub + 2), 0x1106U);
  // nop; syscall; movl $7,0x100(%rip); ret: with an immediate behind the displacement. The operand
  // lies at 0x110d.
  const Written after =
      written({0x90, 0x0f, 0x05, 0xc7, 0x05, 0x00, 0x01, 0x00, 0x00, 7, 0, 0, 0, 0xc3});
  const Site& site = after.table.site(0);
  EXPECT_EQ(site.window, kText + 1);
  EXPECT_EQ(site.bytes, 12);
  const std::uint32_t moved = site.stub + 5 + 6 + 7 + 8 + 8;
  EXPECT_EQ(after.table.stubs()[moved], 0xc7);
  EXPECT_EQ(moved + 10 + word_at(after.table, moved + 2), 0x110dU);
}

TEST(SiteTable, ATableWithoutSitesIsATable) {
  const Written made = written({0xc3});
  EXPECT_EQ(made.table.header().site_count, 0U);
  EXPECT_EQ(made.table.header().text_begin, made.table.header().text_end);
}

TEST(SiteTable, RefusesAnyChangedByte) {
  const Written made = written(kConstant);
  for (std::size_t i = 0; i < made.file.size(); ++i) {
    Bytes damaged = made.file;
    damaged[i] ^= 0x10;
    EXPECT_FALSE(TableView().open(damaged.data(), damaged.size())) << "byte " << i;
  }
}

TEST(SiteTable, RefusesAnyOtherSize) {
  const Written made = written(kConstant);
  Bytes longer = made.file;
  longer.resize(longer.size() + 8);
  EXPECT_FALSE(TableView().open(longer.data(), longer.size()));
  for (std::size_t size = 0; size < made.file.size(); ++size) {
    EXPECT_FALSE(TableView().open(made.file.data(), size)) << size;
  }
}

// A table with a right checksum whose content is wrong, as another program might write it.
template <class Change>
bool opens_after(const Change& change) {
  Written made = written({0x48, 0x89, 0xf8, 0x0f, 0x05, 0xc3});
  auto& header = *reinterpret_cast<Header*>(made.file.data());
  auto& site = *reinterpret_cast<Site*>(made.file.data() + sizeof(Header));
  auto& fixup = *reinterpret_cast<Fixup*>(made.file.data() + sizeof(Header) + sizeof(Site));
  change(header, site, fixup);
  header.checksum = checksum(made.file.data(), made.file.size());
  return TableView().open(made.file.data(), made.file.size());
}

TEST(SiteTable, RefusesOffsetsOutside) {
  EXPECT_TRUE(opens_after([](Header&, Site&, Fixup&) {}));
  EXPECT_FALSE(opens_after([](Header& h, Site&, Fixup&) { h.version += 1; }));
  EXPECT_FALSE(opens_after([](Header& h, Site&, Fixup&) { h.site_count = 0xffffffff; }));
  EXPECT_FALSE(opens_after([](Header& h, Site&, Fixup&) { h.stub_bytes -= 8; }));
  EXPECT_FALSE(opens_after([](Header& h, Site&, Fixup&) { h.id_bytes = 21; }));
  EXPECT_FALSE(opens_after([](Header& h, Site&, Fixup&) { h.text_end = h.library_end + 1; }));
  EXPECT_FALSE(opens_after([](Header&, Site& s, Fixup&) { s.window = 0xfff; }));
  EXPECT_FALSE(opens_after([](Header&, Site& s, Fixup&) { s.window = 0x1ffc; }));
  EXPECT_FALSE(opens_after([](Header&, Site& s, Fixup&) { s.bytes = 4; }));
  EXPECT_FALSE(opens_after([](Header&, Site& s, Fixup&) { s.bytes = 25; }));
  EXPECT_FALSE(opens_after([](Header&, Site& s, Fixup&) { s.instruction = 4; }));
  EXPECT_FALSE(opens_after([](Header&, Site& s, Fixup&) { s.stub = 8; }));
  EXPECT_FALSE(opens_after([](Header&, Site& s, Fixup&) { s.stub = 0x10000; }));
  EXPECT_FALSE(opens_after([](Header&, Site&, Fixup& f) { f = 4; }));
  EXPECT_FALSE(opens_after([](Header& h, Site&, Fixup& f) { f = h.stub_bytes - 3; }));
}

}  // namespace
}  // namespace dime::sites
