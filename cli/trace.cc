// SPDX-License-Identifier: GPL-2.0
// dime trace: a trace as text or JSON lines, what is in it and to what it belongs, and a trace from
// a list of pages.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/output.h"
#include "core/quantity.h"
#include "trace/breakdown.h"
#include "trace/fold.h"
#include "trace/reader.h"
#include "trace/summary.h"
#include "trace/text.h"

namespace dime {
namespace {

struct TraceOptions {
  std::string trace;
  std::string from;
  std::string output;
  std::string step;
  std::string by;
  bool json = false;
  bool summary = false;
  bool folded = false;
};

// What of that has values of its own.
struct Chosen {
  Nanos step;
  trace::By by = trace::By::kMapping;
};

constexpr Nanos kStep{100};
constexpr Nanos kMostStep{1'000'000'000};

void note_problem(const std::string& trace, const std::string& problem, std::uint64_t events) {
  if (!problem.empty()) {
    print_notice(fmt::format("{}: {}; the {} events before that are used", trace, problem, events));
  }
}

Result<void> print_events(const TraceOptions& options) {
  DIME_TRY(trace::Reader reader, trace::Reader::open(options.trace));
  if (!options.json) {
    fmt::print("{}\n", trace::column_names());
  }
  std::vector<trace::Event> block;
  std::string text;
  while (reader.next(block)) {
    text.clear();
    for (const trace::Event& event : block) {
      text += options.json ? trace::json_line_of(event, reader.meta())
                           : trace::line_of(event, reader.meta());
    }
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
      return fail(errno, "writing to standard output");
    }
  }
  note_problem(options.trace, reader.problem(), reader.events());
  return {};
}

Result<void> print_summary(const TraceOptions& options) {
  DIME_TRY(const trace::Summary summary, trace::summarize(options.trace));
  fmt::print("{}", options.json ? trace::json_of(summary) : trace::text_of(summary));
  note_problem(options.trace, summary.problem, summary.events);
  return {};
}

Result<trace::By> by_of(const std::string& text) {
  const auto* const word = std::ranges::find(trace::kByWords, text);
  if (word == std::end(trace::kByWords)) {
    return fail(0, "--by {}: allowed: {}", text, fmt::join(trace::kByWords, ", "));
  }
  return static_cast<trace::By>(word - std::begin(trace::kByWords));
}

Result<void> print_breakdown(const TraceOptions& options, trace::By by) {
  DIME_TRY(const trace::Breakdown breakdown, trace::break_down(options.trace, by));
  fmt::print("{}", options.json ? trace::json_of(breakdown, by) : trace::text_of(breakdown, by));
  if (by == trace::By::kPhase && !breakdown.has_phases) {
    print_notice(
        fmt::format("{}: the recording has no phases: the program marked none", options.trace));
  }
  note_problem(options.trace, breakdown.problem, breakdown.events);
  return {};
}

Result<void> print_folded(const TraceOptions& options) {
  DIME_TRY(const trace::Folded folded, trace::fold(options.trace));
  for (const auto& [stack, count] : folded.counts) {
    fmt::print("{} {}\n", stack, count);
  }
  if (folded.with_stack != folded.remote) {
    print_notice(fmt::format("{}: {} of {} remote accesses have a call stack", options.trace,
                             folded.with_stack, folded.remote));
  }
  note_problem(options.trace, folded.problem, folded.events);
  return {};
}

Result<Nanos> step_of(const std::string& text) {
  if (text.empty()) {
    return kStep;
  }
  const Parsed<Nanos> step = parse_duration(text);
  if (!step.ok() || step.value == Nanos{} || step.value > kMostStep) {
    return fail(0, "--step {}: allowed: a time from 1ns to 1s", text);
  }
  return step.value;
}

std::string unfinished(const TraceOptions& options) {
  return options.output + ".part";
}

// The output appears whole or not at all.
Result<void> make_trace(const TraceOptions& options, Nanos step) {
  std::ifstream file;
  if (options.from != "-") {
    file.open(options.from);
    if (!file) {
      return fail(errno, "--from {}", options.from);
    }
  }
  std::istream& input = options.from == "-" ? std::cin : file;
  const std::string part = unfinished(options);
  auto made = trace::convert(input, options.from, step, part);
  std::error_code problem;
  if (!made) {
    std::filesystem::remove(part, problem);
    return tl::unexpected(made.error());
  }
  std::filesystem::rename(part, options.output, problem);
  if (problem) {
    const int why = problem.value();
    std::filesystem::remove(part, problem);
    return fail(why, "creating {}", options.output);
  }
  return {};
}

Result<Chosen> check(const TraceOptions& options) {
  const bool makes = !options.from.empty();
  if (makes == !options.trace.empty()) {
    return fail_with_hint("dime trace TRACE, or dime trace --from FILE -o TRACE",
                          "either a trace or --from is wanted");
  }
  if (makes != !options.output.empty()) {
    return fail(0, "--from and -o belong together");
  }
  if (makes && (options.json || options.summary || options.folded || !options.by.empty())) {
    return fail(0, "--json, --summary, --by and --folded are for a trace, not with --from");
  }
  if (options.summary + options.folded + !options.by.empty() > 1) {
    return fail(0, "--summary, --by and --folded exclude each other");
  }
  if (options.folded && options.json) {
    return fail(0, "--folded is a form of its own: without --json");
  }
  if (!makes && !options.step.empty()) {
    return fail(0, "--step goes with --from");
  }
  if (makes) {
    // "-" is standard input, which may be a file.
    const NamedFile from = {"--from", options.from == "-" ? "/dev/stdin" : options.from};
    for (const std::string& path : {options.output, unfinished(options)}) {
      DIME_TRY_VOID(check_output({"-o", path}, OutputKind::kTrace, {from}));
    }
  }
  Chosen chosen;
  DIME_TRY(chosen.step, step_of(options.step));
  if (!options.by.empty()) {
    DIME_TRY(chosen.by, by_of(options.by));
  }
  return chosen;
}

int run(const TraceOptions& options) {
  const auto chosen = check(options);
  if (!chosen) {
    print_error(chosen.error());
    return kUsage;
  }
  const auto done = !options.from.empty() ? make_trace(options, chosen->step)
                    : !options.by.empty() ? print_breakdown(options, chosen->by)
                    : options.folded      ? print_folded(options)
                    : options.summary     ? print_summary(options)
                                          : print_events(options);
  if (!done) {
    print_error(done.error());
    return kFailure;
  }
  return kSuccess;
}

std::function<int()> register_trace(CLI::App& app) {
  auto options = std::make_shared<TraceOptions>();
  app.add_option("TRACE", options->trace, "the trace to print");
  app.add_option("--from", options->from,
                 "make a trace of this list of pages, - for standard input")
      ->type_name("FILE");
  app.add_option("-o,--output", options->output, "with --from: the trace to write")
      ->type_name("TRACE");
  app.add_option("--step", options->step, "with --from: the time of one reference (100ns)")
      ->type_name("TIME");
  app.add_option("--by", options->by,
                 "which mapping, function, phase, thread or process the accesses belong to")
      ->type_name("WHAT");
  app.add_flag("--json", options->json,
               "as JSON: one object a line, with --summary one object, with --by an array");
  app.add_flag("--folded", options->folded,
               "the call stacks of remote accesses, as flame-graph tools read them");
  app.add_flag("--summary", options->summary, "what is in it, and the working set over time");
  return [options] { return run(*options); };
}

}  // namespace

const Command kTraceCommand = {"trace", "print a trace, or make one from a list of pages",
                               register_trace};

}  // namespace dime
