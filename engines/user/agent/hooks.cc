// SPDX-License-Identifier: GPL-2.0
// A redirected entry begins with `jmp rel32` to a stub within 2 GiB, which jumps on to the
// replacement by an absolute address. Function entries are aligned to 16 bytes, so the first 8
// bytes are exchanged with one store: a thread sees the old code or the new.
#include "engines/user/agent/hooks.h"

#include <linux/fcntl.h>
#include <linux/mman.h>

#include "core/atomic.h"
#include "dime/call.h"
#include "engines/user/agent/exec.h"
#include "engines/user/agent/locked_memory.h"
#include "engines/user/agent/mappings.h"
#include "engines/user/agent/process.h"
#include "engines/user/agent/syscalls.h"

// Symbols of the target's C library, null where it has none. Their types do not matter: only
// addresses are used.
extern "C" {
__attribute__((weak)) int* __errno_location();  // NOLINT
__attribute__((weak)) extern void* __curbrk;    // NOLINT
__attribute__((weak)) extern char mmap[];
__attribute__((weak)) extern char brk[];
__attribute__((weak)) extern char execve[];
__attribute__((weak)) extern char execveat[];
__attribute__((weak)) extern char mlockall[];
__attribute__((weak)) extern char mlock[];
__attribute__((weak)) extern char mlock2[];
__attribute__((weak)) extern char madvise[];
__attribute__((weak)) extern char shmat[];
__attribute__((weak)) extern char process_madvise[];
__attribute__((weak)) extern char prctl[];
__attribute__((weak)) extern char _exit[];  // NOLINT: the C library's name
}

namespace dime::agent::hooks {
namespace {

long with_errno(long result) {
  if (!failed(result)) {
    return result;
  }
  *__errno_location() = static_cast<int>(-result);
  return -1;
}

void* replaced_mmap(void* address, std::size_t bytes, int rights, int flags, int fd, long offset) {
  if ((offset & static_cast<long>(kPageBytes - 1)) != 0) {
    return reinterpret_cast<void*>(with_errno(-EINVAL));
  }
  const long at = system_call(__NR_mmap, address, bytes, static_cast<long>(rights),
                              static_cast<long>(flags), static_cast<long>(fd), offset);
  constexpr int kOurs = MAP_PRIVATE | MAP_ANONYMOUS;
  if (!failed(at) && (flags & (MAP_TYPE | MAP_ANONYMOUS | MAP_HUGETLB)) == kOurs) {
    const auto begin = static_cast<std::uint64_t>(at);
    process::on_mapped({begin, begin + ((bytes + kPageBytes - 1) & ~(kPageBytes - 1))},
                       (rights & PROT_WRITE) != 0, (flags & MAP_STACK) != 0);
  }
  return reinterpret_cast<void*>(with_errno(at));
}

int replaced_brk(void* wanted) {
  constexpr std::uint64_t kMask = kPageBytes - 1;
  const auto old = reinterpret_cast<std::uint64_t>(__curbrk);
  const auto end = static_cast<std::uint64_t>(system_call(__NR_brk, wanted));
  __curbrk = reinterpret_cast<void*>(end);
  if (end < reinterpret_cast<std::uint64_t>(wanted)) {
    return static_cast<int>(with_errno(-ENOMEM));
  }
  const AddressRange grown{(old + kMask) & ~kMask, (end + kMask) & ~kMask};
  if (old != 0 && !grown.empty()) {
    process::on_heap_grown(grown);
  }
  return 0;
}

int replaced_execve(const char* path, char* const* arguments, char* const* environment) {
  return static_cast<int>(with_errno(exec::run(exec::Call::execve(path, arguments, environment))));
}

int replaced_execveat(int directory, const char* path, char* const* arguments,
                      char* const* environment, int flags) {
  return static_cast<int>(
      with_errno(exec::run(exec::Call::execveat(directory, path, arguments, environment, flags))));
}

struct IoVector {
  void* begin;
  std::size_t bytes;
};

AddressRange pages_of(const void* address, std::size_t bytes) {
  const auto begin = reinterpret_cast<std::uint64_t>(address);
  return AddressRange{begin, begin + bytes}.whole_pages();
}

/// The kernel would fill the holes of the agent's own memory for a locked process, and of a
/// registered range nobody watches. So what is there now is locked mapping by mapping, without the
/// agent's.
int replaced_mlockall(int flags) {
  constexpr int kCurrent = 1;
  constexpr int kOnFault = 4;
  if ((flags & kCurrent) != 0) {
    const AddressRange own = process::own_memory();
    MappingReader reader;
    Mapping mapping{};
    while (reader.next(mapping)) {
      if (!mapping.range.intersects(own)) {
        system_call(__NR_mlock2, mapping.range.begin, mapping.range.bytes(),
                    (flags & kOnFault) != 0 ? 1L : 0L);
      }
    }
    flags &= ~kCurrent;
    if ((flags & ~kOnFault) == 0) {
      return 0;
    }
  }
  return static_cast<int>(with_errno(system_call(__NR_mlockall, flags)));
}

int replaced_mlock(const void* address, std::size_t bytes) {
  return static_cast<int>(with_errno(locked_memory::lock(pages_of(address, bytes), 0)));
}

int replaced_mlock2(const void* address, std::size_t bytes, int flags) {
  return static_cast<int>(with_errno(locked_memory::lock(pages_of(address, bytes), flags)));
}

int replaced_madvise(void* address, std::size_t bytes, int advice) {
  const long result = system_call(__NR_madvise, address, bytes, advice);
  const Advice effect = effect_of(advice);
  // ENOMEM: done to all that is mapped, but there are holes.
  if ((effect == Advice::kGuards || effect == Advice::kWipes) &&
      (!failed(result) || result == -ENOMEM)) {
    process::on_advised(pages_of(address, bytes), effect);
  }
  return static_cast<int>(with_errno(result));
}

long replaced_process_madvise(int process, const IoVector* ranges, std::size_t count, int advice,
                              unsigned flags) {
  const long done = system_call(__NR_process_madvise, process, ranges, count, advice, flags);
  const Advice effect = effect_of(advice);
  // The kernel takes these two of a process about itself only.
  if (!failed(done) && (effect == Advice::kGuards || effect == Advice::kWipes)) {
    auto left = static_cast<std::uint64_t>(done);
    for (std::size_t i = 0; i < count && left != 0; ++i) {
      const std::uint64_t bytes = ranges[i].bytes < left ? ranges[i].bytes : left;
      left -= bytes;
      process::on_advised(pages_of(ranges[i].begin, bytes), effect);
    }
  }
  return with_errno(done);
}

// The kernel tells nobody of what such a segment replaces.
void* replaced_shmat(int segment, const void* address, int flags) {
  constexpr int kReplaces = 040000;  // SHM_REMAP
  const long at = system_call(__NR_shmat, segment, address, flags);
  if (!failed(at) && (flags & kReplaces) != 0) {
    process::on_dropped(segment_at(segment, static_cast<std::uint64_t>(at)));
  }
  return reinterpret_cast<void*>(with_errno(at));
}

int replaced_prctl(int option, std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d) {
  constexpr int kSetVma = 0x53564d41;  // PR_SET_VMA
  constexpr std::uint64_t kAnonName = 0;
  if (option == DIME_CALL) {
    return process::on_call(a, b, c, reinterpret_cast<const char*>(d));
  }
  const long result = system_call(__NR_prctl, static_cast<long>(option), a, b, c, d);
  // Without CONFIG_ANON_VMA_NAME the kernel refuses every name; rules may still ask for it.
  if (option == kSetVma && a == kAnonName && (!failed(result) || result == -EINVAL)) {
    process::on_named({b, b + c}, reinterpret_cast<const char*>(d));
  }
  return static_cast<int>(with_errno(result));
}

[[noreturn]] void replaced_exit(int status) {
  process::end(process::Ending::kAtOnce);
  for (;;) {
    system_call(__NR_exit_group, static_cast<long>(status));
  }
}

struct Entry {
  std::uint64_t address;
  std::uint64_t replacement;
  std::uint64_t original;  ///< its first 8 bytes; 0 = not redirected
};
constexpr unsigned kEntries = 12;
constexpr std::uint64_t kStubBytes = 16;
Entry entries[kEntries];
AddressRange stubs;

bool write_code(std::uint64_t address, std::uint64_t bytes) {
  const std::uint64_t page = address & ~(kPageBytes - 1);
  if (failed(system_call(__NR_mprotect, page, kPageBytes,
                         static_cast<long>(PROT_READ | PROT_WRITE | PROT_EXEC)))) {
    return false;
  }
  __atomic_store_n(reinterpret_cast<std::uint64_t*>(address), bytes, __ATOMIC_SEQ_CST);
  system_call(__NR_mprotect, page, kPageBytes, static_cast<long>(PROT_READ | PROT_EXEC));
  return true;
}

/// One page for the stubs in a gap between mappings within 1 GiB of `address`.
bool map_stubs(std::uint64_t address) {
  constexpr std::uint64_t kReach = 1u << 30;
  MappingReader reader;
  Mapping mapping{};
  std::uint64_t gap = 0;
  for (std::uint64_t end = 0; reader.next(mapping); end = mapping.range.end) {
    const bool room = end != 0 && mapping.range.begin >= end + 16 * kPageBytes;
    if (room && end + kReach > address && end < address + kReach) {
      gap = end + 8 * kPageBytes;
      break;
    }
    if (room && mapping.range.begin + kReach > address && mapping.range.begin < address + kReach) {
      gap = mapping.range.begin - 8 * kPageBytes;
      break;
    }
  }
  const long at =
      system_call(__NR_mmap, gap, kPageBytes, static_cast<long>(PROT_READ | PROT_WRITE),
                  static_cast<long>(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE), -1L, 0L);
  if (gap == 0 || failed(at)) {
    return false;
  }
  stubs = {gap, gap + kPageBytes};
  return true;
}

bool is_in_c_library(std::uint64_t address) {
  MappingReader reader;
  Mapping mapping{};
  while (reader.next(mapping)) {
    if (!mapping.range.contains(address)) {
      continue;
    }
    const char* base = mapping.name;
    for (const char* c = mapping.name; *c != '\0'; ++c) {
      base = *c == '/' ? c + 1 : base;
    }
    return mapping.executable && base[0] == 'l' && base[1] == 'i' && base[2] == 'b' &&
           base[3] == 'c' && (base[4] == '.' || base[4] == '-');
  }
  return false;
}

bool redirect(unsigned index) {
  Entry& entry = entries[index];
  if (entry.address == 0 || entry.address % 8 != 0 || !is_in_c_library(entry.address)) {
    return false;
  }
  // Stub: jmp *0(%rip); .quad replacement
  auto* const stub =
      reinterpret_cast<std::uint8_t*>(stubs.begin + std::uint64_t{index} * kStubBytes);
  constexpr std::uint8_t kJump[] = {0xff, 0x25, 0, 0, 0, 0};
  for (unsigned i = 0; i < sizeof(kJump); ++i) {
    stub[i] = kJump[i];
  }
  for (unsigned i = 0; i < 8; ++i) {
    stub[6 + i] = static_cast<std::uint8_t>(entry.replacement >> (8 * i));
  }
  const std::uint64_t original = *reinterpret_cast<const std::uint64_t*>(entry.address);
  const auto distance = static_cast<std::uint32_t>(stubs.begin + std::uint64_t{index} * kStubBytes -
                                                   (entry.address + 5));
  constexpr std::uint64_t kKeep = 0xffffff0000000000u;
  if (!write_code(entry.address, (original & kKeep) | (std::uint64_t{distance} << 8) | 0xe9)) {
    return false;
  }
  entry.original = original;
  return true;
}

template <class T>
std::uint64_t address_of(T* function) {
  return reinterpret_cast<std::uint64_t>(function);
}

}  // namespace

bool install() {
  entries[0] = {address_of(mmap), address_of(&replaced_mmap), 0};
  entries[1] = {address_of(brk), address_of(&replaced_brk), 0};
  entries[2] = {address_of(execve), address_of(&replaced_execve), 0};
  entries[3] = {address_of(execveat), address_of(&replaced_execveat), 0};
  entries[4] = {address_of(mlockall), address_of(&replaced_mlockall), 0};
  entries[5] = {address_of(prctl), address_of(&replaced_prctl), 0};
  entries[6] = {address_of(_exit), address_of(&replaced_exit), 0};
  entries[7] = {address_of(mlock), address_of(&replaced_mlock), 0};
  entries[8] = {address_of(mlock2), address_of(&replaced_mlock2), 0};
  entries[9] = {address_of(madvise), address_of(&replaced_madvise), 0};
  entries[10] = {address_of(process_madvise), address_of(&replaced_process_madvise), 0};
  entries[11] = {address_of(shmat), address_of(&replaced_shmat), 0};
  if (entries[0].address == 0 || __errno_location == nullptr || &__curbrk == nullptr ||
      !map_stubs(entries[0].address)) {
    return false;
  }
  bool any = false;
  for (unsigned i = 0; i < kEntries; ++i) {
    any = redirect(i) || any;
  }
  system_call(__NR_mprotect, stubs.begin, stubs.bytes(), static_cast<long>(PROT_READ | PROT_EXEC));
  return any;
}

void remove() {
  for (Entry& entry : entries) {
    if (entry.original != 0) {
      write_code(entry.address, entry.original);
      entry.original = 0;
    }
  }
}

}  // namespace dime::agent::hooks
