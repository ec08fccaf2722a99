// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/patch/library.h"

#include <elf.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "engines/user/agent/mappings.h"
#include "engines/user/agent/syscalls.h"

namespace dime::agent::patch {
namespace {

/// This process's memory, read by way of the kernel, so that no address is too wild.
class Memory {
 public:
  Memory() : fd_(system_call(__NR_openat, AT_FDCWD, "/proc/self/mem", O_RDONLY | O_CLOEXEC)) {}
  ~Memory() {
    if (!failed(fd_)) {
      system_call(__NR_close, fd_);
    }
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  /// Copies what of [from, from + bytes) can be read: its size.
  std::uint64_t read(std::uint64_t from, void* to, std::uint64_t bytes) const {
    const long read = failed(fd_) ? fd_ : system_call(__NR_pread64, fd_, to, bytes, from);
    return failed(read) ? 0 : static_cast<std::uint64_t>(read);
  }

 private:
  long fd_;
};

bool equal(const std::uint8_t* a, const std::uint8_t* b, std::uint64_t bytes) {
  for (std::uint64_t i = 0; i < bytes; ++i) {
    if (a[i] != b[i]) {
      return false;
    }
  }
  return true;
}

bool notes_have_id(const Memory& memory, std::uint64_t address, std::uint64_t bytes,
                   const sites::Header& header) {
  alignas(8) std::uint8_t notes[512] = {};
  const std::uint64_t end =
      memory.read(address, notes, bytes < sizeof(notes) ? bytes : sizeof(notes));
  constexpr std::uint64_t kUp = 3;
  for (std::uint64_t at = 0; at + sizeof(Elf64_Nhdr) <= end;) {
    const auto& note = *reinterpret_cast<const Elf64_Nhdr*>(notes + at);
    const std::uint64_t name = at + sizeof note;
    const std::uint64_t content = name + ((std::uint64_t{note.n_namesz} + kUp) & ~kUp);
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && content <= end &&
        note.n_descsz == header.id_bytes && end - content >= header.id_bytes &&
        equal(notes + content, header.id, header.id_bytes)) {
      return true;
    }
    at = content + ((std::uint64_t{note.n_descsz} + kUp) & ~kUp);
  }
  return false;
}

/// Looks at what is mapped at `start_of_file`; `base` is then the load base.
bool has_id(const Memory& memory, const sites::Header& header, std::uint64_t start_of_file,
            std::uint64_t& base) {
  alignas(8) std::uint8_t start[1024] = {};
  const std::uint64_t end = memory.read(start_of_file, start, sizeof(start));
  const auto& elf = *reinterpret_cast<const Elf64_Ehdr*>(start);
  constexpr std::uint8_t kMagic[] = {0x7f, 'E', 'L', 'F'};
  if (end < sizeof elf || !equal(elf.e_ident, kMagic, sizeof kMagic) ||
      elf.e_phentsize != sizeof(Elf64_Phdr) || elf.e_phoff % alignof(Elf64_Phdr) != 0) {
    return false;
  }
  base = elf.e_type == ET_DYN ? start_of_file : 0;
  for (std::uint64_t i = 0; i < elf.e_phnum; ++i) {
    const std::uint64_t at = elf.e_phoff + i * sizeof(Elf64_Phdr);
    if (at > end || end - at < sizeof(Elf64_Phdr)) {
      return false;
    }
    const auto& segment = *reinterpret_cast<const Elf64_Phdr*>(start + at);
    if (segment.p_type == PT_NOTE &&
        notes_have_id(memory, base + segment.p_vaddr, segment.p_memsz, header)) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool is_library_of(const sites::Header& header, std::uint64_t base) {
  std::uint64_t found = 0;
  return header.id_bytes == 0 || (has_id(Memory(), header, base, found) && found == base);
}

bool find_library(const sites::Header& header, std::uint64_t& base) {
  if (header.id_bytes == 0) {
    return false;
  }
  const Memory memory;
  MappingReader reader;
  Mapping mapping{};
  while (reader.next(mapping)) {
    if (mapping.file && mapping.readable && !mapping.shared && mapping.name[0] == '/' &&
        has_id(memory, header, mapping.range.begin, base)) {
      return true;
    }
  }
  return false;
}

bool is_mapped_code(AddressRange range) {
  MappingReader reader;
  Mapping mapping{};
  while (!range.empty() && reader.next(mapping)) {
    if (mapping.range.contains(range.begin)) {
      if (!mapping.file || !mapping.executable) {
        return false;
      }
      range.begin = mapping.range.end;
    }
  }
  return range.empty();
}

// Room is looked for right below mappings: what lies above one may be wanted by it, as the heap
// wants it, and what lies below the stack by the stack.
std::uint64_t map_near(AddressRange library, std::uint64_t bytes) {
  constexpr std::uint64_t kReach = (std::uint64_t{1} << 31) - (std::uint64_t{1} << 20);
  constexpr std::uint64_t kMargin = 16 * kPageBytes;
  constexpr std::uint64_t kLowest = std::uint64_t{1} << 20;
  std::uint64_t best = 0;
  std::uint64_t best_distance = kReach;
  MappingReader reader;
  Mapping mapping{};
  for (std::uint64_t end = kLowest; reader.next(mapping); end = mapping.range.end) {
    const std::uint64_t begin = mapping.range.begin;
    if (begin < end + bytes + 2 * kMargin || mapping.name[0] == '[') {
      continue;
    }
    const std::uint64_t at = begin - kMargin - bytes;
    const std::uint64_t distance =
        at < library.begin ? library.end - at : at + bytes - library.begin;
    if (distance < best_distance) {
      best = at;
      best_distance = distance;
    }
  }
  if (best == 0) {
    return 0;
  }
  const long at =
      system_call(__NR_mmap, best, bytes, static_cast<long>(PROT_READ | PROT_WRITE),
                  static_cast<long>(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE), -1L, 0L);
  return failed(at) ? 0 : best;
}

}  // namespace dime::agent::patch
