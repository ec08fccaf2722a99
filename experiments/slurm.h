// SPDX-License-Identifier: GPL-2.0
// A sweep as a job array of Slurm. All files lie next to the results, in a folder that every node
// sees:
//
//   RESULTS.d/manifest.jsonl   a line for each block: the points of one task
//   RESULTS.d/blocks/N.jsonl   the results of block N, once it is complete; N.jsonl.part before
//   RESULTS.d/log/             what tasks print
//
// A task runs its points and the native runs of their programs, interleaved as a local sweep does,
// so that what is compared was measured on one node. One that was requeued goes on with its part;
// one whose results exist ends at once. A last job puts the blocks together.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "experiments/child_group.h"
#include "experiments/plan.h"
#include "experiments/spec.h"

namespace dime::experiments {

/// The files of a sweep with these results.
struct SlurmFiles {
  std::filesystem::path results;
  [[nodiscard]] std::filesystem::path folder() const { return results.string() + ".d"; }
  [[nodiscard]] std::filesystem::path manifest() const { return folder() / "manifest.jsonl"; }
  [[nodiscard]] std::filesystem::path logs() const { return folder() / "log"; }
  [[nodiscard]] std::filesystem::path block(std::size_t number) const;
  [[nodiscard]] std::filesystem::path part(std::size_t number) const;
};

/// The points of each task. Native ones are left out: they belong to each block.
std::vector<std::vector<Point>> make_blocks(const Spec& spec, const std::vector<Point>& points);

Result<void> write_manifest(const SlurmFiles& files, const Spec& spec,
                            const std::vector<std::vector<Point>>& blocks);

/// The number of blocks.
Result<std::size_t> count_blocks(const SlurmFiles& files);

/// The points of a block, with the native ones of their programs. Error: the manifest has other
/// points than the spec.
Result<std::vector<Point>> read_block(const SlurmFiles& files, const Spec& spec,
                                      std::size_t number);

/// A job array: block `first` + index for each of the indices.
struct Array {
  std::size_t first = 0;
  std::string indices;  ///< as sbatch has them: "0-4,7"
};

/// As few arrays as can be, with at most `most` indices each, all of them below `most`.
std::vector<Array> make_arrays(const std::vector<std::size_t>& blocks, std::size_t most);

struct Submission {
  std::vector<std::string> jobs;  ///< ids of the arrays
  std::string merge;              ///< id of the job that puts the results together
};

/// Hands tasks for the blocks to sbatch. `worker` and `merger` are the command lines of a task,
/// which gets `--block N` in addition, and of the last job.
Result<Submission> submit(const SlurmFiles& files, const Spec& spec,
                          const std::vector<std::size_t>& blocks,
                          const std::vector<std::string>& worker,
                          const std::vector<std::string>& merger, ChildGroup& group);

/// Puts the results of all blocks into the file of results, which appears as a whole. The numbers
/// of blocks that have none.
Result<std::vector<std::size_t>> merge_blocks(const SlurmFiles& files);

/// What a line has of the task that made it: "block" and "slurm".
nlohmann::ordered_json task_json(std::size_t block);

}  // namespace dime::experiments
