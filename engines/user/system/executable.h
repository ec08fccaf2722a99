// SPDX-License-Identifier: GPL-2.0
// What kind of program a file is: can an agent be preloaded into it?
#pragma once

#include <string>
#include <vector>

#include "engines/user/system/result.h"

namespace dime {

enum class ProgramKind {
  kDynamic,  ///< 64-bit, asks for a dynamic loader: LD_PRELOAD works
  kStatic,   ///< no dynamic loader
  kForeign,  ///< ELF of another word size or machine
  kScript,   ///< begins with #!
  kUnknown,  ///< none of these
};

struct ProgramFacts {
  std::string path;
  ProgramKind kind = ProgramKind::kUnknown;
  bool privileged = false;  ///< setuid, setgid or with file capabilities: LD_PRELOAD is ignored
  std::string interpreter;  ///< kScript: the program that the kernel starts instead
};

/// Reads the facts of one file. Works on /proc/PID/exe too.
Result<ProgramFacts> program_facts(const std::string& path);

/// Follows scripts to the program that the kernel would execute in the end. Error: more than four
/// scripts in a row, or an interpreter that cannot be read.
Result<ProgramFacts> resolve_program(const std::string& path);

/// The file that execvp would execute for `name`: itself where it contains a slash, else the first
/// executable regular file of that name along $PATH. Error code ENOENT: there is none; EACCES: it
/// is not executable, or is a directory.
Result<std::string> find_program(const std::string& name);

/// Why an agent cannot be put into the program, with the mend; success where it can. A privileged
/// program counts only where executing it would change the user.
Result<void> check_followable(const ProgramFacts& facts);

}  // namespace dime
