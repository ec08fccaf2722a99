// SPDX-License-Identifier: GPL-2.0
// Taking windows back while threads run: the first two bytes of a window, which lie in one cache
// line, are exchanged by one store for a jump to itself, where threads wait; then the rest is
// written; then the first two bytes. Between the steps membarrier lets every running thread forget
// instructions that it has fetched.
#include "engines/user/agent/patch/windows.h"

#include <linux/membarrier.h>
#include <linux/mman.h>

#include "engines/user/agent/patch/library.h"
#include "engines/user/agent/syscalls.h"

namespace dime::agent::patch {
namespace {

using sites::Site;
using sites::Verdict;

constexpr std::uint32_t kJumpBytes = 5;
constexpr std::uint8_t kJump = 0xe9;
constexpr std::uint8_t kInt3 = 0xcc;
constexpr std::uint16_t kJumpToItself = 0xfeeb;  // eb fe
constexpr std::uint64_t kCacheLine = 64;

bool is_to_patch(const Site& site) {
  return site.verdict == Verdict::kPatch || site.verdict == Verdict::kPatchTested;
}

std::uint8_t* window_of(const Library& library, const Site& site) {
  return reinterpret_cast<std::uint8_t*>(library.base + site.window);
}

/// What lies in the window of a patched site.
void encode(const Library& library, const Site& site, std::uint8_t* bytes) {
  const auto distance = static_cast<std::uint32_t>(library.stubs.begin + site.stub -
                                                   (library.base + site.window + kJumpBytes));
  bytes[0] = kJump;
  for (std::uint32_t i = 1; i < site.bytes; ++i) {
    bytes[i] = i < kJumpBytes ? static_cast<std::uint8_t>(distance >> (8 * (i - 1))) : kInt3;
  }
}

bool holds(const Library& library, const Site& site, const std::uint8_t* bytes) {
  const std::uint8_t* const window = window_of(library, site);
  for (std::uint32_t i = 0; i < site.bytes; ++i) {
    if (window[i] != bytes[i]) {
      return false;
    }
  }
  return true;
}

bool is_patched(const Library& library, const Site& site) {
  std::uint8_t bytes[sites::kMostWindowBytes];
  encode(library, site, bytes);
  return is_to_patch(site) && holds(library, site, bytes);
}

long protect(AddressRange range, int rights) {
  return range.empty()
             ? 0
             : system_call(__NR_mprotect, range.begin, range.bytes(), static_cast<long>(rights));
}

void store_start(std::uint8_t* window, std::uint16_t bytes) {
  __atomic_store_n(reinterpret_cast<std::uint16_t*>(window), bytes, __ATOMIC_SEQ_CST);
}

std::uint16_t original_start(const Site& site) {
  return static_cast<std::uint16_t>(site.original[0] | site.original[1] << 8);
}

void restore_end(std::uint8_t* window, const Site& site) {
  for (std::uint32_t i = 2; i < site.bytes; ++i) {
    __atomic_store_n(window + i, site.original[i], __ATOMIC_RELAXED);
  }
}

/// True for a window whose first two bytes are the jump to itself.
bool is_waiting(const Library& library, const Site& site) {
  const std::uint8_t* const window = window_of(library, site);
  return is_to_patch(site) && window[0] == (kJumpToItself & 0xff) &&
         window[1] == kJumpToItself >> 8;
}

/// Puts the windows back that other threads may run into. Those that stay as they are: their
/// number.
std::uint32_t restore_under_threads(const Library& library) {
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < library.site_count; ++i) {
    const Site& site = library.sites[i];
    if (!is_patched(library, site)) {
      continue;
    }
    std::uint8_t* const window = window_of(library, site);
    if (reinterpret_cast<std::uint64_t>(window) % kCacheLine == kCacheLine - 1) {
      ++kept;
    } else {
      store_start(window, kJumpToItself);
    }
  }
  synchronise_threads();
  for (std::uint32_t i = 0; i < library.site_count; ++i) {
    if (is_waiting(library, library.sites[i])) {
      restore_end(window_of(library, library.sites[i]), library.sites[i]);
    }
  }
  synchronise_threads();
  for (std::uint32_t i = 0; i < library.site_count; ++i) {
    if (is_waiting(library, library.sites[i])) {
      store_start(window_of(library, library.sites[i]), original_start(library.sites[i]));
    }
  }
  return kept;
}

void restore_alone(const Library& library) {
  for (std::uint32_t i = 0; i < library.site_count; ++i) {
    const Site& site = library.sites[i];
    if (is_patched(library, site)) {
      restore_end(window_of(library, site), site);
      store_start(window_of(library, site), original_start(site));
    }
  }
}

}  // namespace

bool synchronise_threads() {
  return !failed(system_call(__NR_membarrier,
                             static_cast<long>(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE), 0L));
}

/// Patches the windows that have their original bytes, and counts all.
long write_windows(Library& library) {
  if (const long opened = protect(library.text, PROT_READ | PROT_WRITE | PROT_EXEC);
      failed(opened)) {
    return opened;
  }
  library.patched = library.left = library.refused = library.changed = 0;
  for (std::uint32_t i = 0; i < library.site_count; ++i) {
    const Site& site = library.sites[i];
    if (!is_to_patch(site)) {
      (site.verdict == Verdict::kLeave ? library.left : library.refused) += 1;
    } else if (is_patched(library, site)) {
      library.patched += 1;
    } else if (holds(library, site, site.original)) {
      encode(library, site, window_of(library, site));
      library.patched += 1;
    } else {
      library.changed += 1;
    }
  }
  protect(library.text, PROT_READ | PROT_EXEC);
  return 0;
}

std::uint32_t restore_windows(Library& library, bool only_thread) {
  // A library that the program has unloaded takes its windows along.
  if (library.text.empty() || !is_mapped_code(library.text)) {
    return 0;
  }
  if (failed(protect(library.text, PROT_READ | PROT_WRITE | PROT_EXEC))) {
    return library.patched;
  }
  std::uint32_t kept = 0;
  if (only_thread) {
    restore_alone(library);
  } else {
    kept = restore_under_threads(library);
  }
  protect(library.text, PROT_READ | PROT_EXEC);
  library.patched = kept;
  return kept;
}

}  // namespace dime::agent::patch
