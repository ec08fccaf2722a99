// SPDX-License-Identifier: GPL-2.0
// Output that cannot be written must not change how `dime` ends.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace dime {

/// Prints on standard error, and does not care whether anybody reads it.
void print_quietly(const std::string& text);

/// Opens what is closed of descriptors 0 to 2 on /dev/null, for this process alone: a file must not
/// become standard output because that was closed. Programs that are started find them closed.
void fill_standard_descriptors();

/// A write beyond the limit of file sizes (`ulimit -f`) is an error from now on, and no longer the
/// end of this process.
void outlive_file_size_limit();

/// In a child, before it executes a program: the limit means what it meant before.
void restore_file_size_limit();

/// `status`, or that of a failure where what was printed on standard output did not arrive.
int flushed(int status);

/// A file that a command reads or writes. `what` it is stands before the path in messages:
/// `--config`, `the trace`. An empty path is none.
struct NamedFile {
  std::string what;
  std::string path;
};

/// An output that is one of the command's other files, whatever the names of both, would replace
/// it: an error. Code 0.
Result<void> check_other_file(const NamedFile& output, const std::vector<NamedFile>& others);

enum class OutputKind {
  kText,   ///< for write_text_file; "-" is standard output
  kTrace,  ///< a regular file, new or not
};

/// Whether `output` is none of the others and can be written, as far as that can be told
/// beforehand. `output.what` is its option. Changes nothing. Code 0.
Result<void> check_output(const NamedFile& output, OutputKind kind,
                          const std::vector<NamedFile>& others);

}  // namespace dime
