// SPDX-License-Identifier: GPL-2.0
// Formats: the System V ABI's ELF chapters, its AMD64 supplement, and for DT_GNU_HASH the layout
// that binutils writes: four words (buckets, first hashed symbol, Bloom words, Bloom shift), the
// Bloom filter, the buckets, and one hash per symbol whose lowest bit ends a bucket's run.
#include "engines/user/inject/elf_image.h"

#include <elf.h>
#include <sys/mman.h>

#include <algorithm>

#include "dime/abi.h"

namespace dime {
namespace {

constexpr std::uint64_t kPage = DIME_PAGE_BYTES;
// No agent or C library comes near; keeps a damaged size from asking for all memory.
constexpr std::uint64_t kMostBytes = std::uint64_t{256} << 20;

std::uint64_t page_up(std::uint64_t value) {
  return (value + kPage - 1) & ~(kPage - 1);
}

template <class T>
bool read_at(std::span<const std::byte> bytes, std::uint64_t at, T& value) {
  if (at > bytes.size() || bytes.size() - at < sizeof(T)) {
    return false;
  }
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return true;
}

Result<std::vector<Elf64_Phdr>> program_headers(std::span<const std::byte> bytes,
                                                const std::string& name) {
  Elf64_Ehdr header{};
  if (!read_at(bytes, 0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return fail(0, "{} is not an ELF file", name);
  }
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64 ||
      header.e_type != ET_DYN || header.e_phentsize != sizeof(Elf64_Phdr)) {
    return fail(0, "{} is not a 64-bit x86 shared object", name);
  }
  std::vector<Elf64_Phdr> headers(header.e_phnum);
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (!read_at(bytes, header.e_phoff + i * sizeof(Elf64_Phdr), headers[i])) {
      return fail(0, "{} is damaged: program header {}", name, i);
    }
  }
  return headers;
}

int protection_of(const Elf64_Phdr& header) {
  return ((header.p_flags & PF_R) != 0 ? PROT_READ : 0) |
         ((header.p_flags & PF_W) != 0 ? PROT_WRITE : 0) |
         ((header.p_flags & PF_X) != 0 ? PROT_EXEC : 0);
}

std::uint32_t gnu_hash(std::string_view name) {
  std::uint32_t hash = 5381;
  for (const char letter : name) {
    hash = hash * 33 + static_cast<unsigned char>(letter);
  }
  return hash;
}

}  // namespace

template <class T>
bool ElfImage::read(std::uint64_t at, T& value) const {
  return read_at(std::span(image_), at, value);
}

tl::unexpected<Error> ElfImage::damaged(std::string_view part) const {
  return fail(0, "{} is damaged: {}", name_, part);
}

Result<std::vector<ElfSegment>> ElfImage::segments_of(std::span<const std::byte> headers,
                                                      const std::string& name) {
  DIME_TRY(const auto table, program_headers(headers, name));
  std::vector<ElfSegment> segments;
  for (const Elf64_Phdr& header : table) {
    if (header.p_type != PT_LOAD) {
      continue;
    }
    const std::uint64_t begin = header.p_vaddr & ~(kPage - 1);
    if (header.p_vaddr >= kMostBytes || header.p_memsz > kMostBytes - header.p_vaddr ||
        header.p_filesz > header.p_memsz ||
        (!segments.empty() && begin < segments.back().begin + segments.back().bytes)) {
      return fail(0, "{} is damaged: a segment's addresses", name);
    }
    segments.push_back(
        {begin, page_up(header.p_vaddr + header.p_memsz) - begin, protection_of(header)});
  }
  if (segments.empty() || segments.front().begin != 0) {
    return fail(0, "{} is damaged: no segment at its start", name);
  }
  return segments;
}

Result<ElfImage> ElfImage::from_file(std::span<const std::byte> file, std::string name) {
  DIME_TRY(const auto headers, program_headers(file, name));
  DIME_TRY(const auto segments, segments_of(file, name));
  ElfImage image(std::vector<std::byte>(segments.back().begin + segments.back().bytes),
                 std::move(name));
  for (const Elf64_Phdr& header : headers) {
    if (header.p_type == PT_TLS) {
      return fail(0, "{} has thread-local storage: it cannot be injected", image.name_);
    }
    if (header.p_type != PT_LOAD) {
      continue;
    }
    if (header.p_offset > file.size() || header.p_filesz > file.size() - header.p_offset) {
      return image.damaged("a segment ends behind the file");
    }
    std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(header.p_offset), header.p_filesz,
                image.image_.begin() + static_cast<std::ptrdiff_t>(header.p_vaddr));
  }
  DIME_TRY_VOID(image.read_headers());
  DIME_TRY_VOID(image.read_dynamic(0, image.dynamic_.begin, image.dynamic_.bytes));
  if (!image.self_contained_) {
    return fail(0, "{} needs other libraries or text relocations: it cannot be injected",
                image.name_);
  }
  return image;
}

Result<ElfImage> ElfImage::from_memory(std::vector<std::byte> memory, RemoteAddress base,
                                       std::string name) {
  ElfImage image(std::move(memory), std::move(name));
  DIME_TRY_VOID(image.read_headers());
  DIME_TRY_VOID(image.read_dynamic(base.value, image.dynamic_.begin, image.dynamic_.bytes));
  return image;
}

Result<void> ElfImage::read_headers() {
  DIME_TRY(segments_, segments_of(image_, name_));
  DIME_TRY(const auto headers, program_headers(image_, name_));
  for (const Elf64_Phdr& header : headers) {
    if (header.p_type == PT_DYNAMIC) {
      dynamic_ = {header.p_vaddr, header.p_memsz};
    }
  }
  return {};
}

Result<void> ElfImage::read_dynamic(std::uint64_t base, std::uint64_t at, std::uint64_t bytes) {
  // glibc's loader has added the base to the addresses of this table in memory; a file's count from
  // 0.
  const auto local = [base](std::uint64_t value) { return value >= base ? value - base : value; };
  const std::uint64_t end = at + bytes;
  for (Elf64_Dyn entry{}; at < end && read(at, entry) && entry.d_tag != DT_NULL;
       at += sizeof entry) {
    const std::uint64_t value = entry.d_un.d_val;
    switch (entry.d_tag) {
      case DT_SYMTAB:
        symbols_ = local(value);
        break;
      case DT_STRTAB:
        strings_ = local(value);
        break;
      case DT_GNU_HASH:
        gnu_hash_ = local(value);
        break;
      case DT_VERSYM:
        versions_ = local(value);
        break;
      case DT_RELA:
        relocations_.begin = local(value);
        break;
      case DT_RELASZ:
        relocations_.bytes = value;
        break;
      case DT_JMPREL:
        jump_slots_.begin = local(value);
        break;
      case DT_PLTRELSZ:
        jump_slots_.bytes = value;
        break;
      case DT_NEEDED:
      case DT_TEXTREL:
      case DT_REL:
      case DT_RELR:
        self_contained_ = false;
        break;
      default:
        break;
    }
  }
  if (symbols_ == 0 || strings_ == 0 || gnu_hash_ == 0) {
    return damaged("no symbol table with a GNU hash");
  }
  return {};
}

std::optional<std::string_view> ElfImage::text(std::uint64_t at) const {
  if (at >= image_.size()) {
    return std::nullopt;
  }
  const auto begin = image_.begin() + static_cast<std::ptrdiff_t>(at);
  const auto end = std::find(begin, image_.end(), std::byte{0});
  if (end == image_.end()) {
    return std::nullopt;
  }
  return std::string_view(reinterpret_cast<const char*>(&*begin),
                          static_cast<std::size_t>(end - begin));
}

std::optional<ElfSymbol> ElfImage::symbol(std::uint32_t index) const {
  Elf64_Sym raw{};
  if (!read(symbols_ + std::uint64_t{index} * sizeof raw, raw)) {
    return std::nullopt;
  }
  const auto name = text(strings_ + raw.st_name);
  if (!name) {
    return std::nullopt;
  }
  return ElfSymbol{*name, raw.st_value, raw.st_shndx != SHN_UNDEF,
                   ELF64_ST_BIND(raw.st_info) == STB_WEAK,
                   ELF64_ST_TYPE(raw.st_info) == STT_GNU_IFUNC};
}

bool ElfImage::hidden_version(std::uint32_t index) const {
  constexpr std::uint16_t kHidden =
      0x8000;  // an older version, kept for programs that were linked with it
  std::uint16_t version = 0;
  return versions_ != 0 && read(versions_ + std::uint64_t{index} * sizeof version, version) &&
         (version & kHidden) != 0;
}

std::optional<ElfSymbol> ElfImage::find(std::string_view name) const {
  struct {
    std::uint32_t buckets, first_symbol, bloom_words, bloom_shift;
  } header{};
  if (!read(gnu_hash_, header) || header.buckets == 0) {
    return std::nullopt;
  }
  const std::uint64_t buckets =
      gnu_hash_ + sizeof header + std::uint64_t{header.bloom_words} * sizeof(std::uint64_t);
  const std::uint64_t chain = buckets + std::uint64_t{header.buckets} * sizeof(std::uint32_t);
  const std::uint32_t wanted = gnu_hash(name);
  std::uint32_t index = 0;
  if (!read(buckets + std::uint64_t{wanted % header.buckets} * sizeof index, index) ||
      index < header.first_symbol) {
    return std::nullopt;
  }
  for (std::uint32_t hash = 0;; ++index) {
    if (!read(chain + std::uint64_t{index - header.first_symbol} * sizeof hash, hash)) {
      return std::nullopt;
    }
    if ((hash | 1) == (wanted | 1)) {
      const auto candidate = symbol(index);
      if (candidate && candidate->name == name && candidate->defined && !hidden_version(index)) {
        return candidate;
      }
    }
    if ((hash & 1) != 0) {
      return std::nullopt;
    }
  }
}

Result<void> ElfImage::relocate(RemoteAddress base, const Resolver& resolve) {
  DIME_TRY_VOID(relocate_table(relocations_, base, resolve));
  return relocate_table(jump_slots_, base, resolve);
}

Result<void> ElfImage::relocate_table(const Table& table, RemoteAddress base,
                                      const Resolver& resolve) {
  Elf64_Rela entry{};
  for (std::uint64_t done = 0; done < table.bytes; done += sizeof entry) {
    if (!read(table.begin + done, entry) ||
        entry.r_offset > image_.size() - sizeof(std::uint64_t)) {
      return damaged("a relocation");
    }
    const auto type = static_cast<std::uint32_t>(ELF64_R_TYPE(entry.r_info));
    const auto addend = static_cast<std::uint64_t>(entry.r_addend);
    std::uint64_t value = 0;
    if (type == R_X86_64_RELATIVE) {
      value = base.value + addend;
    } else if (type == R_X86_64_64 || type == R_X86_64_GLOB_DAT || type == R_X86_64_JUMP_SLOT) {
      const auto target = symbol(static_cast<std::uint32_t>(ELF64_R_SYM(entry.r_info)));
      if (!target) {
        return damaged("a relocation's symbol");
      }
      if (target->indirect) {
        return fail(0, "{}: its symbol {} is an indirect function", name_, target->name);
      }
      if (target->defined) {
        value = base.value + target->value;
      } else {
        DIME_TRY(value, resolve(*target));
      }
      value += type == R_X86_64_64 ? addend : 0;
    } else {
      return fail(0, "{} has a relocation of unknown type {}", name_, type);
    }
    std::memcpy(image_.data() + entry.r_offset, &value, sizeof value);
  }
  return {};
}

}  // namespace dime
