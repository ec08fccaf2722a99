// SPDX-License-Identifier: GPL-2.0
#include "core/config_table.h"

namespace dime::config {

void write_header(TextWriter& out) {
  out.put("instance_id latency_ns bandwidth_bps local_npages page_fault_count pid\n");
}

void write_row(TextWriter& out, const TableRow& row) {
  out.put(std::uint64_t{row.instance_id}, 11).put(' ');
  out.put(row.latency_ns, 10).put(' ');
  out.put(row.bandwidth_bps, 13).put(' ');
  out.put(row.local_npages, 12).put(' ');
  out.put(row.page_fault_count, 16).put(' ');
  for (std::uint32_t i = 0; i < row.pid_count; ++i) {
    out.put(std::uint64_t{row.pids[i]}).put(',');
  }
  out.put('\n');
}

}  // namespace dime::config
