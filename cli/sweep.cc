// SPDX-License-Identifier: GPL-2.0
// dime sweep: many runs over a grid of options. experiments/ does it; here is what the user sees.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "base/process.h"
#include "cli/command.h"
#include "cli/emulation_options.h"
#include "cli/engine_choice.h"
#include "cli/output.h"
#include "cli/sweep_display.h"
#include "cli/sweep_options.h"
#include "cli/sweep_slurm.h"
#include "experiments/sweep.h"
#include "experiments/table.h"

namespace dime {
namespace {

using experiments::Point;
using experiments::ResultsFile;
using experiments::Selection;
using experiments::Spec;
using experiments::Sweep;
using experiments::SweepState;

constexpr int kInterrupted = 130;  // as shells show SIGINT

int refuse(const Error& error, int status = kFailure) {
  print_error(error);
  return status;
}

// Whether `dime run` would take the options, by what `dime run` itself would say.
Result<void> check_options(const std::vector<std::string>& words) {
  CLI::App app;
  EmulationOptions options;
  options.add_to(app);
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& problem) {
    const std::string text = problem.what();
    for (const std::string& word : words) {
      if (word.starts_with("--") && app.get_option_no_throw(word) == nullptr) {
        return fail_with_hint("dime run --help lists the options", "{}: unknown option of dime run",
                              word);
      }
    }
    return fail_with_hint("dime run --help", "{}", text);
  }
  DIME_TRY(const EmulationRequest request, options.parse());
  DIME_TRY(const std::unique_ptr<Engine> engine, choose_engine(request));
  if (auto able = engine->check(request); !able) {
    return tl::unexpected(options.located(able.error()));
  }
  return {};
}

void print_plan(const Spec& spec, const Sweep& sweep) {
  for (const auto& [point, count] : sweep.missing()) {
    fmt::print("{:>4} x {}\n", count, point.text(spec));
  }
  const SweepState state = sweep.state();
  fmt::print("{} of {} runs are to be made{}", state.total - state.done, state.total,
             spec.run.precision
                 ? fmt::format(", or more until each median is known to {:g} %, at most {} of each",
                               100 * *spec.run.precision, spec.run.maximum)
                 : "");
  fmt::print("; {}; each at most {}\n",
             state.left_s ? "about " + duration_text(*state.left_s)
                          : "how long they take is not known before the first ones",
             duration_text(spec.run.limit_s));
}

std::vector<Point> selected(const Spec& spec, const Selection& selection) {
  std::vector<Point> points;
  for (const Point& point : all_points(spec)) {
    if (selection.matches(point, spec)) {
      points.push_back(point);
    }
  }
  return points;
}

std::string output_of(const SweepOptions& options) {
  return options.output.empty()
             ? std::filesystem::path(options.spec).filename().replace_extension(".jsonl").string()
             : options.output;
}

ResultsFile::Mode mode_of(const SweepOptions& options) {
  if (options.dry_run) {
    return ResultsFile::Mode::kRead;
  }
  return options.resume || options.failed ? ResultsFile::Mode::kResume : ResultsFile::Mode::kNew;
}

Result<int> finish(const Spec& spec, const std::vector<Point>& points, const ResultsFile& results,
                   const std::string& path, const Sweep& sweep) {
  fmt::print("{}", table_of(spec, figures_of(spec, points, results.records())));
  fmt::print("results: {}\n", path);
  if (sweep.any_failed()) {
    return fail_with_hint("dime sweep --failed runs them again",
                          "some runs failed; what they printed is in {}.d/failed", path);
  }
  return int{kSuccess};
}

Result<int> run_local(const SweepOptions& options, const Spec& spec,
                      const std::vector<Point>& points) {
  const std::string path = output_of(options);
  const bool resumed = options.resume || options.failed;
  DIME_TRY(const std::string dime, executable_path(::getpid()));
  // Before anything that it would keep open.
  DIME_TRY(const experiments::Watcher watcher, experiments::Watcher::start());
  DIME_TRY(ResultsFile results, ResultsFile::open(path, mode_of(options)));
  if (resumed && !options.accept_changes) {
    DIME_TRY_VOID(check_same_spec(results, spec, path));
  }
  Sweep sweep(spec, points, results, options.failed);
  if (options.dry_run) {
    print_plan(spec, sweep);
    return int{kSuccess};
  }
  if (results.was_cut()) {
    print_notice(fmt::format("{}: the last line was cut, that run is made again", path));
  }
  const experiments::Interrupt interrupt;
  experiments::Runner runner(spec, dime, path + ".d", watcher, interrupt);
  DIME_TRY_VOID(runner.prepare());
  Display display;
  const auto end = sweep.run(runner, interrupt, display.events());
  display.clear();
  if (!end) {
    return fail_with_hint(
        "dime sweep --resume goes on", "{}; the {} before {} kept", end.error().message,
        results.records().size() == 1 ? "run" : fmt::format("{} runs", results.records().size()),
        results.records().size() == 1 ? "is" : "are");
  }
  if (*end == experiments::SweepEnd::kInterrupted) {
    print_notice(fmt::format("stopped; {} has {} of {} runs, --resume goes on", path,
                             sweep.state().done, sweep.state().total));
    return int{kInterrupted};
  }
  runner.clean_up();
  return finish(spec, points, results, path, sweep);
}

Result<int> execute(const SweepOptions& options, const Spec& spec,
                    const std::vector<Point>& points) {
  const std::string path = output_of(options);
  if (options.block) {
    return run_slurm_block(options, spec, path);
  }
  if (options.merge) {
    return merge_slurm_blocks(spec, path);
  }
  return options.executor == "slurm" ? submit_to_slurm(options, spec, points, path)
                                     : run_local(options, spec, points);
}

int run(const SweepOptions& options) {
  if (auto other = check_other_file({"-o", output_of(options)}, {{"the spec", options.spec}});
      !other) {
    return refuse(other.error(), kUsage);
  }
  const auto spec = experiments::read_spec(options.spec, check_options);
  if (!spec) {
    return refuse(spec.error(), kUsage);
  }
  const auto selection = Selection::parse(options.only, *spec);
  if (!selection) {
    return refuse(selection.error(), kUsage);
  }
  const auto status = execute(options, *spec, selected(*spec, *selection));
  return status ? *status : refuse(status.error());
}

std::function<int()> register_sweep(CLI::App& app) {
  auto options = std::make_shared<SweepOptions>();
  app.add_option("spec", options->spec, "a TOML file: what to run, and over which options")
      ->type_name("SPEC")
      ->required();
  app.add_option("-o,--output", options->output,
                 "file of results, one JSON line a run (the name of the spec with .jsonl)")
      ->type_name("FILE");
  app.add_flag("--resume", options->resume, "go on with the file of results");
  app.add_flag("--failed", options->failed, "go on, and run again what failed");
  app.add_option("--only", options->only,
                 "only some points, as in local=25%|50%,latency!=5us,program=sort")
      ->type_name("EXPR");
  app.add_flag("--dry-run", options->dry_run, "print the runs and their expected time");
  app.add_flag("--accept-changes", options->accept_changes,
               "go on although the spec is not the one of the results");
  app.add_option("--executor", options->executor,
                 "local, or slurm: a job array over the same points (local)")
      ->type_name("NAME")
      ->check(CLI::IsMember({"local", "slurm"}));
  // Without a group: not in the help.
  app.add_option("--block", options->block, "what a task of Slurm runs")->group("");
  app.add_flag("--merge", options->merge, "what the last job of Slurm does")->group("");
  app.footer(
      "Each run is on the disk when it has ended: a sweep that was killed goes on with "
      "--resume.");
  return [options] { return run(*options); };
}

}  // namespace

const Command kSweepCommand = {
    "sweep", "run programs over a grid of options, repeated and resumable", register_sweep};

}  // namespace dime
