// SPDX-License-Identifier: GPL-2.0
// dime whatif: what a trace would miss under other policies and sizes, and how long its program
// would take.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "cli/command.h"
#include "cli/local_sizes.h"
#include "cli/output.h"
#include "cli/policy_check.h"
#include "cli/prefetch_check.h"
#include "cli/presets.h"
#include "cli/progress.h"
#include "cli/shared_object.h"
#include "cli/words.h"
#include "core/parameters.h"
#include "core/quantity.h"
#include "engines/prediction/prediction.h"
#include "policies/registry.h"
#include "prefetchers/registry.h"
#include "report/json.h"

namespace dime {
namespace {

struct WhatifOptions {
  std::string trace;
  std::optional<std::string> local;
  std::string policy = "fifo";
  std::string prefetch = "none";
  std::optional<std::string> latency;
  std::optional<std::string> bandwidth;
  std::optional<std::string> preset;
  std::optional<std::string> native;
  std::string json;
  bool extrapolate = false;
  std::uint32_t jobs = 0;
};

// Words with a `=` are parameters of what stands before them: `fifo,s3-fifo,small=5%,lru`.
std::vector<std::string> choice_texts(const std::string& list) {
  std::vector<std::string> texts;
  for (const std::string& word : words_of(list)) {
    const bool is_parameter = word.find('=') < word.find(':');
    if (is_parameter && !texts.empty()) {
      texts.back() += "," + word;
    } else {
      texts.push_back(word);
    }
  }
  return texts;
}

void add_object(const char* option, const std::string& text, std::vector<NamedFile>& inputs) {
  if (names_shared_object(text)) {
    inputs.push_back({option, split_shared_object(text).path});
  }
}

// Files that are chosen go to `inputs`.
Result<std::vector<prediction::ChosenPolicy>> policies_of(const std::string& list,
                                                          std::vector<NamedFile>& inputs) {
  std::vector<prediction::ChosenPolicy> chosen;
  const auto add = [&](const std::string& text, const PolicyChoice& choice) {
    const auto same = [&](const prediction::ChosenPolicy& one) { return one.text == text; };
    if (std::none_of(chosen.begin(), chosen.end(), same)) {
      chosen.push_back({text, choice});
    }
  };
  for (const std::string& text : choice_texts(list)) {
    if (text != "all") {
      DIME_TRY(const PolicyChoice choice, check_simulated_policy("--policy ", text));
      add(text, choice);
      add_object("--policy", text, inputs);
      continue;
    }
    for (const dime_policy_ops* const policy : policies::kSimulated) {
      DIME_TRY(PolicyChoice choice, check_simulated_policy("--policy ", policy->name));
      choice.blind_ok = true;  // marked, not refused
      add(policy->name, choice);
    }
  }
  return chosen;
}

// `all` is all but those that need a recording. Files that are chosen go to `inputs`.
Result<std::vector<prediction::ChosenPrefetcher>> prefetchers_of(const std::string& list,
                                                                 std::vector<NamedFile>& inputs) {
  std::vector<std::string> texts;
  for (const std::string& text : choice_texts(list)) {
    if (text != "all") {
      texts.push_back(text);
      continue;
    }
    for (const dime_prefetch_ops* const prefetcher : prefetchers::kAll) {
      if ((prefetcher->flags & DIME_PREFETCH_TAPE) == 0) {
        texts.emplace_back(prefetcher->name);
      }
    }
  }
  std::vector<prediction::ChosenPrefetcher> chosen;
  for (const std::string& text : texts) {
    DIME_TRY(PrefetchChoice choice, check_prefetcher("--prefetch ", text));
    prediction::ChosenPrefetcher one{text, choice, {}};
    add_object("--prefetch", text, inputs);
    if (!choice.tape.empty()) {
      const std::string tape(choice.tape.data, choice.tape.size);
      inputs.push_back({"--prefetch", tape});
      DIME_TRY(one.tape, prediction::read_tape(tape));
      one.choice.tape = {};
    }
    chosen.push_back(std::move(one));
  }
  return chosen;
}

// A policy that the faults of a run say too little for is refused where it was named, and so is a
// prefetcher that a sample says too little for.
Result<void> check_source(const WhatifOptions& options, const prediction::Program& program,
                          const prediction::PredictionSetup& setup) {
  if (options.extrapolate) {
    return {};
  }
  for (const prediction::ChosenPrefetcher& prefetcher : setup.prefetchers) {
    if (prefetcher.prefetches() && program.meta.info.sample < 1) {
      return fail_with_hint("dime record without --sample",
                            "--prefetch {}: {} is a sample of the pages, which lacks neighbours",
                            prefetcher.text, options.trace);
    }
  }
  if (program.meta.info.source != trace::Source::kFaults) {
    return {};
  }
  for (const prediction::ChosenPolicy& policy : setup.policies) {
    if (!policy.choice.blind_ok && !prediction::works_from_faults(*policy.choice.policy)) {
      return fail_with_hint(fmt::format("--policy {},blind=ok", policy.text),
                            "--policy {}: {} has only the faults of a run, and this policy needs "
                            "every access to a page",
                            policy.text, options.trace);
    }
  }
  return {};
}

Result<dime_parameters> network_of(const WhatifOptions& options) {
  dime_parameters parameters = config::default_parameters();
  if (options.preset) {
    DIME_TRY(const Preset* const preset, find_preset(*options.preset));
    parameters.latency_ns = preset->latency_ns();
    parameters.bandwidth_bps = preset->bandwidth_bps;
    parameters.flags |= preset->one_way ? DIME_ONE_WAY : 0U;
  }
  if (options.latency) {
    const auto latency = parse_latency(*options.latency);
    if (!latency.ok()) {
      return fail(0, "--latency {}: {}", *options.latency, latency.problem);
    }
    parameters.latency_ns = latency.value.value;
  }
  if (options.bandwidth) {
    const auto bandwidth = parse_bandwidth(*options.bandwidth);
    if (!bandwidth.ok()) {
      return fail(0, "--bandwidth {}: {}", *options.bandwidth, bandwidth.problem);
    }
    parameters.bandwidth_bps = bandwidth.value.value;
  }
  return parameters;
}

// Sizes that the trace is good for, or, where they were asked for, all of them.
Result<std::vector<std::uint64_t>> sizes_of(const WhatifOptions& options,
                                            const prediction::Program& program) {
  constexpr const char* kUsual = "10%..100%";
  DIME_TRY(std::vector<std::uint64_t> sizes,
           parse_local_sizes(options.local.value_or(kUsual), program.pages));
  if (options.extrapolate) {
    return sizes;
  }
  const auto small = [&](std::uint64_t size) { return size < program.good_from; };
  if (!options.local) {
    std::erase_if(sizes, small);
    if (sizes.empty()) {
      sizes.push_back(std::max<std::uint64_t>(program.pages, program.good_from));
    }
    return sizes;
  }
  if (std::any_of(sizes.begin(), sizes.end(), small)) {
    return fail_with_hint(
        "leave the smaller sizes out, or predict with --extrapolate",
        "--local {}: {} pages are too few: {} is good from {} local pages up ({:.1f}% of its {})",
        *options.local, sizes.front(), options.trace, program.good_from,
        100.0 * program.share(program.good_from), program.pages);
  }
  return sizes;
}

using Json = nlohmann::ordered_json;

Json json_of(const prediction::Point& point, const prediction::Program& program) {
  const prediction::Timing& timing = point.timing;
  return {{"policy", point.policy->text},
          {"prefetch", point.prefetcher->text},
          {"local_pages", point.local_pages},
          {"local_share", program.share(point.local_pages)},
          {"references", point.references},
          {"misses", point.misses},
          {"miss_ratio", point.miss_ratio()},
          {"first_touches", point.first_touches},
          {"evictions", point.evictions},
          {"opt_misses", point.opt_misses},
          {"prefetch_issued", point.prefetch.issued},
          {"prefetch_used", point.prefetch.used - timing.late},
          {"prefetch_late", timing.late},
          {"prefetch_useless", point.prefetch.useless},
          {"prefetch_coverage", point.coverage()},
          {"prefetch_accuracy", point.accuracy()},
          {"fetches", timing.fetches},
          {"stall_s", timing.stall_s},
          {"predicted_wall_s", timing.wall_s},
          {"slow_down", point.slow_down()},
          {"link_bytes_rx", timing.bytes_rx},
          {"link_bytes_tx", timing.bytes_tx},
          {"link_busy_share", timing.busy_share},
          {"sample", program.meta.info.sample},
          {"good", point.good}};
}

void print_table(const std::vector<prediction::Point>& points, const prediction::Program& program) {
  const std::string sample =
      program.meta.info.sample < 1
          ? fmt::format(", estimated from {:.4g}% of them", 100 * program.meta.info.sample)
          : std::string();
  fmt::print("{} references to {} pages{}; good from {} local pages up\n\n", program.references,
             program.pages, sample, program.good_from);
  const auto any_ahead = [](const prediction::Point& point) { return point.prefetch.issued != 0; };
  const bool prefetches = std::any_of(points.begin(), points.end(), any_ahead);
  const auto name_of = [prefetches](const prediction::Point& point) {
    return prefetches ? fmt::format("{} + {}", point.policy->text, point.prefetcher->text)
                      : point.policy->text;
  };
  std::size_t width = sizeof("policy") - 1;
  for (const prediction::Point& point : points) {
    width = std::max(width, name_of(point).size());
  }
  fmt::print("{:<{}} {:>9} {:>7} {:>11} {:>7} {:>11} {:>11} {:>6} {:>10} {:>9}{}\n", "policy",
             width, "local", "share", "misses", "ratio", "opt misses", "evictions", "link",
             "wall s", "slow-down", prefetches ? " coverage accuracy" : "");
  for (const prediction::Point& point : points) {
    fmt::print(
        "{:<{}} {:>8}p {:>6.1f}% {:>11} {:>7.4f} {:>11} {:>11} {:>5.1f}% {:>10.4f} {:>8.3f}x"
        "{}{}\n",
        name_of(point), width, point.local_pages, 100.0 * program.share(point.local_pages),
        point.misses, point.miss_ratio(), point.opt_misses, point.evictions,
        100.0 * point.timing.busy_share, point.timing.wall_s, point.slow_down(),
        prefetches ? fmt::format(" {:>7.1f}% {:>7.1f}%", 100.0 * point.coverage(),
                                 100.0 * point.accuracy())
                   : "",
        point.good ? "" : "  extrapolated");
  }
}

// A recording takes longer than the program alone.
Result<void> check_native(const WhatifOptions& options, const prediction::Program& program,
                          const prediction::PredictionSetup& setup) {
  if (setup.native_ns != 0 && program.meta.info.source != trace::Source::kFaults) {
    return fail(0, "--native {}: {} has no times of a run; allowed: traces of dime record",
                options.native.value_or(""), options.trace);
  }
  if (setup.native_ns > program.wall_ns) {
    return fail(0, "--native {}: longer than the recording; allowed: up to {:.3f}s",
                options.native.value_or(""),
                static_cast<double>(program.wall_ns) / kNanosPerSecond);
  }
  return {};
}

Result<void> predict_and_print(const WhatifOptions& options, prediction::PredictionSetup& setup) {
  DIME_TRY_VOID(check_output({"--json", options.json}, OutputKind::kText, {}));
  Progress reading("reading");
  DIME_TRY(const prediction::Program program,
           prediction::read_program(options.trace, [&](double part) { reading.show(part); }));
  DIME_TRY_VOID(check_source(options, program, setup));
  DIME_TRY_VOID(check_native(options, program, setup));
  DIME_TRY(setup.sizes, sizes_of(options, program));
  Progress replaying("replaying");
  setup.progress = [&](double part) { replaying.show(part); };
  DIME_TRY(const std::vector<prediction::Point> points, prediction::predict(program, setup));
  if (!program.problem.empty()) {
    print_notice(fmt::format("{}: {}; the {} references before that are used", options.trace,
                             program.problem, program.references));
  }
  if (options.json != "-") {
    print_table(points, program);
  }
  if (options.json.empty()) {
    return {};
  }
  auto all = nlohmann::ordered_json::array();
  for (const prediction::Point& point : points) {
    all.push_back(json_of(point, program));
  }
  return write_json(options.json, all);
}

Result<prediction::PredictionSetup> setup_of(const WhatifOptions& options) {
  prediction::PredictionSetup setup;
  std::vector<NamedFile> inputs = {{"the trace", options.trace}};
  DIME_TRY(setup.policies, policies_of(options.policy, inputs));
  DIME_TRY(setup.parameters, network_of(options));
  DIME_TRY(setup.prefetchers, prefetchers_of(options.prefetch, inputs));
  DIME_TRY_VOID(check_other_file({"--json", options.json}, inputs));
  if (options.local) {
    DIME_TRY([[maybe_unused]] const auto sizes, parse_local_sizes(*options.local, 1));
  }
  if (options.native) {
    const auto native = parse_duration(*options.native);
    if (!native.ok() || native.value.value == 0) {
      return fail(0, "--native {}: {}", *options.native,
                  native.ok() ? "is no time; allowed: above 0s" : native.problem);
    }
    setup.native_ns = native.value.value;
  }
  setup.workers = options.jobs != 0 ? options.jobs : std::thread::hardware_concurrency();
  return setup;
}

int run(const WhatifOptions& options) {
  auto setup = setup_of(options);
  if (!setup) {
    print_error(setup.error());
    return kUsage;
  }
  if (auto done = predict_and_print(options, *setup); !done) {
    print_error(done.error());
    return kFailure;
  }
  return kSuccess;
}

std::function<int()> register_whatif(CLI::App& app) {
  auto options = std::make_shared<WhatifOptions>();
  const auto option = [&](const char* name, auto& value, const char* help, const char* type) {
    return app.add_option(name, value, help)->type_name(type);
  };
  option("TRACE", options->trace, "the trace to replay", "")->required();
  option("--local", options->local,
         "local sizes: 100p,64MiB, or 10%..100% of the trace's pages (those that are good)",
         "SIZES");
  option("--policy", options->policy,
         "policies with commas between them: NAME,PARAMETER=VALUE,..., or all (fifo)", "NAMES");
  option("--prefetch", options->prefetch,
         "prefetchers with commas between them: NAME:VALUE,PARAMETER=VALUE,..., tape:TRACE, or all "
         "(none)",
         "NAMES");
  option("--latency", options->latency, "unloaded fetch of one page (5us)", "TIME");
  option("--bandwidth", options->bandwidth, "of the link (40Gbit/s)", "RATE");
  option("--preset", options->preset, "latency and bandwidth of a network: see dime presets",
         "NAME");
  option("--native", options->native,
         "how long the program takes without emulation: better times and slow-downs", "TIME");
  option("--json", options->json, "write the points to this file, - for standard output", "FILE");
  app.add_flag("--extrapolate", options->extrapolate,
               "predict sizes and policies for which the trace is not good, too");
  option("-j,--jobs", options->jobs, "replays at the same time (one for each processor)", "N")
      ->check(CLI::Range(1, 1024));
  return [options] { return run(*options); };
}

}  // namespace

const Command kWhatifCommand = {"whatif", "predict misses and run time of a trace at every size",
                                register_whatif};

}  // namespace dime
