// SPDX-License-Identifier: GPL-2.0
// Output that cannot be written must not change how `dime` ends.
#pragma once

#include <string>

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

/// What option -o names is to be made: there is no such file yet, or a regular one, and it can be
/// written. Code 0.
Result<void> check_new_file(const std::string& path);

}  // namespace dime
