// SPDX-License-Identifier: GPL-2.0
// The caller may have a stack of a few KiB, and be a child of vfork(), in which memory that is
// mapped for the purpose would stay mapped. So an environment of a usual size is on the stack,
// and only a larger one is not.
#include "engines/user/agent/exec.h"

#include <elf.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/stat.h>

#include <initializer_list>

#include "core/units.h"
#include "engines/user/agent/environment.h"
#include "engines/user/agent/own_file.h"
#include "engines/user/agent/process.h"
#include "engines/user/agent/program_memory.h"

namespace dime::agent::exec {
namespace {

constexpr unsigned kOnStack = 256;  // pointers
constexpr unsigned kMostVariables = 1u << 20;
constexpr unsigned kSegmentsAtOnce = 4;

/// Room for `bytes`: what the caller has on its stack, or a mapping where that is too small.
class Room {
 public:
  Room(void* on_stack, std::uint64_t there, std::uint64_t bytes) : begin_(on_stack) {
    if (bytes > there) {
      const long at = system_call(__NR_mmap, 0L, bytes, static_cast<long>(PROT_READ | PROT_WRITE),
                                  static_cast<long>(MAP_PRIVATE | MAP_ANONYMOUS), -1L, 0L);
      mapped_ = bytes;
      begin_ = failed(at) ? nullptr : reinterpret_cast<void*>(at);
    }
  }
  ~Room() {
    if (mapped_ != 0 && begin_ != nullptr) {
      system_call(__NR_munmap, begin_, mapped_);
    }
  }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  [[nodiscard]] void* begin() const { return begin_; }

 private:
  void* begin_;
  std::uint64_t mapped_ = 0;
};

bool contains(const char* text, const char* word) {
  for (; *text != '\0'; ++text) {
    unsigned i = 0;
    while (word[i] != '\0' && text[i] == word[i]) {
      ++i;
    }
    if (word[i] == '\0') {
      return true;
    }
  }
  return false;
}

/// It is started by a loader that can load the agent: musl's has no C library that it needs.
bool has_loader(long fd, const Elf64_Ehdr& header) {
  Elf64_Phdr segments[kSegmentsAtOnce] = {};
  for (unsigned i = 0; i < header.e_phnum; i += kSegmentsAtOnce) {
    const unsigned rest = header.e_phnum - i;
    const unsigned count = rest < kSegmentsAtOnce ? rest : kSegmentsAtOnce;
    const long bytes = system_call(__NR_pread64, fd, &segments, count * sizeof(Elf64_Phdr),
                                   header.e_phoff + i * sizeof(Elf64_Phdr));
    if (bytes != static_cast<long>(count * sizeof(Elf64_Phdr))) {
      return true;  // the kernel will say what is wrong with it
    }
    for (unsigned k = 0; k < count; ++k) {
      if (segments[k].p_type == PT_INTERP) {
        char loader[128] = {};
        system_call(__NR_pread64, fd, &loader, sizeof(loader) - 1, segments[k].p_offset);
        return !contains(loader, "/ld-musl");
      }
    }
  }
  return false;
}

/// The file gives rights that the process does not have. A program that has them all already runs
/// as any other.
bool has_capabilities(long fd) {
  std::uint32_t rights[6];
  return system_call(__NR_fgetxattr, fd, "security.capability", &rights, sizeof(rights)) > 0 &&
         system_call(__NR_geteuid) != 0;
}

bool file_cannot_be_followed(long fd, unsigned depth);

/// Of the program that `path` names. What cannot be opened the kernel will judge.
bool path_cannot_be_followed(long directory, const char* path, unsigned depth) {
  // A FIFO would wait for somebody who writes to it.
  const long fd = system_call(__NR_openat, directory, path,
                              static_cast<long>(O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (failed(fd)) {
    return false;
  }
  const bool result = file_cannot_be_followed(fd, depth);
  system_call(__NR_close, fd);
  return result;
}

/// The same of the interpreter in a script's first line.
bool interpreter_cannot_be_followed(char* line, unsigned depth) {
  constexpr unsigned kDeepest = 5;  // the kernel's own
  char* path = line + 2;
  while (*path == ' ' || *path == '\t') {
    ++path;
  }
  char* end = path;
  while (*end != '\0' && *end != ' ' && *end != '\t' && *end != '\n') {
    ++end;
  }
  *end = '\0';
  return depth < kDeepest && path_cannot_be_followed(AT_FDCWD, path, depth + 1);
}

/// Static, 32-bit, of another C library, or run with other rights than ours: the loader would not
/// load the agent there.
bool file_cannot_be_followed(long fd, unsigned depth) {
  union {
    Elf64_Ehdr header;
    char text[256];
  } start{};
  const long bytes = system_call(__NR_pread64, fd, &start, sizeof(start) - 1, 0L);
  if (bytes > 2 && start.text[0] == '#' && start.text[1] == '!') {
    return interpreter_cannot_be_followed(start.text, depth);
  }
  const Elf64_Ehdr& header = start.header;
  if (bytes < static_cast<long>(sizeof(header)) ||
      __builtin_memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return false;
  }
  struct statx facts {};
  system_call(__NR_statx, fd, "", static_cast<long>(AT_EMPTY_PATH),
              static_cast<long>(STATX_MODE | STATX_UID | STATX_GID), &facts);
  const bool set_user = (facts.stx_mode & 04000u) != 0 &&
                        facts.stx_uid != static_cast<std::uint32_t>(system_call(__NR_geteuid));
  const bool set_group = (facts.stx_mode & 02000u) != 0 &&
                         facts.stx_gid != static_cast<std::uint32_t>(system_call(__NR_getegid));
  return header.e_ident[EI_CLASS] != ELFCLASS64 || set_user || set_group || has_capabilities(fd) ||
         !has_loader(fd, header);
}

[[gnu::noinline]] bool cannot_be_followed(const Call& call) {
  if ((call.flags & AT_EMPTY_PATH) != 0) {
    char first = '\0';
    if (call.path == nullptr || (program_memory::read(call.path, &first, 1) && first == '\0')) {
      return file_cannot_be_followed(call.directory, 0);
    }
  }
  return path_cannot_be_followed(call.directory, call.path, 0);
}

/// Behind chroot(), where the loader would complain of an agent that it cannot open, or with the
/// identity of another user, as whom the agent could not join.
[[gnu::noinline]] bool agent_is_out_of_reach() {
  const long agent = system_call(__NR_openat, AT_FDCWD, process::agent_file(),
                                 static_cast<long>(O_RDONLY | O_CLOEXEC));
  struct stat about;
  const long control =
      open_own_file(process::control_file(), O_RDWR, effective_user(), 0, ~0ull, about);
  bool result = false;
  for (const long fd : {agent, control}) {
    if (!failed(fd)) {
      system_call(__NR_close, fd);
    }
    // Anything else, as a lack of descriptors, need not be so in the started program.
    result = result || fd == -ENOENT || fd == -ENOTDIR || fd == -EACCES || fd == -EPERM;
  }
  return result;
}

long start(const Call& call, char* const* environment) {
  return call.number == __NR_execve
             ? system_call(__NR_execve, call.path, call.arguments, environment)
             : system_call(__NR_execveat, call.directory, call.path, call.arguments, environment,
                           call.flags);
}

/// The number of variables, or -EFAULT.
long count_variables(char* const* environment) {
  constexpr unsigned kAtOnce = 32;
  const char* some[kAtOnce];
  for (unsigned count = 0; count < kMostVariables; count += kAtOnce) {
    const unsigned read = program_memory::read_some(environment + count, some, sizeof(some));
    for (unsigned i = 0; i < read / sizeof(some[0]); ++i) {
      if (some[i] == nullptr) {
        return count + i;
      }
    }
    if (read < sizeof(some)) {
      return -EFAULT;
    }
  }
  return -E2BIG;
}

}  // namespace

Call Call::execve(const char* path, char* const* arguments, char* const* environment) {
  return {__NR_execve, AT_FDCWD, path, arguments, environment, 0};
}

Call Call::execveat(long directory, const char* path, char* const* arguments,
                    char* const* environment, long flags) {
  return {__NR_execveat, directory, path, arguments, environment, flags};
}

Call Call::of(long number, const long (&registers)[6]) {
  const unsigned first = number == __NR_execveat ? 1 : 0;
  const auto* const path = reinterpret_cast<const char*>(registers[first]);
  auto* const* const arguments = reinterpret_cast<char* const*>(registers[first + 1]);
  auto* const* const environment = reinterpret_cast<char* const*>(registers[first + 2]);
  return first == 0 ? execve(path, arguments, environment)
                    : execveat(static_cast<int>(registers[0]), path, arguments, environment,
                               static_cast<int>(registers[4]));
}

long run(const Call& call) {
  const long count = call.environment == nullptr ? 0 : count_variables(call.environment);
  if (failed(count)) {
    return count;
  }
  const environment::Known known =
      environment::find(call.environment, static_cast<unsigned>(count));
  if (known.bad) {
    return -EFAULT;
  }
  const bool counted = process::counts_started_programs();
  const bool followed = process::follows() && !cannot_be_followed(call) && !agent_is_out_of_reach();
  if (counted && !followed) {
    process::note_not_followed();
  }
  if (!followed && !known.any()) {
    return start(call, call.environment);
  }
  const std::uint64_t pointers =
      (static_cast<std::uint64_t>(count) + environment::kExtraVariables + 1) * sizeof(char*);
  const std::uint64_t bytes = pointers + known.text_bytes(followed);
  const std::uint64_t there = bytes <= kOnStack * sizeof(char*) ? bytes : 0;
  const Room room(__builtin_alloca(there + 1), there, bytes);
  if (room.begin() == nullptr) {
    return -ENOMEM;
  }
  auto** const fresh = static_cast<char**>(room.begin());
  environment::follow(call.environment, static_cast<unsigned>(count), known, followed, fresh,
                      static_cast<char*>(room.begin()) + pointers);
  return start(call, fresh);
}

}  // namespace dime::agent::exec
