// SPDX-License-Identifier: GPL-2.0
// Small files made by hand: a segment of code at 0x1000, and what a test adds to it.
#include "engines/user/sites/elf_code.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace dime::sites {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t kText = 0x1000;
constexpr std::uint64_t kTextOffset = 0x200;
constexpr std::uint64_t kTextBytes = 16;

template <class T>
void put(Bytes& file, std::uint64_t at, const T& value) {
  file.resize(std::max<std::size_t>(file.size(), at + sizeof(T)));
  std::memcpy(file.data() + at, &value, sizeof(T));
}

Elf64_Ehdr header() {
  Elf64_Ehdr made{};
  std::memcpy(made.e_ident, ELFMAG, SELFMAG);
  made.e_ident[EI_CLASS] = ELFCLASS64;
  made.e_type = ET_DYN;
  made.e_machine = EM_X86_64;
  made.e_phoff = sizeof(Elf64_Ehdr);
  made.e_phentsize = sizeof(Elf64_Phdr);
  made.e_phnum = 1;
  return made;
}

// The code in one segment, and one section if it has bytes.
Bytes file_with(const Elf64_Shdr& section) {
  Elf64_Ehdr start = header();
  start.e_shoff = 0x100;
  start.e_shentsize = sizeof(Elf64_Shdr);
  start.e_shnum = section.sh_size == 0 ? 0 : 1;
  Elf64_Phdr segment{};
  segment.p_type = PT_LOAD;
  segment.p_flags = PF_R | PF_X;
  segment.p_offset = kTextOffset;
  segment.p_vaddr = kText;
  segment.p_filesz = segment.p_memsz = kTextBytes;
  Bytes file(kTextOffset + kTextBytes, 0x90);
  put(file, 0, start);
  put(file, start.e_phoff, segment);
  put(file, start.e_shoff, section);
  return file;
}

Elf64_Shdr code_section(std::uint64_t address, std::uint64_t bytes) {
  Elf64_Shdr section{};
  section.sh_type = SHT_PROGBITS;
  section.sh_flags = SHF_ALLOC | SHF_EXECINSTR;
  section.sh_addr = address;
  section.sh_offset = kTextOffset;
  section.sh_size = bytes;
  return section;
}

void expect_text(const Elf64_Shdr& section, std::uint64_t address, std::uint64_t bytes) {
  const Bytes file = file_with(section);
  const auto code = read_elf_code(file, "file");
  ASSERT_TRUE(code) << code.error().message;
  ASSERT_EQ(code->text.size(), 1U);
  EXPECT_EQ(code->text[0].address, address);
  EXPECT_EQ(code->text[0].bytes.size(), bytes);
}

TEST(ElfCode, TakesSegmentsWhereThereAreNoSections) {
  expect_text({}, kText, kTextBytes);
}

TEST(ElfCode, TakesSectionsOfASegment) {
  expect_text(code_section(kText + 4, 8), kText + 4, 8);
  expect_text(code_section(kText + kTextBytes - 1, 1), kText + kTextBytes - 1, 1);
}

TEST(ElfCode, LeavesOutSectionsOutsideOfSegments) {
  expect_text(code_section(kText + 4, kTextBytes), kText, kTextBytes);
  expect_text(code_section(kText - 1, 4), kText, kTextBytes);
  expect_text(code_section(kText + kTextBytes, 4), kText, kTextBytes);
}

TEST(ElfCode, LeavesOutASectionWhoseEndWrapsAround) {
  expect_text(code_section(~std::uint64_t{0} - 7, 12), kText, kTextBytes);
}

Bytes note(const char (&owner)[4], std::uint32_t type, const Bytes& id) {
  Bytes made;
  put(made, 0, Elf64_Nhdr{sizeof(owner), static_cast<std::uint32_t>(id.size()), type});
  made.insert(made.end(), owner, owner + sizeof(owner));
  made.insert(made.end(), id.begin(), id.end());
  made.resize((made.size() + 3) & ~std::size_t{3});
  return made;
}

TEST(ElfCode, ReadsTheBuildIdBehindOtherNotes) {
  const Bytes id = {1, 2, 3, 4, 5};
  Bytes notes = note("GNU", NT_GNU_ABI_TAG, {9, 9, 9, 9});
  const Bytes other = note("DIM", NT_GNU_BUILD_ID, {8, 8});
  const Bytes wanted = note("GNU", NT_GNU_BUILD_ID, id);
  notes.insert(notes.end(), other.begin(), other.end());
  notes.insert(notes.end(), wanted.begin(), wanted.end());
  EXPECT_EQ(build_id_in(notes), id);
}

TEST(ElfCode, ANoteThatIsCutHasNoBuildId) {
  const Bytes whole = note("GNU", NT_GNU_BUILD_ID, {1, 2, 3, 4});
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes));
    EXPECT_TRUE(build_id_in(cut).empty()) << bytes << " bytes";
  }
}

}  // namespace
}  // namespace dime::sites
