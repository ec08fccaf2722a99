// SPDX-License-Identifier: GPL-2.0
// A site table, mapped from its file.
#pragma once

#include "engines/user/sites/site_table.h"

namespace dime::agent::patch {

/// Owns the mapping.
class TableFile {
 public:
  TableFile() = default;
  ~TableFile();
  TableFile(const TableFile&) = delete;
  TableFile& operator=(const TableFile&) = delete;

  /// Maps the file and checks it. 0 or a negative errno: -EPERM for a file that is not this user's
  /// or root's, or that others may write; -EINVAL for what is no table of this version.
  long open(const char* path);

  [[nodiscard]] const sites::TableView& table() const { return table_; }

 private:
  std::uint64_t address_ = 0;
  std::uint64_t bytes_ = 0;
  sites::TableView table_;
};

}  // namespace dime::agent::patch
