// SPDX-License-Identifier: GPL-2.0
#include "cli/sweep_slurm.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/process.h"
#include "cli/command.h"
#include "cli/sweep_display.h"
#include "experiments/slurm.h"
#include "experiments/table.h"

namespace dime {
namespace {

namespace fs = std::filesystem;
using experiments::Point;
using experiments::ResultsFile;
using experiments::SlurmFiles;
using experiments::Spec;

constexpr int kInterrupted = 130;

SlurmFiles files_of(const std::string& results) {
  return {fs::absolute(results)};
}

std::string numbers_text(const std::vector<std::size_t>& numbers) {
  return fmt::format("{}", fmt::join(numbers, ", "));
}

bool has_failed(const SlurmFiles& files, std::size_t block) {
  const auto results = ResultsFile::open(files.block(block), ResultsFile::Mode::kRead);
  return results && std::any_of(results->records().begin(), results->records().end(),
                                [](const auto& record) { return !record.good; });
}

// Blocks that need a task. Those that are to be run again become unfinished ones.
Result<std::vector<std::size_t>> open_blocks(const SlurmFiles& files, std::size_t count,
                                             bool failed, bool dry_run) {
  std::vector<std::size_t> open;
  std::error_code error;
  for (std::size_t block = 0; block < count; ++block) {
    const bool done = fs::exists(files.block(block), error);
    const bool again = done && failed && has_failed(files, block);
    if (again && !dry_run) {
      fs::rename(files.block(block), files.part(block), error);
      if (error) {
        return fail(error.value(), "renaming {}", files.block(block).string());
      }
    }
    if (!done || again) {
      open.push_back(block);
    }
  }
  return open;
}

Result<void> check_spec(const SlurmFiles& files, const Spec& spec) {
  std::ifstream file(files.folder() / "spec.json");
  const auto before = nlohmann::ordered_json::parse(file, nullptr, false);
  const std::string what = experiments::difference(before, to_json(spec));
  return what.empty() ? Result<void>()
                      : fail_with_hint("-o begins another file",
                                       "--resume: the tasks in {} are of another spec; {}",
                                       files.folder().string(), what);
}

Result<void> begin(const SlurmFiles& files, const Spec& spec,
                   const std::vector<std::vector<Point>>& blocks) {
  std::error_code error;
  if (fs::exists(files.manifest(), error) || fs::exists(files.results, error)) {
    return fail_with_hint("dime sweep --executor slurm --resume goes on with it",
                          "--output {}: has results or tasks already; allowed: a new file",
                          files.results.string());
  }
  DIME_TRY_VOID(experiments::write_manifest(files, spec, blocks));
  std::ofstream(files.folder() / "spec.json") << to_json(spec).dump() << '\n';
  return {};
}

}  // namespace

Result<int> submit_to_slurm(const SweepOptions& options, const Spec& spec,
                            const std::vector<Point>& points, const std::string& results) {
  const SlurmFiles files = files_of(results);
  const auto blocks = make_blocks(spec, points);
  if (options.dry_run) {
    fmt::print("{} tasks of up to {} points each, {} at once\n", blocks.size(),
               spec.slurm.points_per_task, spec.slurm.concurrent);
    return int{kSuccess};
  }
  if (options.resume || options.failed) {
    DIME_TRY_VOID(check_spec(files, spec));
  } else {
    DIME_TRY_VOID(begin(files, spec, blocks));
  }
  DIME_TRY(const std::size_t count, experiments::count_blocks(files));
  DIME_TRY(const std::vector<std::size_t> open, open_blocks(files, count, options.failed, false));
  if (open.empty()) {
    print_notice("every task has its results");
    return merge_slurm_blocks(spec, results);
  }
  DIME_TRY(const std::string dime, executable_path(::getpid()));
  const std::vector<std::string> merger = {dime, "sweep",       fs::absolute(options.spec),
                                           "-o", files.results, "--merge"};
  std::vector<std::string> worker = {dime, "sweep", fs::absolute(options.spec), "-o",
                                     files.results};
  if (options.failed) {
    worker.emplace_back("--failed");
  }
  DIME_TRY(const experiments::Watcher watcher, experiments::Watcher::start());
  const experiments::Interrupt interrupt;
  experiments::ChildGroup group(watcher, interrupt);
  auto submitted = experiments::submit(files, spec, open, worker, merger, group);
  if (!submitted) {
    std::error_code error;
    if (!options.resume && !options.failed) {
      fs::remove_all(files.folder(), error);  // nothing was handed out
    }
    return tl::unexpected(submitted.error());
  }
  fmt::print("{} tasks in job{} {}; job {} puts the results into {} when they have ended\n",
             open.size(), submitted->jobs.size() == 1 ? "" : "s",
             fmt::format("{}", fmt::join(submitted->jobs, ", ")), submitted->merge,
             files.results.string());
  return int{kSuccess};
}

Result<int> run_slurm_block(const SweepOptions& options, const Spec& spec,
                            const std::string& results) {
  const SlurmFiles files = files_of(results);
  const std::size_t block = *options.block;
  std::error_code error;
  if (fs::exists(files.block(block), error)) {
    print_notice(fmt::format("block {} has its results", block));
    return int{kSuccess};
  }
  DIME_TRY_VOID(check_spec(files, spec));
  DIME_TRY(std::vector<Point> points, experiments::read_block(files, spec, block));
  DIME_TRY(const std::string dime, executable_path(::getpid()));
  DIME_TRY(const experiments::Watcher watcher, experiments::Watcher::start());
  DIME_TRY(ResultsFile part, ResultsFile::open(files.part(block), ResultsFile::Mode::kResume));
  // What failed before the task was requeued is not run again, but for the first time that the
  // results of --failed are taken up.
  experiments::Sweep sweep(spec, std::move(points), part, options.failed);
  sweep.set_extra(experiments::task_json(block));
  const experiments::Interrupt interrupt;
  experiments::Runner runner(spec, dime, files.block(block).string() + ".d", watcher, interrupt);
  DIME_TRY_VOID(runner.prepare());
  Display display;
  DIME_TRY(const experiments::SweepEnd end, sweep.run(runner, interrupt, display.events()));
  if (end == experiments::SweepEnd::kInterrupted) {
    return int{kInterrupted};
  }
  runner.clean_up();
  fs::rename(files.part(block), files.block(block), error);
  if (error) {
    return fail(error.value(), "renaming {}", files.part(block).string());
  }
  // Slurm may take a task that is requeued for ended, and start the last job before it has: then
  // this one merges.
  if (fs::exists(files.results, error)) {
    DIME_TRY_VOID(experiments::merge_blocks(files));
  }
  return sweep.any_failed() ? int{kFailure} : int{kSuccess};
}

Result<int> merge_slurm_blocks(const Spec& spec, const std::string& results) {
  const SlurmFiles files = files_of(results);
  DIME_TRY(const std::vector<std::size_t> missing, experiments::merge_blocks(files));
  DIME_TRY(const ResultsFile merged, ResultsFile::open(files.results, ResultsFile::Mode::kRead));
  fmt::print("{}", table_of(spec, figures_of(spec, all_points(spec), merged.records())));
  fmt::print("results: {}\n", files.results.string());
  if (!missing.empty()) {
    return fail_with_hint("dime sweep --executor slurm --resume submits them again",
                          "no results of block {}; what the tasks printed is in {}",
                          numbers_text(missing), files.logs().string());
  }
  return int{kSuccess};
}

}  // namespace dime
