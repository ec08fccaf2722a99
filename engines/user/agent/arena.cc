// SPDX-License-Identifier: GPL-2.0
// Blocks come in powers of two from a bump pointer; a released block goes to its size's list. The
// core allocates few sizes (leaves, nodes, chunks), so nothing is split or merged.
#include "engines/user/agent/arena.h"

#include <linux/mman.h>

#include "engines/user/agent/syscalls.h"

namespace dime::agent {
namespace {

unsigned class_of(std::uint64_t bytes) {
  return bytes <= 16 ? 0 : 60u - static_cast<unsigned>(__builtin_clzll(bytes - 1));
}

constexpr std::uint64_t size_of(unsigned size_class) {
  return std::uint64_t{16} << size_class;
}

}  // namespace

long Arena::create(std::uint64_t heap_bytes, std::uint64_t shadow_bytes, bool for_children) {
  const std::uint64_t bytes = heap_bytes + shadow_bytes;
  const long at = system_call(__NR_mmap, 0L, bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1L, 0L);
  if (failed(at)) {
    return at;
  }
  const auto begin = static_cast<std::uint64_t>(at);
  system_call(__NR_madvise, begin, bytes, MADV_NOHUGEPAGE);
  // A core dump is the program's; the kernel would write as many bytes as are reserved.
  system_call(__NR_madvise, begin, bytes, MADV_DONTDUMP);
  // With the thread path a child has no use for the parent's records, and sharing the shadow would
  // make its pages unmovable.
  if (!for_children) {
    system_call(__NR_madvise, begin, bytes, MADV_DONTFORK);
  }
  all_ = {begin, begin + bytes};
  shadow_ = {begin + heap_bytes, begin + bytes};
  next_ = begin;
  heap_end_ = shadow_.begin;
  for (FreeBlock*& list : free_) {
    list = nullptr;
  }
  return 0;
}

void Arena::destroy() {
  if (!all_.empty()) {
    system_call(__NR_munmap, all_.begin, all_.bytes());
  }
  all_ = {};
  shadow_ = {};
}

void Arena::drop_from(std::uint64_t address) const {
  system_call(__NR_madvise, address, all_.end - address, MADV_DONTNEED);
}

void* Arena::allocate(std::uint64_t bytes) {
  const unsigned size_class = class_of(bytes);
  if (size_class >= kClasses) {
    return nullptr;
  }
  if (FreeBlock* const block = free_[size_class]; block != nullptr) {
    free_[size_class] = block->next;
    __builtin_memset(block, 0, bytes);
    return block;
  }
  const std::uint64_t align = bytes >= kPageBytes ? kPageBytes : 16;
  const std::uint64_t at = (next_ + align - 1) & ~(align - 1);
  if (at + size_of(size_class) > heap_end_) {
    return nullptr;
  }
  next_ = at + size_of(size_class);
  return reinterpret_cast<void*>(at);
}

void Arena::release(void* block, std::uint64_t bytes) {
  auto* const freed = static_cast<FreeBlock*>(block);
  const unsigned size_class = class_of(bytes);
  freed->next = free_[size_class];
  free_[size_class] = freed;
}

}  // namespace dime::agent
