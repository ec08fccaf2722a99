// SPDX-License-Identifier: GPL-2.0
// A dynamic program of this machine runs with this machine's loader and C library, which are those
// that `dime` itself runs with.
#include "cli/fault_path.h"

#include <link.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <string_view>

#include "base/cache_directory.h"
#include "cli/command.h"
#include "control/runtime_directory.h"
#include "engines/user/sites/site_cache.h"

namespace dime {
namespace {

// Syscall User Dispatch is of Linux 5.11; off is what it is for a thread that never set it.
constexpr int kSetDispatch = 59;

std::vector<std::string> c_library_files() {
  std::vector<std::string> files;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t /*bytes*/, void* found) {
        const std::string_view path = info->dlpi_name;
        const std::string_view name = path.substr(path.rfind('/') + 1);
        if (name.starts_with("libc.so") || name.starts_with("ld-linux")) {
          static_cast<std::vector<std::string>*>(found)->emplace_back(path);
        }
        return 0;
      },
      &files);
  return files;
}

// In the user's cache or, where that cannot be had, among the instances.
Result<std::string> table_for(const std::string& library) {
  const std::string cache = cache_directory();
  if (!cache.empty()) {
    if (auto table = sites::site_table_for(library, cache);
        table && table->size() < DIME_PATH_BYTES) {
      return table;
    }
  }
  DIME_TRY(const std::string otherwise, ensure_runtime_directory());
  DIME_TRY(std::string table, sites::site_table_for(library, otherwise));
  if (table.size() >= DIME_PATH_BYTES) {
    return fail(ENAMETOOLONG, "{}", table);
  }
  return table;
}

Result<FaultPath> inline_path() {
  if (::prctl(kSetDispatch, 0, 0, 0, 0) != 0) {
    return fail(errno, "the kernel does not dispatch system calls (Syscall User Dispatch)");
  }
  FaultPath path{DIME_FAULT_PATH_INLINE, {}};
  for (const std::string& file : c_library_files()) {
    DIME_TRY(std::string table, table_for(file));
    if (path.site_tables.size() < DIME_SITE_TABLES) {
      path.site_tables.push_back(std::move(table));
    }
  }
  if (path.site_tables.size() < 2) {
    return fail(0, "the C library or its loader was not found");
  }
  return path;
}

}  // namespace

Result<FaultPath> choose_fault_path(const std::string& wanted) {
  if (wanted == "thread") {
    return FaultPath{};
  }
  auto path = inline_path();
  if (!path && wanted == "inline") {
    return fail_with_hint("use the handler thread: --fault-path thread",
                          "--fault-path inline: not possible here: {}", path.error().message);
  }
  return path ? std::move(*path) : FaultPath{};
}

}  // namespace dime
