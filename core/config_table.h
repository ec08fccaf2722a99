// SPDX-License-Identifier: GPL-2.0
// The table of the manual: what reading /proc/dime_config and `dime config` show.
//
//   instance_id latency_ns bandwidth_bps local_npages page_fault_count pid
//             0       1000    1000000000         2000                0 1234,5678,
#pragma once

#include "core/text.h"

namespace dime::config {

/// One instance. `pids` stay the caller's.
struct TableRow {
  std::uint32_t instance_id;
  std::uint64_t latency_ns;
  std::uint64_t bandwidth_bps;
  std::uint64_t local_npages;
  std::uint64_t page_fault_count;
  const std::uint32_t* pids;
  std::uint32_t pid_count;
};

/// Each appends one line with its newline; the format is the original's, `%11d %10lu %13lu %12lu
/// %16lu ` and then `%d,` for each pid.
void write_header(TextWriter& out);
void write_row(TextWriter& out, const TableRow& row);

}  // namespace dime::config
