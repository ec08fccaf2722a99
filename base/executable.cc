// SPDX-License-Identifier: GPL-2.0
#include "base/executable.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/unique_fd.h"

namespace dime {
namespace {

constexpr const char* kHint = "use the kernel engine: --engine kernel";

// Whether the kernel would run the file with other rights than the caller's, which makes the
// dynamic loader ignore LD_PRELOAD.
bool changes_rights(const std::string& path, const struct stat& about) {
  const bool other_user = (about.st_mode & S_ISUID) != 0 && about.st_uid != ::geteuid();
  const bool other_group = (about.st_mode & S_ISGID) != 0 && (about.st_mode & S_IXGRP) != 0 &&
                           about.st_gid != ::getegid();
  const bool capabilities =
      ::geteuid() != 0 && ::getxattr(path.c_str(), "security.capability", nullptr, 0) > 0;
  return other_user || other_group || capabilities;
}

// The interpreter of a script: the first word behind "#!".
std::string script_interpreter(const char* line, std::size_t length) {
  const std::string text(line + 2, length - 2);
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos || text[begin] == '\n') {
    return {};
  }
  return text.substr(begin, text.find_first_of(" \t\n", begin) - begin);
}

/// Bytes of a file; fewer at its end.
std::string read_at(int file, std::uint64_t offset, std::size_t bytes) {
  std::string text(bytes, '\0');
  const ssize_t got = ::pread(file, text.data(), bytes, static_cast<off_t>(offset));
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

template <class Entry>
std::vector<Entry> entries_at(int file, std::uint64_t offset, std::size_t count) {
  const std::string bytes = read_at(file, offset, count * sizeof(Entry));
  std::vector<Entry> entries(bytes.size() / sizeof(Entry));
  std::memcpy(entries.data(), bytes.data(), entries.size() * sizeof(Entry));
  return entries;
}

/// The strings of the dynamic section: names of libraries and symbols, each with its NUL.
std::string dynamic_strings(int file) {
  constexpr std::size_t kMost = std::size_t{16} << 20;
  const auto header = entries_at<Elf64_Ehdr>(file, 0, 1);
  if (header.empty() || std::memcmp(header[0].e_ident, ELFMAG, SELFMAG) != 0) {
    return {};
  }
  const auto segments = entries_at<Elf64_Phdr>(file, header[0].e_phoff, header[0].e_phnum);
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_DYNAMIC) {
      continue;
    }
    const std::size_t count = std::min<std::uint64_t>(segment.p_filesz, kMost) / sizeof(Elf64_Dyn);
    for (const Elf64_Dyn& entry : entries_at<Elf64_Dyn>(file, segment.p_offset, count)) {
      address = entry.d_tag == DT_STRTAB ? entry.d_un.d_ptr : address;
      bytes = entry.d_tag == DT_STRSZ ? entry.d_un.d_val : bytes;
    }
  }
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
        address - segment.p_vaddr < segment.p_filesz) {
      return read_at(file, address - segment.p_vaddr + segment.p_offset, std::min(bytes, kMost));
    }
  }
  return {};
}

ProgramKind elf_kind(int file, const Elf64_Ehdr& header) {
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64) {
    return ProgramKind::kForeign;
  }
  for (const Elf64_Phdr& segment : entries_at<Elf64_Phdr>(file, header.e_phoff, header.e_phnum)) {
    if (segment.p_type == PT_INTERP) {
      const std::string loader =
          read_at(file, segment.p_offset, std::min<std::uint64_t>(segment.p_filesz, PATH_MAX));
      return loader.find("/ld-musl") == std::string::npos ? ProgramKind::kDynamic
                                                          : ProgramKind::kMusl;
    }
  }
  const bool loader = dynamic_strings(file).find("ld-linux-x86-64.so") != std::string::npos;
  return loader ? ProgramKind::kLoader : ProgramKind::kStatic;
}

}  // namespace

Sanitizers sanitizers_of(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  const std::string names = file.valid() ? dynamic_strings(file.get()) : std::string();
  const auto has = [&names](const char* name) { return names.find(name) != std::string::npos; };
  Sanitizers found;
  found.address_library = has("libasan.so");
  found.leaks = found.address_library || has("liblsan.so") || has("__lsan_do_leak_check");
  return found;
}

Result<ProgramFacts> program_facts(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about {};
  if (!file.valid() && errno == EACCES && ::access(path.c_str(), X_OK) == 0) {
    return ProgramFacts{path, ProgramKind::kUnreadable, false, {}};
  }
  if (!file.valid() || ::fstat(file.get(), &about) != 0) {
    return fail(errno, "reading program {}", path);
  }
  ProgramFacts facts{path, ProgramKind::kUnknown, changes_rights(path, about), {}};
  // As much as the kernel looks at (BINPRM_BUF_SIZE).
  char start[256] = {};
  const ssize_t length = ::pread(file.get(), start, sizeof start, 0);
  if (length >= 2 && start[0] == '#' && start[1] == '!') {
    facts.kind = ProgramKind::kScript;
    facts.interpreter = script_interpreter(start, static_cast<std::size_t>(length));
  } else if (length >= ssize_t{sizeof(Elf64_Ehdr)} && std::memcmp(start, ELFMAG, SELFMAG) == 0) {
    Elf64_Ehdr header{};
    std::memcpy(&header, start, sizeof header);
    facts.kind = elf_kind(file.get(), header);
  }
  return facts;
}

Result<ProgramFacts> resolve_program(const std::string& path) {
  // The kernel's own limit (fs/exec.c: more than four rewrites are ELOOP).
  constexpr int kMostScripts = 4;
  std::string next = path;
  for (int depth = 0; depth <= kMostScripts; ++depth) {
    DIME_TRY(ProgramFacts facts, program_facts(next));
    if (facts.kind != ProgramKind::kScript) {
      return facts;
    }
    if (facts.interpreter.empty()) {
      return fail(ENOEXEC, "script {} names no interpreter", next);
    }
    if (::access(facts.interpreter.c_str(), X_OK) != 0) {
      return fail(errno, "script {}: interpreter {}", next, facts.interpreter);
    }
    next = facts.interpreter;
  }
  return fail(ELOOP, "following the interpreters of {}", path);
}

Result<std::string> find_program(const std::string& name) {
  int why = ENOENT;
  const auto fits = [&why](const std::string& path) {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) {
      why = errno == EACCES ? EACCES : why;
      return false;
    }
    if (!S_ISREG(about.st_mode) || ::access(path.c_str(), X_OK) != 0) {
      why = S_ISDIR(about.st_mode) ? EISDIR : EACCES;
      return false;
    }
    return true;
  };
  if (name.find('/') != std::string::npos) {
    if (fits(name)) {
      return name;
    }
  } else if (!name.empty()) {
    const char* const variable = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
    const std::string path = variable == nullptr ? "/bin:/usr/bin" : variable;
    for (std::size_t begin = 0; begin <= path.size();) {
      const std::size_t end = std::min(path.find(':', begin), path.size());
      const std::string folder = end == begin ? "." : path.substr(begin, end - begin);
      if (std::string candidate = folder + '/' + name; fits(candidate)) {
        return candidate;
      }
      begin = end + 1;
    }
  }
  if (why == ENOENT) {
    return fail(ENOENT, "program '{}'", name);
  }
  auto error = fail(why, "program '{}' cannot be executed", name);
  error.value().code = EACCES;
  return error;
}

Result<void> check_followable(const ProgramFacts& facts) {
  if (facts.kind == ProgramKind::kStatic) {
    return fail_with_hint(
        kHint, "program '{}' is statically linked: the agent cannot be loaded into it", facts.path);
  }
  if (facts.kind == ProgramKind::kLoader) {
    return fail_with_hint("name the program that it is to start: dime run -- PROGRAM",
                          "program '{}' is the dynamic loader: the agent cannot be loaded into it",
                          facts.path);
  }
  if (facts.kind == ProgramKind::kMusl) {
    return fail_with_hint(kHint, "program '{}' uses the C library musl: the agent needs glibc",
                          facts.path);
  }
  if (facts.kind == ProgramKind::kForeign) {
    return fail_with_hint(kHint, "program '{}' is not a 64-bit x86 program", facts.path);
  }
  if (facts.kind == ProgramKind::kUnknown) {
    auto error =
        fail(ENOEXEC, "program '{}' is neither an ELF file nor a script with #!", facts.path);
    error.value().hint = "name its interpreter: dime run -- /bin/sh " + facts.path;
    return error;
  }
  if (facts.privileged) {
    return fail_with_hint("run it as the user that it changes to, or " + std::string(kHint),
                          "program '{}' is setuid, setgid or has file capabilities: the dynamic "
                          "loader ignores the agent",
                          facts.path);
  }
  return {};
}

}  // namespace dime
