// SPDX-License-Identifier: GPL-2.0
// Calls that change mappings: made while no page is moved, together with the books.
#include <linux/mman.h>

#include "engines/user/agent/inline/calls.h"

namespace dime::agent::calls {
namespace {

constexpr long kStack = 0x20000;
constexpr long kGrowsDown = 0x100;
constexpr long kRemapShmAt = 040000;

AddressRange range_of(long address, long bytes) {
  const auto begin = static_cast<std::uint64_t>(address);
  return {begin,
          begin + ((static_cast<std::uint64_t>(bytes) + kPageBytes - 1) & ~(kPageBytes - 1))};
}

long map(InlinePath& path, const Arguments& arguments) {
  const long rights = arguments[2];
  const long flags = arguments[3];
  const InlinePath::Exclusive alone(path);
  const long at = raw(__NR_mmap, arguments);
  if (failed(at)) {
    return at;
  }
  const AddressRange range = range_of(at, arguments[1]);
  if ((flags & MAP_FIXED) != 0) {
    path.dropped(range, /*unmapped=*/true);
  }
  const bool private_memory =
      (flags & (MAP_TYPE | MAP_ANONYMOUS | MAP_HUGETLB)) == (MAP_PRIVATE | MAP_ANONYMOUS);
  if (private_memory && (flags & (kStack | kGrowsDown)) == 0) {
    path.mapped(range, (rights & PROT_WRITE) != 0, DIME_KIND_ANON);
  } else if (private_memory) {
    path.leave_alone(range);
  }
  return at;
}

long unmap(InlinePath& path, const Arguments& arguments) {
  const InlinePath::Exclusive alone(path);
  const long result = raw(__NR_munmap, arguments);
  if (!failed(result)) {
    path.dropped(range_of(arguments[0], arguments[1]), /*unmapped=*/true);
  }
  return result;
}

/// mremap without what lets it move the mapping: in place it keeps its registration.
long remap_in_place(const Arguments& arguments) {
  constexpr long kMoves = MREMAP_MAYMOVE | MREMAP_FIXED;
  if ((arguments[3] & ~static_cast<long>(MREMAP_MAYMOVE)) != 0) {
    return -ENOMEM;  // it is to move
  }
  Arguments staying;
  __builtin_memcpy(staying, arguments, sizeof(staying));
  staying[3] &= ~kMoves;
  return raw(__NR_mremap, staying);
}

// A mapping that moves loses its registration, and where the kernel merges it with its new
// neighbours, they lose theirs too. So it is taken out before, which also keeps it from being
// merged. A program cannot use the memory that it moves, so nobody meets the holes meanwhile.
long remap(InlinePath& path, const Arguments& arguments) {
  const AddressRange old = range_of(arguments[0], arguments[1]);
  const InlinePath::Exclusive alone(path);
  const bool ours = path.managed().contains(old.begin);
  const bool excluded = path.excluded().contains(old.begin);
  long at = remap_in_place(arguments);
  if (!failed(at)) {
    const AddressRange now = range_of(at, arguments[2]);
    if (now.end < old.end) {
      path.dropped({now.end, old.end}, /*unmapped=*/true);
    } else if (ours && now.end > old.end) {
      path.remapped(now);
    }
    return at;
  }
  if (at != -ENOMEM || (arguments[3] & MREMAP_MAYMOVE) == 0) {
    return at;
  }
  if (ours) {
    path.unwatch(old);
  }
  at = raw(__NR_mremap, arguments);
  if (failed(at)) {
    if (ours) {
      path.remapped(old);
    }
    return at;
  }
  const AddressRange fresh = range_of(at, arguments[2]);
  const std::uint64_t kept = old.bytes() < fresh.bytes() ? old.bytes() : fresh.bytes();
  path.moved(old.begin, fresh.begin, kept);
  path.dropped(old, /*unmapped=*/true);
  if (ours) {
    path.remapped(fresh);
    constexpr long kDontUnmap = 4;
    if ((arguments[3] & kDontUnmap) != 0) {
      path.remapped(old);
    }
  } else if (excluded) {
    path.leave_alone(fresh);
  }
  return at;
}

long move_break(InlinePath& path, const Arguments& arguments) {
  const InlinePath::Exclusive alone(path);
  constexpr std::uint64_t kMask = kPageBytes - 1;
  const auto before = (static_cast<std::uint64_t>(system_call(__NR_brk, 0L)) + kMask) & ~kMask;
  const long result = raw(__NR_brk, arguments);
  const std::uint64_t after = (static_cast<std::uint64_t>(result) + kMask) & ~kMask;
  if (after > before) {
    path.mapped({before, after}, /*writable=*/true, DIME_KIND_HEAP);
  } else if (after < before) {
    path.dropped({after, before}, /*unmapped=*/true);
  }
  return result;
}

long advise(InlinePath& path, Thread& thread, const Arguments& arguments) {
  constexpr long kFree = 8;
  constexpr long kDontNeedLocked = 24;
  constexpr long kPopulateRead = 22;
  constexpr long kPopulateWrite = 23;
  const AddressRange range = range_of(arguments[0], arguments[1]);
  switch (arguments[2]) {
    case MADV_DONTNEED:
    case kFree:
    case kDontNeedLocked: {
      const InlinePath::Exclusive alone(path);
      const long result = raw(__NR_madvise, arguments);
      // What failed in the middle was done up to there; pages that are still there are only
      // counted anew when they are touched.
      if (!failed(result)) {
        path.dropped(range, /*unmapped=*/false);
      }
      return result;
    }
    case kPopulateRead:
    case kPopulateWrite: {
      const PinnedBuffers pinned(path, thread, range);
      return raw(__NR_madvise, arguments);
    }
    default:
      return raw(__NR_madvise, arguments);
  }
}

long lock_pages(InlinePath& path, Thread& thread, long number, const Arguments& arguments) {
  const PinnedBuffers pinned(path, thread, range_of(arguments[0], arguments[1]));
  return raw(number, arguments);
}

long attach_segment(InlinePath& path, const Arguments& arguments) {
  const InlinePath::Exclusive alone(path);
  const long at = raw(__NR_shmat, arguments);
  if (!failed(at) && (arguments[2] & kRemapShmAt) != 0) {
    // It replaced what was there; how much is not known without asking.
    path.dropped({static_cast<std::uint64_t>(at), static_cast<std::uint64_t>(at) + kPageBytes},
                 /*unmapped=*/true);
  }
  return at;
}

}  // namespace

long map_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments) {
  const bool stack = number == __NR_mmap && (arguments[3] & kStack) != 0;
  if (!path.manages() && !stack) {
    return raw(number, arguments);
  }
  switch (number) {
    case __NR_mmap:
      return map(path, arguments);
    case __NR_munmap:
      return unmap(path, arguments);
    case __NR_mremap:
      return remap(path, arguments);
    case __NR_brk:
      return move_break(path, arguments);
    case __NR_madvise:
      return advise(path, thread, arguments);
    case __NR_mlock:
    case __NR_mlock2:
      return lock_pages(path, thread, number, arguments);
    case __NR_shmat:
      return attach_segment(path, arguments);
    default:
      break;
  }
  return call_with_buffers_pinned(path, thread, number, arguments);
}

}  // namespace dime::agent::calls
