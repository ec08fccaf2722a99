// SPDX-License-Identifier: GPL-2.0
#include "engines/user/sites/site_cache.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/own_file.h"
#include "base/unique_fd.h"
#include "engines/user/sites/stub_writer.h"

namespace dime::sites {
namespace {

using Buffer = std::vector<std::uint8_t>;

// A part of the file; shorter where the file ends.
Result<Buffer> read_part(int fd, std::uint64_t offset, std::uint64_t bytes,
                         const std::string& path) {
  Buffer buffer(bytes);
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t got = ::pread(fd, buffer.data() + filled, buffer.size() - filled,
                                static_cast<off_t>(offset + filled));
    if (got < 0) {
      return fail(errno, "reading {}", path);
    }
    if (got == 0) {
      break;
    }
    filled += static_cast<std::size_t>(got);
  }
  buffer.resize(filled);
  return buffer;
}

// The build-id by a few small reads, without the rest of the file.
Result<Buffer> read_build_id(int fd, const std::string& path) {
  constexpr std::uint64_t kMostNotes = 4096;
  DIME_TRY(const Buffer start, read_part(fd, 0, sizeof(Elf64_Ehdr), path));
  Elf64_Ehdr header{};
  if (start.size() < sizeof header || std::memcmp(start.data(), ELFMAG, SELFMAG) != 0) {
    return fail(0, "{} is not an ELF file", path);
  }
  std::memcpy(&header, start.data(), sizeof header);
  Elf64_Phdr segment{};
  DIME_TRY(const Buffer table,
           read_part(fd, header.e_phoff, std::uint64_t{header.e_phnum} * sizeof segment, path));
  for (std::size_t at = 0; at + sizeof segment <= table.size(); at += sizeof segment) {
    std::memcpy(&segment, table.data() + at, sizeof segment);
    if (segment.p_type == PT_NOTE) {
      DIME_TRY(const Buffer notes,
               read_part(fd, segment.p_offset, std::min(segment.p_filesz, kMostNotes), path));
      if (Buffer id = build_id_in(notes); !id.empty()) {
        return id;
      }
    }
  }
  return Buffer{};
}

LibraryId id_of(Buffer build_id, const struct stat& about) {
  if (!build_id.empty()) {
    return {std::move(build_id), true};
  }
  constexpr std::int64_t kNanos = 1'000'000'000;
  const std::uint64_t words[] = {
      about.st_ino,
      static_cast<std::uint64_t>(about.st_mtim.tv_sec * kNanos + about.st_mtim.tv_nsec),
      static_cast<std::uint64_t>(about.st_size) ^ about.st_dev << 24};
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(words);
  return {Buffer(bytes, bytes + kMostIdBytes), false};
}

std::string file_name(const LibraryId& id) {
  std::string name = fmt::format("dime-{}-sites-", ::geteuid());
  for (const std::uint8_t byte : id.bytes) {
    name += fmt::format("{:02x}", byte);
  }
  return name + (id.is_build_id ? "" : "-file");
}

bool is_table_of(const std::string& path, const LibraryId& id) {
  constexpr FileSizes kSizes{1, 64 << 20};
  const auto fd = open_own_file(path, O_RDONLY, kSizes);
  struct stat about {};
  if (!fd || ::fstat(fd->get(), &about) != 0) {
    return false;
  }
  const auto content = read_part(fd->get(), 0, static_cast<std::uint64_t>(about.st_size), path);
  TableView table;
  if (!content || !table.open(content->data(), content->size())) {
    return false;
  }
  return table.header().id_bytes == (id.is_build_id ? id.bytes.size() : 0) &&
         std::equal(id.bytes.begin(), id.bytes.end(), table.header().id);
}

}  // namespace

Result<std::string> site_table_for(const std::string& elf_path, const std::string& cache_dir) {
  const UniqueFd fd(::open(elf_path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about {};
  if (!fd.valid() || ::fstat(fd.get(), &about) != 0) {
    return fail(errno, "opening {}", elf_path);
  }
  DIME_TRY(Buffer build_id, read_build_id(fd.get(), elf_path));
  const LibraryId id = id_of(std::move(build_id), about);
  std::string path = cache_dir + "/" + file_name(id);
  if (is_table_of(path, id)) {
    return path;
  }
  DIME_TRY(const Buffer file,
           read_part(fd.get(), 0, static_cast<std::uint64_t>(about.st_size), elf_path));
  DIME_TRY(const ElfCode code, read_elf_code(file, elf_path));
  const Instructions instructions(code);
  const Buffer table = write_table(code, instructions, find_sites(instructions), id);
  DIME_TRY_VOID(write_own_file(path, {reinterpret_cast<const char*>(table.data()), table.size()}));
  return path;
}

}  // namespace dime::sites
