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
#include "engines/user/calibration/machine_probes.h"
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
  FaultPath path;
  path.kind = DIME_FAULT_PATH_INLINE;
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

Result<dime_mechanism> choose_mechanism(const std::string& wanted) {
  const std::vector<dime_mechanism> present = available_mechanisms();
  std::string names;
  for (const dime_mechanism mechanism : present) {
    if (wanted == "auto" || wanted == name_of(mechanism)) {
      return mechanism;
    }
    names += fmt::format("{}{}", names.empty() ? "" : ", ", name_of(mechanism));
  }
  // Without a userfaultfd to ask, that is what is reported, and not this.
  if (present.empty() && (wanted == "auto" || wanted == name_of(DIME_MECHANISM_MOVE))) {
    return DIME_MECHANISM_MOVE;
  }
  return fail(0, "--mechanism {}: allowed here: auto{}{}; this kernel {}", wanted,
              names.empty() ? "" : ", ", names,
              present.empty()                          ? "gives no userfaultfd to ask"
              : present.front() == DIME_MECHANISM_MOVE ? "has no other"
                                                       : "has no UFFDIO_MOVE (Linux 6.8)");
}

Result<FaultPath> choose_fault_path(const std::string& wanted, const std::string& mechanism) {
  DIME_TRY(const dime_mechanism chosen, choose_mechanism(mechanism));
  const bool copies = chosen == DIME_MECHANISM_COPY;
  if (wanted == "thread" && copies) {
    return fail_with_hint(
        mechanism == "auto" ? "boot Linux 6.8 or later, which has the mechanism move"
                            : "leave --mechanism copy out where the kernel has move",
        "the mechanism copy has the inline fault path only; dime attach, --fault-path thread and "
        "rules for stacks need the thread path");
  }
  if (wanted == "thread") {
    return FaultPath{};
  }
  auto path = inline_path();
  if (!path && copies) {
    return fail(0, "the mechanism copy needs the inline fault path, which is not possible here: {}",
                path.error().message);
  }
  if (!path && wanted == "inline") {
    return fail_with_hint("use the handler thread: --fault-path thread",
                          "--fault-path inline: not possible here: {}", path.error().message);
  }
  if (!path) {
    return FaultPath{};
  }
  path->mechanism = chosen;
  return path;
}

}  // namespace dime
