// SPDX-License-Identifier: GPL-2.0
// The mappings of another process, and the libraries among them.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engines/user/inject/remote_address.h"

namespace dime {

/// One line of /proc/PID/maps.
struct ProcessMapping {
  RemoteRange range;
  bool readable = false;
  bool writable = false;
  bool executable = false;
  bool shared = false;
  std::uint64_t offset = 0;
  std::uint64_t inode = 0;
  std::string name;  ///< path without " (deleted)", "[vdso]", or empty
};

/// Parses the text of /proc/PID/maps; lines that have another form are left out.
std::vector<ProcessMapping> parse_maps(std::string_view text);

/// The mappings of `pid`, ascending. Empty for a kernel thread and a zombie. Error code EACCES or
/// EPERM: not ours to look at; ENOENT or ESRCH: no such process.
Result<std::vector<ProcessMapping>> read_maps(pid_t pid);

/// Where the C library of the process begins: the mapping of offset 0 that belongs to an executable
/// mapping of libc.so.6 (libc-2.NN.so before glibc 2.34). None: a static program or another C
/// library.
std::optional<RemoteAddress> find_libc(const std::vector<ProcessMapping>& mappings);

}  // namespace dime
