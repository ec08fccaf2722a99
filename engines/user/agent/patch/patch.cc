// SPDX-License-Identifier: GPL-2.0
// For each library one mapping: the stubs, then a copy of the table's sites for remove(). It is
// never unmapped, because threads may be in it.
#include "engines/user/agent/patch/patch.h"

#include <linux/membarrier.h>
#include <linux/mman.h>

#include "core/atomic.h"
#include "engines/user/agent/patch/library.h"
#include "engines/user/agent/patch/table_file.h"
#include "engines/user/agent/patch/thunk.h"
#include "engines/user/agent/patch/windows.h"
#include "engines/user/agent/syscalls.h"

namespace dime::agent::patch {
namespace {

void tell_nobody(long /*number*/, Frame* /*frame*/) {}

}  // namespace
}  // namespace dime::agent::patch

extern "C" {
constinit dime::agent::patch::Hook dime_patch_hook = dime_raw_forward;
constinit dime::agent::patch::BeforeRaw dime_patch_before_raw = dime::agent::patch::tell_nobody;
}

namespace dime::agent::patch {
namespace {

using sites::Site;

constexpr std::uint32_t kMostLibraries = 64;
constinit Library libraries[kMostLibraries] = {};
std::uint32_t library_count;

void add_word(std::uint64_t at, std::uint32_t value) {
  std::uint32_t word = 0;
  __builtin_memcpy(&word, reinterpret_cast<const void*>(at), sizeof word);
  word += value;
  __builtin_memcpy(reinterpret_cast<void*>(at), &word, sizeof word);
}

void put_address(std::uint64_t at, std::uint64_t value) {
  __builtin_memcpy(reinterpret_cast<void*>(at), &value, sizeof value);
}

/// Writes the stubs and the sites into a mapping of their own near the library.
long write_stubs(const sites::TableView& table, Library& library) {
  const sites::Header& header = table.header();
  const std::uint64_t sites_at = (std::uint64_t{header.stub_bytes} + 63) & ~std::uint64_t{63};
  const std::uint64_t sites_bytes = std::uint64_t{header.site_count} * sizeof(Site);
  const std::uint64_t bytes = (sites_at + sites_bytes + kPageBytes - 1) & ~(kPageBytes - 1);
  const std::uint64_t at = map_near({library.base, library.base + header.library_end}, bytes);
  if (at == 0) {
    return -ENOSPC;
  }
  library.stubs = {at, at + bytes};
  library.sites = reinterpret_cast<const Site*>(at + sites_at);
  library.site_count = header.site_count;
  __builtin_memcpy(reinterpret_cast<void*>(at), table.stubs(), header.stub_bytes);
  if (header.site_count != 0) {
    __builtin_memcpy(reinterpret_cast<void*>(at + sites_at), &table.site(0), sites_bytes);
  }
  for (std::uint32_t i = 0; i < header.fixup_count; ++i) {
    add_word(at + table.fixup(i), static_cast<std::uint32_t>(library.base - at));
  }
  long result = 0;
  for (std::uint32_t i = 0; i < header.gate_count; ++i) {
    const std::uint64_t cell = at + table.gate(i);
    const std::uint64_t gate = raw_gate(cell + sizeof(std::uint64_t));
    put_address(cell, gate);
    result = gate == 0 ? -ENOSPC : result;
  }
  put_address(at + sites::kThunkCell, reinterpret_cast<std::uint64_t>(&dime_thunk));
  put_address(at + sites::kTestedThunkCell, reinterpret_cast<std::uint64_t>(&dime_tested_thunk));
  if (!failed(result)) {
    result = system_call(__NR_mprotect, library.stubs.begin, library.stubs.bytes(),
                         static_cast<long>(PROT_READ | PROT_EXEC));
  }
  if (failed(result)) {
    system_call(__NR_munmap, library.stubs.begin, library.stubs.bytes());
  }
  return result;
}

Library* known_library(std::uint64_t base) {
  for (std::uint32_t i = 0; i < library_count; ++i) {
    if (libraries[i].base == base) {
      return &libraries[i];
    }
  }
  return nullptr;
}

bool same_sites(const Library& library, const sites::TableView& table) {
  if (library.site_count != table.header().site_count) {
    return false;
  }
  for (std::uint32_t i = 0; i < library.site_count; ++i) {
    if (library.sites[i].window != table.site(i).window ||
        library.sites[i].stub != table.site(i).stub) {
      return false;
    }
  }
  return true;
}

std::uint32_t forks_held_off;  // futex

bool makes_a_child(long number) {
  return number == __NR_clone || number == __NR_fork;
}

long forward_all_but_forks(long number, Frame* frame) {
  while (makes_a_child(number) && atomic::load_acquire(forks_held_off) != 0) {
    system_call(__NR_futex, &forks_held_off, /*FUTEX_WAIT_PRIVATE=*/128L, 1L, 0L);
  }
  return dime_raw_forward(number, frame);
}

/// For its life calls run raw but for forks, which wait; afterwards all run raw.
class ForksHeldOff {
 public:
  ForksHeldOff() {
    atomic::store_release(forks_held_off, 1u);
    set_hook(forward_all_but_forks);
  }
  ~ForksHeldOff() {
    set_hook(nullptr);
    atomic::store_release(forks_held_off, 0u);
    constexpr long kEverybody = 0x7fffffff;
    system_call(__NR_futex, &forks_held_off, /*FUTEX_WAKE_PRIVATE=*/129L, kEverybody);
  }
  ForksHeldOff(const ForksHeldOff&) = delete;
  ForksHeldOff& operator=(const ForksHeldOff&) = delete;
};

}  // namespace

void set_hook(Hook hook) {
  __atomic_store_n(&dime_patch_hook, hook != nullptr ? hook : dime_raw_forward, __ATOMIC_RELEASE);
}

void set_before_raw(BeforeRaw before) {
  __atomic_store_n(&dime_patch_before_raw, before != nullptr ? before : tell_nobody,
                   __ATOMIC_RELEASE);
}

long apply(const char* table_path, std::uint64_t load_base) {
  // A handler might run into a window that is being written.
  const SignalsBlocked blocked;
  TableFile file;
  if (const long opened = file.open(table_path); failed(opened)) {
    return opened;
  }
  const sites::TableView& table = file.table();
  Library library{};
  library.base = load_base;
  if (load_base == 0) {
    if (!find_library(table.header(), library.base)) {
      return -ENOENT;
    }
  } else if (!is_library_of(table.header(), load_base)) {
    return -EINVAL;
  }
  library.text = {library.base + table.header().text_begin, library.base + table.header().text_end};
  if (load_base != 0 && !library.text.empty() && !is_mapped_code(library.text)) {
    return -EINVAL;
  }
  if (Library* const known = known_library(library.base)) {
    if (same_sites(*known, table)) {
      return write_windows(*known);
    }
    // Another library lies there now. The old one's stubs stay, and count in covers().
    known->base = kGone;
    known->text = {};
    known->site_count = known->patched = known->left = known->refused = known->changed = 0;
  }
  if (library_count == kMostLibraries) {
    return -ENOSPC;
  }
  if (const long written = write_stubs(table, library); failed(written)) {
    return written;
  }
  if (const long patched = write_windows(library); failed(patched)) {
    system_call(__NR_munmap, library.stubs.begin, library.stubs.bytes());
    return patched;
  }
  libraries[library_count] = library;
  __atomic_store_n(&library_count, library_count + 1, __ATOMIC_RELEASE);
  return 0;
}

bool remove(bool only_thread) {
  const ForksHeldOff held;
  const SignalsBlocked blocked;
  const long registered = system_call(
      __NR_membarrier, static_cast<long>(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE), 0L);
  if (!only_thread && (failed(registered) || !synchronise_threads())) {
    return false;
  }
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < library_count; ++i) {
    kept += restore_windows(libraries[i], only_thread);
  }
  return kept == 0;
}

Counters counters() {
  Counters sum{};
  for (std::uint32_t i = 0; i < library_count; ++i) {
    sum.libraries += libraries[i].base != kGone ? 1 : 0;
    sum.patched += libraries[i].patched;
    sum.left += libraries[i].left;
    sum.refused += libraries[i].refused;
    sum.changed += libraries[i].changed;
  }
  return sum;
}

bool covers(AddressRange range) {
  for (std::uint32_t i = 0; i < __atomic_load_n(&library_count, __ATOMIC_ACQUIRE); ++i) {
    if (libraries[i].stubs.intersects(range)) {
      return true;
    }
  }
  return false;
}

}  // namespace dime::agent::patch
