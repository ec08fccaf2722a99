// SPDX-License-Identifier: GPL-2.0
// The vDSO is an ELF image that the kernel maps into each process. Its address is in the auxiliary
// vector (AT_SYSINFO_EHDR), read from /proc/self/auxv because an injected agent has no other way to
// it. The symbol is looked up in its dynamic symbol table.
#include "engines/user/agent/clock.h"

#include <elf.h>
#include <linux/fcntl.h>

#include "engines/user/agent/syscalls.h"

namespace dime::agent::clock {
namespace {

using ClockGettime = int (*)(int, Timespec*);
constexpr int kMonotonic = 1;

ClockGettime vdso_clock = nullptr;

std::uint64_t vdso_base() {
  const long fd = system_call(__NR_openat, AT_FDCWD, "/proc/self/auxv", O_RDONLY | O_CLOEXEC);
  if (failed(fd)) {
    return 0;
  }
  Elf64_auxv_t entries[64];
  const long bytes = system_call(__NR_read, fd, entries, sizeof(entries));
  system_call(__NR_close, fd);
  for (long i = 0; i < bytes / static_cast<long>(sizeof(Elf64_auxv_t)); ++i) {
    if (entries[i].a_type == AT_SYSINFO_EHDR) {
      return entries[i].a_un.a_val;
    }
  }
  return 0;
}

bool same(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) {
    ++a;
    ++b;
  }
  return *a == *b;
}

/// With other clocks (hpet, acpi_pm) the vDSO itself asks the kernel, by an instruction of its own:
/// where system calls are dispatched and SIGSYS is blocked, as in the agent's handlers, that is the
/// program's end. Where the name cannot be read, it is one of these, as nearly everywhere.
bool needs_no_kernel() {
  const long fd = system_call(__NR_openat, AT_FDCWD,
                              "/sys/devices/system/clocksource/clocksource0/current_clocksource",
                              O_RDONLY | O_CLOEXEC);
  if (failed(fd)) {
    return true;
  }
  char name[64] = {};
  const long bytes = system_call(__NR_read, fd, name, sizeof(name) - 1);
  system_call(__NR_close, fd);
  return bytes <= 0 || same(name, "tsc\n") || same(name, "kvm-clock\n") || same(name, "xen\n") ||
         same(name, "hyperv_clocksource_tsc_page\n");
}

template <class T>
const T* at(std::uint64_t address) {
  return reinterpret_cast<const T*>(address);
}

}  // namespace

void prepare() {
  const std::uint64_t base = vdso_base();
  if (base == 0 || !needs_no_kernel()) {
    return;
  }
  const auto* const header = at<Elf64_Ehdr>(base);
  const auto* const segments = at<Elf64_Phdr>(base + header->e_phoff);
  const Elf64_Dyn* dynamic = nullptr;
  std::uint64_t load = 0;
  for (unsigned i = 0; i < header->e_phnum; ++i) {
    if (segments[i].p_type == PT_LOAD) {
      load = base + segments[i].p_offset - segments[i].p_vaddr;
    } else if (segments[i].p_type == PT_DYNAMIC) {
      dynamic = at<Elf64_Dyn>(base + segments[i].p_offset);
    }
  }
  const Elf64_Sym* symbols = nullptr;
  const char* names = nullptr;
  for (; dynamic != nullptr && dynamic->d_tag != DT_NULL; ++dynamic) {
    if (dynamic->d_tag == DT_SYMTAB) {
      symbols = at<Elf64_Sym>(load + dynamic->d_un.d_ptr);
    } else if (dynamic->d_tag == DT_STRTAB) {
      names = at<char>(load + dynamic->d_un.d_ptr);
    }
  }
  if (symbols == nullptr || names == nullptr) {
    return;
  }
  // The string table follows the symbol table in every vDSO, which gives the number of symbols.
  const auto* const end = reinterpret_cast<const Elf64_Sym*>(names);
  for (const Elf64_Sym* symbol = symbols; symbol + 1 <= end; ++symbol) {
    if (same(names + symbol->st_name, "__vdso_clock_gettime")) {
      vdso_clock = reinterpret_cast<ClockGettime>(load + symbol->st_value);
      return;
    }
  }
}

Nanos now() {
  Timespec time{};
  if (vdso_clock == nullptr || vdso_clock(kMonotonic, &time) != 0) {
    system_call(__NR_clock_gettime, kMonotonic, &time);
  }
  return {static_cast<std::uint64_t>(time.seconds) * kNanosPerSecond +
          static_cast<std::uint64_t>(time.nanos)};
}

void sleep(Nanos time) {
  const Timespec pause = timespec_of(time);
  system_call(__NR_nanosleep, &pause, 0L);
}

}  // namespace dime::agent::clock
