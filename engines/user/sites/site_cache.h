// SPDX-License-Identifier: GPL-2.0
// Site tables on disk, one file for each library and version of the decoder.
//
// A library is decoded once (about 30 ms for the C library) and found by its build-id afterwards,
// which costs a few system calls. A file in the cache is trusted only if it is this user's own, a
// plain file that nobody else may write, and whole; otherwise it is made again. Files appear by
// rename, so that readers see all of one or none; any number of processes may do this at a time.
#pragma once

#include <string>

#include "base/result.h"

namespace dime::sites {

/// Path of the site table of the ELF file `elf_path`, in `cache_dir`; decodes the file where there
/// is none. Errors: the file is no 64-bit x86 ELF file or cannot be read; the table cannot be
/// written.
Result<std::string> site_table_for(const std::string& elf_path, const std::string& cache_dir);

}  // namespace dime::sites
