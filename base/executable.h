// SPDX-License-Identifier: GPL-2.0
// What kind of program a file is: can an agent be preloaded into it?
#pragma once

#include <string>

#include "base/result.h"

namespace dime {

enum class ProgramKind {
  kDynamic,     ///< 64-bit, asks for a dynamic loader: LD_PRELOAD works
  kStatic,      ///< no dynamic loader
  kLoader,      ///< a dynamic loader itself, which is told what to start
  kMusl,        ///< started by musl's loader: has no glibc, which the agent needs
  kForeign,     ///< ELF of another word size or machine
  kScript,      ///< begins with #!
  kUnreadable,  ///< may be executed but not read by this user, so nothing is known
  kUnknown,     ///< none of these
};

struct ProgramFacts {
  std::string path;
  ProgramKind kind = ProgramKind::kUnknown;
  /// Executing it would change the user, the group or the capabilities: LD_PRELOAD is ignored.
  bool privileged = false;
  std::string interpreter;  ///< kScript: the program that the kernel starts instead
};

/// Reads the facts of one file. Works on /proc/PID/exe too.
Result<ProgramFacts> program_facts(const std::string& path);

/// Follows scripts to the program that the kernel would execute in the end. Error: more than four
/// scripts in a row, or an interpreter that cannot be read.
Result<ProgramFacts> resolve_program(const std::string& path);

/// Which of the compilers' sanitizers a program brings, as its dynamic strings tell.
struct Sanitizers {
  bool address_library = false;  ///< libasan.so, which wants to be loaded before all others
  bool leaks = false;            ///< looks for leaks at its end
};

/// None for what is no dynamic program, or cannot be read.
Sanitizers sanitizers_of(const std::string& path);

/// The file that execvp would execute for `name`: itself where it contains a slash, else the first
/// executable regular file of that name along $PATH. Error code ENOENT: there is none; EACCES: it
/// is not executable, or is a directory.
Result<std::string> find_program(const std::string& name);

/// Why an agent cannot be put into the program, with a hint; success where it can. Error code
/// ENOEXEC: the kernel cannot execute such a file either.
Result<void> check_followable(const ProgramFacts& facts);

}  // namespace dime
