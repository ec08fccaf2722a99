// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/exec.h"

#include <elf.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "engines/user/agent/environment.h"
#include "engines/user/agent/process.h"
#include "engines/user/agent/syscalls.h"

namespace dime::agent::exec {
namespace {

constexpr unsigned kPreloadText = 8192;

/// Static, 32-bit, or run with other rights than ours: the loader would not load the agent there.
/// What is not an ELF file is taken for a script, whose interpreter is looked at when the kernel
/// starts it through its path.
bool cannot_be_followed(int directory, const char* path) {
  struct {
    Elf64_Ehdr header;
    char rest[4096 - sizeof(Elf64_Ehdr)];
  } start{};
  const long fd =
      system_call(__NR_openat, static_cast<long>(directory), path, O_RDONLY | O_CLOEXEC);
  if (failed(fd)) {
    return false;
  }
  const long bytes = system_call(__NR_read, fd, &start, sizeof(start));
  struct statx facts {};
  system_call(__NR_statx, fd, "", static_cast<long>(AT_EMPTY_PATH),
              static_cast<long>(STATX_MODE | STATX_UID | STATX_GID), &facts);
  system_call(__NR_close, fd);
  const Elf64_Ehdr& header = start.header;
  if (bytes < static_cast<long>(sizeof(header)) ||
      __builtin_memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return false;
  }
  const bool set_user = (facts.stx_mode & 04000u) != 0 &&
                        facts.stx_uid != static_cast<std::uint32_t>(system_call(__NR_geteuid));
  const bool set_group = (facts.stx_mode & 02000u) != 0 &&
                         facts.stx_gid != static_cast<std::uint32_t>(system_call(__NR_getegid));
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || set_user || set_group) {
    return true;
  }
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    const std::uint64_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
    if (at + sizeof(Elf64_Phdr) > static_cast<std::uint64_t>(bytes)) {
      return false;
    }
    const auto* const segment =
        reinterpret_cast<const Elf64_Phdr*>(reinterpret_cast<const char*>(&start) + at);
    if (segment->p_type == PT_INTERP) {
      return false;
    }
  }
  return true;
}

}  // namespace

long run(int directory, const char* path, char* const* arguments, char* const* environment,
         int flags) {
  unsigned count = 0;
  while (environment != nullptr && environment[count] != nullptr) {
    ++count;
  }
  // The caller's argument vectors are on its stack or heap, so their size is bounded by what a
  // program can pass anyway.
  auto** const fresh = static_cast<char**>(
      __builtin_alloca((count + environment::kExtraVariables + 1) * sizeof(char*)));
  char text[kPreloadText];
  environment::follow(environment, count, fresh, text, sizeof(text));
  if (process::follows() && cannot_be_followed(directory, path)) {
    process::note_not_followed();
  }
  return system_call(__NR_execveat, static_cast<long>(directory), path, arguments, fresh,
                     static_cast<long>(flags));
}

}  // namespace dime::agent::exec
