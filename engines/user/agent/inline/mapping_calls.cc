// SPDX-License-Identifier: GPL-2.0
// Calls that change mappings: made while no page is moved, together with their records.
#include <linux/mman.h>

#include "engines/user/agent/advice.h"
#include "engines/user/agent/inline/calls.h"
#include "engines/user/agent/locked_memory.h"
#include "engines/user/agent/mappings.h"
#include "engines/user/agent/process.h"

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
  // What was there before is gone, and was perhaps not seen to go: memory that a child did not
  // inherit, or that a call made elsewhere has unmapped.
  path.dropped(range, /*unmapped=*/true);
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
  if ((arguments[3] & MREMAP_MAYMOVE) != 0 && (arguments[3] & ~long{MREMAP_MAYMOVE}) != 0) {
    return -ENOMEM;  // it is to move
  }
  Arguments staying;
  __builtin_memcpy(staying, arguments, sizeof(staying));
  staying[3] &= ~long{MREMAP_MAYMOVE};
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

/// The kernel has taken an advice about `range`. Under Exclusive.
void advised(InlinePath& path, AddressRange range, Advice effect) {
  switch (effect) {
    case Advice::kDrops:
      path.dropped(range, /*unmapped=*/false);
      break;
    case Advice::kGuards:
      path.guarded(range);
      break;
    case Advice::kUnguards:
      path.unguarded(range);
      break;
    case Advice::kWipes:
      path.unmanage(range);
      break;
    case Advice::kPopulates:
    case Advice::kNothing:
      break;
  }
}

long advise(InlinePath& path, Thread& thread, const Arguments& arguments) {
  const AddressRange range = range_of(arguments[0], arguments[1]);
  const Advice effect = effect_of(arguments[2]);
  if (effect == Advice::kNothing || range.empty()) {
    return raw(__NR_madvise, arguments);
  }
  if (effect == Advice::kPopulates) {
    const PinnedBuffers pinned(path, thread, range);
    return raw(__NR_madvise, arguments);
  }
  const InlinePath::Exclusive alone(path);
  const long result = raw(__NR_madvise, arguments);
  // ENOMEM: done to all that is mapped, but there are holes.
  if (!failed(result) || result == -ENOMEM) {
    advised(path, range, effect);
  }
  return result;
}

/// process_madvise(): of another process it takes only advices that mean nothing here.
long advise_ranges(InlinePath& path, Thread& thread, const Arguments& arguments) {
  constexpr std::uint64_t kMostRanges = 1024;
  const auto vector = static_cast<std::uint64_t>(arguments[1]);
  const auto count = static_cast<std::uint64_t>(arguments[2]);
  const Advice effect = effect_of(arguments[3]);
  PinnedBuffers pinned(path, thread, __NR_process_madvise, arguments);
  if (effect == Advice::kNothing || count > kMostRanges) {
    return raw(__NR_process_madvise, arguments);
  }
  struct Range {
    long address;
    long bytes;
  };
  const auto for_each = [&](auto&& visit) {
    Range range{};
    for (std::uint64_t i = 0; i < count; ++i) {
      if (read_program(path, thread, vector + i * sizeof(range), &range, sizeof(range))) {
        visit(range_of(range.address, range.bytes));
      }
    }
  };
  if (effect == Advice::kPopulates) {
    for_each([&](AddressRange range) { pinned.hold(range); });
    return raw(__NR_process_madvise, arguments);
  }
  // The vector is held, so that reading it does not fault.
  const InlinePath::Exclusive alone(path);
  const long done = raw(__NR_process_madvise, arguments);
  std::uint64_t left = failed(done) ? 0 : static_cast<std::uint64_t>(done);
  for_each([&](AddressRange range) {
    const std::uint64_t bytes = range.bytes() < left ? range.bytes() : left;
    left -= bytes;
    if (bytes != 0) {
      advised(path, {range.begin, range.begin + bytes}, effect);
    }
  });
  return done;
}

// The kernel touches all pages that may be accessed.
long lock_pages(InlinePath& path, Thread& thread, long number, const Arguments& arguments) {
  constexpr unsigned kParts = 32;
  const auto begin = static_cast<std::uint64_t>(arguments[0]);
  const AddressRange range =
      AddressRange{begin, begin + static_cast<std::uint64_t>(arguments[1])}.whole_pages();
  AddressRange rest = range;
  PinnedBuffers pinned(path, thread);
  while (!rest.empty()) {
    AddressRange parts[kParts];
    const unsigned count = locked_memory::accessible(rest, parts, kParts);
    for (unsigned i = 0; i < count; ++i) {
      pinned.hold(parts[i]);
    }
  }
  return range.empty() ? raw(number, arguments)
                       : locked_memory::lock(range, number == __NR_mlock2 ? arguments[2] : 0);
}

// Locked memory stays local, so all that is remote comes home. The kernel locks the mappings
// without touching what is not there: it would wait for the agent's own memory.
long lock_all(InlinePath& path, const Arguments& arguments) {
  constexpr long kCurrent = 1;
  constexpr long kFuture = 2;
  constexpr long kOnFault = 4;
  const long flags = arguments[0];
  if ((flags & kCurrent) == 0 || (flags & ~(kCurrent | kFuture | kOnFault)) != 0) {
    return raw(__NR_mlockall, arguments);
  }
  const InlinePath::Exclusive alone(path);
  const long locked = system_call(__NR_mlockall, flags | kOnFault);
  if (failed(locked)) {
    return locked;
  }
  const AddressRange own = process::own_memory();
  system_call(__NR_munlock, own.begin, own.bytes());
  if ((flags & (kFuture | kOnFault)) == kFuture) {
    system_call(__NR_mlockall, kFuture);
  }
  path.fetch_all();
  return 0;
}

long attach_segment(InlinePath& path, const Arguments& arguments) {
  const InlinePath::Exclusive alone(path);
  const long at = raw(__NR_shmat, arguments);
  if (!failed(at) && (arguments[2] & kRemapShmAt) != 0) {
    // It replaced what was there, as much as the segment is long.
    path.dropped(segment_at(arguments[0], static_cast<std::uint64_t>(at)), /*unmapped=*/true);
  }
  return at;
}

}  // namespace

long map_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments) {
  // What concerns memory that must not be managed later either is followed in any case.
  const bool stack = number == __NR_mmap && (arguments[3] & kStack) != 0;
  const bool advice = number == __NR_madvise || number == __NR_process_madvise;
  const bool locks = number == __NR_mlock || number == __NR_mlock2 || number == __NR_mlockall;
  if (!path.manages() && !stack && !advice && !locks) {
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
    case __NR_process_madvise:
      return advise_ranges(path, thread, arguments);
    case __NR_mlock:
    case __NR_mlock2:
      return lock_pages(path, thread, number, arguments);
    case __NR_mlockall:
      return lock_all(path, arguments);
    case __NR_shmat:
      return attach_segment(path, arguments);
    default:
      break;
  }
  return call_with_buffers_pinned(path, thread, number, arguments);
}

}  // namespace dime::agent::calls
