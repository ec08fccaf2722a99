// SPDX-License-Identifier: GPL-2.0
// The command line of dime sweep.
#pragma once

#include <optional>
#include <string>

namespace dime {

struct SweepOptions {
  std::string spec;
  std::string output;
  std::string only;
  std::string executor = "local";
  bool resume = false;
  bool failed = false;
  bool dry_run = false;
  bool accept_changes = false;
  // Of a job of Slurm, not for users.
  std::optional<unsigned> block;  ///< run this block
  bool merge = false;             ///< put the results of all blocks together
};

}  // namespace dime
