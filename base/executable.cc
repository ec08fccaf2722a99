// SPDX-License-Identifier: GPL-2.0
#include "base/executable.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

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

ProgramKind elf_kind(int file, const Elf64_Ehdr& header) {
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64) {
    return ProgramKind::kForeign;
  }
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    const auto at = static_cast<off_t>(header.e_phoff + i * sizeof segment);
    if (::pread(file, &segment, sizeof segment, at) != ssize_t{sizeof segment}) {
      break;
    }
    if (segment.p_type == PT_INTERP) {
      return ProgramKind::kDynamic;
    }
  }
  return ProgramKind::kStatic;
}

}  // namespace

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
