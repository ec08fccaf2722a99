// SPDX-License-Identifier: GPL-2.0
// The copy is shared memory without a file: such mappings are never managed, and may be executed
// where /dev/shm may not. It stays mapped for as long as the program lives.
#include "engines/user/agent/own_object.h"

#include <linux/fcntl.h>
#include <linux/mman.h>

#include "engines/user/agent/own_file.h"
#include "engines/user/agent/syscalls.h"
#include "engines/user/own_image.h"

namespace dime::agent {
namespace {

/// A file that is mapped for reading.
class MappedFile {
 public:
  MappedFile(const Membership& membership, const char* kind) {
    struct stat about {};
    const long fd = membership.open_beside(kind, membership.instance_name(), O_RDONLY,
                                           sizeof(dime_own_image), DIME_OWN_IMAGE_BYTES, about);
    if (failed(fd)) {
      at_ = fd;
      return;
    }
    bytes_ = static_cast<std::uint64_t>(about.st_size);
    at_ = system_call(__NR_mmap, 0L, bytes_, PROT_READ, MAP_PRIVATE, fd, 0L);
    system_call(__NR_close, fd);
  }
  ~MappedFile() {
    if (!failed(at_)) {
      system_call(__NR_munmap, at_, bytes_);
    }
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  [[nodiscard]] long at() const { return at_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] const dime_own_image& header() const {
    return *reinterpret_cast<const dime_own_image*>(at_);
  }
  [[nodiscard]] const char* image() const { return reinterpret_cast<const char*>(&header() + 1); }
  [[nodiscard]] const std::uint64_t* relocations() const {
    return reinterpret_cast<const std::uint64_t*>(image() + header().image_bytes);
  }

 private:
  long at_ = 0;
  std::uint64_t bytes_ = 0;
};

bool is_whole(const MappedFile& file, std::uint64_t ops_bytes) {
  const dime_own_image& header = file.header();
  const std::uint64_t image = header.image_bytes;
  if (header.magic != DIME_OWN_IMAGE_MAGIC || header.version != DIME_OWN_IMAGE_VERSION ||
      image > DIME_OWN_IMAGE_BYTES || image % kPageBytes != 0 ||
      header.relocation_count > DIME_OWN_IMAGE_BYTES ||
      file.bytes() != sizeof header + image + header.relocation_count * sizeof(std::uint64_t) ||
      header.ops > image || image - header.ops < ops_bytes ||
      header.segment_count > DIME_OWN_IMAGE_SEGMENTS) {
    return false;
  }
  for (std::uint32_t i = 0; i < header.segment_count; ++i) {
    const dime_own_segment& segment = header.segments[i];
    if (segment.begin > image || segment.bytes > image - segment.begin) {
      return false;
    }
  }
  for (std::uint64_t i = 0; i < header.relocation_count; ++i) {
    if (file.relocations()[i] > image - sizeof(std::uint64_t)) {
      return false;
    }
  }
  return true;
}

}  // namespace

long load_own_object(const Membership& membership, const char* kind, std::uint64_t ops_bytes,
                     bool for_children, const void*& exported) {
  const MappedFile file(membership, kind);
  if (failed(file.at())) {
    return file.at();
  }
  const dime_own_image& header = file.header();
  if (!is_whole(file, ops_bytes) || header.created_ns != membership.control().created_ns) {
    return -EPROTO;
  }
  const long at = system_call(__NR_mmap, 0L, header.image_bytes, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1L, 0L);
  if (failed(at)) {
    return at;
  }
  const auto base = static_cast<std::uint64_t>(at);
  __builtin_memcpy(reinterpret_cast<void*>(base), file.image(), header.image_bytes);
  for (std::uint64_t i = 0; i < header.relocation_count; ++i) {
    auto* const word = reinterpret_cast<char*>(base + file.relocations()[i]);
    std::uint64_t value = 0;
    __builtin_memcpy(&value, word, sizeof value);
    value += base;
    __builtin_memcpy(word, &value, sizeof value);
  }
  long done = system_call(__NR_madvise, base, header.image_bytes, MADV_DONTDUMP);
  if (!for_children) {
    done = system_call(__NR_madvise, base, header.image_bytes, MADV_DONTFORK);
  }
  for (std::uint32_t i = 0; i < header.segment_count && !failed(done); ++i) {
    const dime_own_segment& segment = header.segments[i];
    done = system_call(__NR_mprotect, base + segment.begin, segment.bytes, segment.protection);
  }
  if (failed(done)) {
    system_call(__NR_munmap, base, header.image_bytes);
    return done;
  }
  exported = reinterpret_cast<const void*>(base + header.ops);
  return 0;
}

}  // namespace dime::agent
