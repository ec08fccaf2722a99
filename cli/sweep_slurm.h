// SPDX-License-Identifier: GPL-2.0
// dime sweep --executor slurm: handing a sweep to Slurm, and what its jobs run.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/sweep_options.h"
#include "experiments/plan.h"
#include "experiments/spec.h"

namespace dime {

// Each gives the exit status. `results` is the file of results.

/// Submits tasks for the points that have no results yet.
Result<int> submit_to_slurm(const SweepOptions& options, const experiments::Spec& spec,
                            const std::vector<experiments::Point>& points,
                            const std::string& results);

/// A task: runs the points of a block.
Result<int> run_slurm_block(const SweepOptions& options, const experiments::Spec& spec,
                            const std::string& results);

/// The last job: makes the file of results, and prints the table.
Result<int> merge_slurm_blocks(const experiments::Spec& spec, const std::string& results);

}  // namespace dime
