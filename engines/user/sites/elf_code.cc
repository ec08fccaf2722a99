// SPDX-License-Identifier: GPL-2.0
// Formats: the System V ABI's ELF chapters and its AMD64 supplement. Every offset that the file
// states is checked against its size.
#include "engines/user/sites/elf_code.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "engines/user/sites/site_table.h"

namespace dime::sites {
namespace {

using Bytes = std::span<const std::uint8_t>;

template <class T>
bool read_at(Bytes bytes, std::uint64_t at, T& value) {
  if (at > bytes.size() || bytes.size() - at < sizeof(T)) {
    return false;
  }
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return true;
}

/// The part [begin, begin + size) of the file, cut at its end.
Bytes part_of(Bytes file, std::uint64_t begin, std::uint64_t size) {
  if (begin > file.size()) {
    return {};
  }
  return file.subspan(begin, std::min<std::uint64_t>(size, file.size() - begin));
}

/// Sorts by address. False: two overlap.
bool sort_apart(std::vector<Region>& regions) {
  std::sort(regions.begin(), regions.end(),
            [](const Region& a, const Region& b) { return a.address < b.address; });
  return std::adjacent_find(regions.begin(), regions.end(), [](const Region& a, const Region& b) {
           return b.address < a.end();
         }) == regions.end();
}

class Reader {
 public:
  Reader(Bytes file, std::string name) : file_(file), name_(std::move(name)) {}

  Result<ElfCode> read() {
    if (!read_at(file_, 0, header_) || std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0) {
      return fail(0, "{} is not an ELF file", name_);
    }
    if (header_.e_ident[EI_CLASS] != ELFCLASS64 || header_.e_machine != EM_X86_64 ||
        (header_.e_type != ET_DYN && header_.e_type != ET_EXEC) ||
        header_.e_phentsize != sizeof(Elf64_Phdr)) {
      return fail(0, "{} is not a 64-bit x86 program or shared object", name_);
    }
    code_.position_independent = header_.e_type == ET_DYN;
    DIME_TRY_VOID(read_segments());
    read_sections();
    if (!sort_apart(code_.text) || !sort_apart(code_.data)) {
      return fail(0, "{} is damaged: its parts overlap", name_);
    }
    note_entry(header_.e_entry);
    if (!code_.position_independent) {
      note_words();
    }
    return std::move(code_);
  }

 private:
  Result<void> read_segments() {
    for (std::uint16_t i = 0; i < header_.e_phnum; ++i) {
      Elf64_Phdr segment{};
      if (!read_at(file_, header_.e_phoff + std::uint64_t{i} * sizeof segment, segment) ||
          segment.p_vaddr > kMostAddress || segment.p_memsz > kMostAddress - segment.p_vaddr ||
          (segment.p_type == PT_LOAD && segment.p_filesz > segment.p_memsz)) {
        return fail(0, "{} is damaged: program header {}", name_, i);
      }
      const Bytes bytes = part_of(file_, segment.p_offset, segment.p_filesz);
      if (segment.p_type == PT_LOAD) {
        auto& regions = (segment.p_flags & PF_X) != 0 ? code_.text : code_.data;
        regions.push_back({segment.p_vaddr, bytes});
        code_.end = std::max(code_.end, segment.p_vaddr + segment.p_memsz);
      } else if (segment.p_type == PT_NOTE && code_.build_id.empty()) {
        code_.build_id = build_id_in(bytes);
      }
    }
    return {};
  }

  // Sections narrow the text down to code and name the functions. A file without them is decoded by
  // segments.
  void read_sections() {
    std::vector<Region> text;
    for (std::uint16_t i = 0; i < header_.e_shnum; ++i) {
      Elf64_Shdr section{};
      if (header_.e_shentsize != sizeof section ||
          !read_at(file_, header_.e_shoff + std::uint64_t{i} * sizeof section, section)) {
        return;
      }
      const Bytes bytes = part_of(file_, section.sh_offset, section.sh_size);
      const bool loaded = std::any_of(code_.text.begin(), code_.text.end(), [&](const Region& r) {
        return r.contains(section.sh_addr) && bytes.size() <= r.end() - section.sh_addr;
      });
      if (section.sh_type == SHT_PROGBITS && (section.sh_flags & SHF_EXECINSTR) != 0 && loaded) {
        text.push_back({section.sh_addr, bytes});
      } else if (section.sh_type == SHT_DYNSYM || section.sh_type == SHT_SYMTAB) {
        note_functions(bytes);
      } else if (section.sh_type == SHT_RELA) {
        note_relocations(bytes);
      }
    }
    if (!text.empty()) {
      code_.text = std::move(text);
    }
  }

  void note_functions(Bytes table) {
    Elf64_Sym symbol{};
    for (std::uint64_t at = 0; read_at(table, at, symbol); at += sizeof symbol) {
      const unsigned type = ELF64_ST_TYPE(symbol.st_info);
      if (symbol.st_shndx != SHN_UNDEF && (type == STT_FUNC || type == STT_GNU_IFUNC)) {
        note_entry(symbol.st_value);
      }
    }
  }

  void note_relocations(Bytes table) {
    Elf64_Rela entry{};
    for (std::uint64_t at = 0; read_at(table, at, entry); at += sizeof entry) {
      const auto type = ELF64_R_TYPE(entry.r_info);
      if (type == R_X86_64_RELATIVE || type == R_X86_64_IRELATIVE) {
        note_entry(static_cast<std::uint64_t>(entry.r_addend));
      }
    }
  }

  void note_words() {
    for (const Region& region : code_.data) {
      std::uint64_t word = 0;
      for (std::uint64_t at = (8 - region.address % 8) % 8; read_at(region.bytes, at, word);
           at += sizeof word) {
        note_entry(word);
      }
    }
  }

  void note_entry(std::uint64_t address) {
    for (const Region& region : code_.text) {
      if (region.contains(address)) {
        code_.entries.push_back(address);
        return;
      }
    }
  }

  // Offsets in a site table have 32 bits, and stubs have to reach all of the library.
  static constexpr std::uint64_t kMostAddress = std::uint64_t{1} << 31;

  Bytes file_;
  std::string name_;
  Elf64_Ehdr header_{};
  ElfCode code_;
};

}  // namespace

std::vector<std::uint8_t> build_id_in(std::span<const std::uint8_t> notes) {
  const auto up = [](std::uint64_t value) { return (value + 3) & ~std::uint64_t{3}; };
  Elf64_Nhdr note{};
  for (std::uint64_t at = 0; read_at(notes, at, note);) {
    const std::uint64_t name = at + sizeof note;
    const std::uint64_t content = name + up(note.n_namesz);
    const Bytes id = part_of(notes, content, note.n_descsz);
    char owner[sizeof ELF_NOTE_GNU] = {};
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof owner &&
        read_at(notes, name, owner) && std::memcmp(owner, ELF_NOTE_GNU, sizeof owner) == 0 &&
        id.size() == note.n_descsz) {
      return {id.begin(), id.begin() + std::min<std::ptrdiff_t>(std::ssize(id), kMostIdBytes)};
    }
    at = content + up(note.n_descsz);
  }
  return {};
}

Result<ElfCode> read_elf_code(std::span<const std::uint8_t> file, const std::string& name) {
  return Reader(file, name).read();
}

}  // namespace dime::sites
