// SPDX-License-Identifier: GPL-2.0
// dime record: a run, or a while of a running process, whose events go to a trace.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "cli/emulation_options.h"
#include "cli/engine_choice.h"
#include "cli/output.h"
#include "cli/pid_list.h"
#include "cli/placement_options.h"
#include "cli/program_run.h"
#include "cli/recorder.h"
#include "cli/version.h"
#include "core/page_sample.h"
#include "core/quantity.h"

namespace dime {
namespace {

using Clock = std::chrono::steady_clock;
using config::Key;

// What a recording sees are the faults of a small limit: 5 %.
constexpr std::uint32_t kUsualShare = 500;
constexpr std::uint64_t kMostStacks = 1'000'000;
constexpr const char* kUsage = "dime record [OPTIONS] -o TRACE -- PROGRAM [ARGS]";

struct RecordOptions {
  EmulationOptions emulation;
  CLI::App* app = nullptr;
  std::string output;
  std::string pids;
  std::string duration;
  std::string sample;
  std::string stacks;
};

struct RecordPlan {
  ProgramPlan run;  ///< without a program where there are `pids`
  std::vector<pid_t> pids;
  Nanos duration;            ///< 0 = until they end
  std::uint32_t sample = 0;  ///< the share of the pages, per cent times 100; 0 = all
  std::uint32_t stacks = 0;  ///< one in so many accesses with its call stack; 0 = none
};

// Error codes other than 0 are about the program.
Result<void> check_program(RecordOptions& options, ProgramPlan& plan) {
  DIME_TRY(plan.command, command_of(*options.app, kUsage));
  if (!options.duration.empty()) {
    return fail_with_hint("leave it out: a program is recorded to its end",
                          "--for goes with -p, not with a program");
  }
  return {};
}

Result<void> check_processes(RecordOptions& options, RecordPlan& plan) {
  if (command_of(*options.app, kUsage)) {
    return fail_with_hint(kUsage, "-p records running processes; a program is one too many");
  }
  DIME_TRY(plan.pids, parse_pids(options.pids));
  if (options.duration.empty()) {
    return {};
  }
  const auto duration = parse_duration(options.duration);
  if (!duration.ok() || duration.value == Nanos{}) {
    return fail(0, "--for {}: allowed: a time above 0, as 10s", options.duration);
  }
  plan.duration = duration.value;
  return {};
}

Result<void> check_request(EmulationRequest& request) {
  if (!request.plan.has(Key::kLocalNpages) && !request.plan.has(Key::kLocalShare)) {
    set_number(config::row_of(Key::kLocalShare), request.plan, kUsualShare);
  }
  if (request.engine == "kernel") {
    return fail(0, "--engine kernel: only the user engine records; allowed here: auto, user");
  }
  request.engine = "user";
  return {};
}

Result<std::uint32_t> sample_of(const RecordOptions& options) {
  if (options.app->count("--sample") == 0) {
    return 0;
  }
  const auto share = parse_share(options.sample);
  if (!share.ok() || share.value == 0) {
    return fail(0, "--sample {}: allowed: 0.01% to 100% of the pages", options.sample);
  }
  return share.value == page_sample::kAll ? 0 : share.value;
}

// A limit in pages is one of the whole program, of which the sample has its part.
void scale_limit(std::uint32_t sample, config::Plan& plan) {
  if (sample != 0 && plan.parameters.local_share == 0) {
    const std::uint64_t pages = plan.parameters.local_npages * sample / page_sample::kAll;
    set_number(config::row_of(Key::kLocalNpages), plan, std::max<std::uint64_t>(pages, 1));
  }
}

// Threads find their call stacks in the signal of a fault, which the handler thread has not.
Result<void> check_stacks(const RecordOptions& options, RecordPlan& plan) {
  if (options.app->count("--stacks") == 0) {
    return {};
  }
  std::uint64_t every = 0;
  if (!read_decimal(options.stacks, every) || every == 0 || every > kMostStacks) {
    return fail(0, "--stacks {}: allowed: one in 1 to {} accesses", options.stacks, kMostStacks);
  }
  if (!options.pids.empty()) {
    return fail(0, "--stacks: needs --fault-path inline, and -p has the thread path only");
  }
  EmulationRequest& request = plan.run.request;
  if (request.fault_path == "thread") {
    return fail(0, "--stacks: needs --fault-path inline, not thread");
  }
  request.fault_path = "inline";
  plan.stacks = static_cast<std::uint32_t>(every);
  return {};
}

Result<void> check_no_prefetch(const EmulationRequest& request) {
  const auto is_none = [](const char* text) {
    return std::string_view(text) == config::kDefaultPrefetch;
  };
  const char* where = is_none(request.plan.parameters.prefetch) ? nullptr : "--prefetch";
  DIME_TRY(const dime_placement placement, new_placement(request.placement));
  for (const dime_tier& tier : placement.tiers) {
    if ((tier.own & DIME_OWN_PREFETCH) != 0 && !is_none(tier.prefetch)) {
      where = "--tier with prefetch=";
    }
  }
  return where == nullptr
             ? Result<void>()
             : fail_with_hint("dime whatif --prefetch",
                              "{}: a recording keeps the accesses that a prefetcher would hide",
                              where);
}

Result<void> check_trace(const RecordOptions& options, const EmulationRequest& request) {
  std::vector<NamedFile> others = request.inputs;
  others.push_back({"--json", request.json == "-" ? std::string() : request.json});
  return check_output({"-o", options.output}, OutputKind::kTrace, others);
}

// Error codes other than 0 are about the program.
Result<RecordPlan> check(RecordOptions& options) {
  RecordPlan plan;
  DIME_TRY_VOID(options.pids.empty() ? check_program(options, plan.run)
                                     : check_processes(options, plan));
  if (options.output.empty()) {
    return fail_with_hint(kUsage, "-o is missing: the trace to write");
  }
  EmulationRequest& request = plan.run.request;
  DIME_TRY(request, options.emulation.parse());
  if (!plan.pids.empty() && !request.json.empty()) {
    return fail_with_hint("dime attach --json FILE, without a recording",
                          "--json: is the result of a program that dime runs, and -p has none");
  }
  DIME_TRY_VOID(check_request(request));
  DIME_TRY(plan.sample, sample_of(options));
  scale_limit(plan.sample, request.plan);
  DIME_TRY_VOID(check_stacks(options, plan));
  DIME_TRY_VOID(check_no_prefetch(request));
  if (plan.pids.empty()) {
    DIME_TRY_VOID(check_command(plan.run, options.emulation));
    DIME_TRY_VOID(check_trace(options, request));
    return plan;
  }
  DIME_TRY_VOID(check_trace(options, request));
  request.only_thread_path = true;
  DIME_TRY(plan.run.engine, choose_engine(request));
  DIME_TRY_VOID(plan.run.engine->check(request));
  for (const pid_t pid : plan.pids) {
    DIME_TRY_VOID(plan.run.engine->check_attachable(pid));
  }
  return plan;
}

trace::Info info_of(const RecordPlan& plan, const dime_parameters& parameters) {
  trace::Info info;
  info.source = trace::Source::kFaults;
  info.version = kVersion;
  info.command = plan.run.command;
  info.local_npages = parameters.local_share == 0 ? parameters.local_npages : 0;
  info.local_share = parameters.local_share;
  info.policy = parameters.policy;
  if (plan.sample != 0) {
    info.sample = static_cast<double>(plan.sample) / page_sample::kAll;
  }
  info.stacks = plan.stacks;
  return info;
}

Result<std::unique_ptr<Recorder>> start_recorder(const RecordOptions& options,
                                                 const RecordPlan& plan, Session& session) {
  DIME_TRY(const InstanceView view, session.view());
  if (!session.created()) {
    return fail_with_hint("leave --instance out",
                          "--instance {}: exists; a recording needs an instance of its own",
                          view.control->instance_id);
  }
  DIME_TRY(ControlBlock block, ControlBlock::open(control_path(view.control->instance_id)));
  auto writer = trace::Writer::prepare(options.output, info_of(plan, view.parameters));
  if (!writer) {
    writer.error().code = 0;
    return tl::unexpected(writer.error());
  }
  return Recorder::start(std::move(block), std::move(*writer), {plan.sample, plan.stacks});
}

// Waits until the processes have left, the time is over, or somebody ends dime. Returns how long
// that was, in seconds.
Result<double> wait_for_processes(const RecordPlan& plan, Session& session) {
  constexpr timespec kPause{0, 100'000'000};
  sigset_t ends;
  ::sigemptyset(&ends);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    ::sigaddset(&ends, signal);
  }
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);
  const Clock::time_point begin = Clock::now();
  const auto over = [&] {
    return plan.duration != Nanos{} &&
           Clock::now() - begin >= std::chrono::nanoseconds(plan.duration.value);
  };
  bool any = true;
  while (any && !over() && ::sigtimedwait(&ends, nullptr, &kPause) < 0) {
    session.tick();
    DIME_TRY(const std::vector<pid_t> members, session.members());
    any = !members.empty();
  }
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

Result<void> detach_members(Engine& engine, Session& session) {
  DIME_TRY(const std::vector<pid_t> members, session.members());
  Result<void> all;
  for (const pid_t pid : members) {
    // One that ends meanwhile is no error.
    if (const auto gone = engine.detach(pid); !gone && ::kill(pid, 0) == 0) {
      all = tl::unexpected(gone.error());
    }
  }
  return all;
}

Result<double> record_processes(const RecordPlan& plan, Session& session, Recorder& recorder) {
  DIME_TRY_VOID(session.attach(plan.pids));
  recorder.begin();
  DIME_TRY(const double seconds, wait_for_processes(plan, session));
  DIME_TRY_VOID(detach_members(*plan.run.engine, session));
  return seconds;
}

Result<void> finish(const RecordOptions& options, Recorder& recorder, double wall_s) {
  auto recorded = recorder.finish(wall_s);
  if (!recorded) {
    recorded.error().hint = "what is in the trace before that can be used";
    recorded.error().code = 0;
    return tl::unexpected(recorded.error());
  }
  const double each = recorded->events == 0 ? 0
                                            : static_cast<double>(recorded->bytes) /
                                                  static_cast<double>(recorded->events);
  print_notice(fmt::format("{}: {} events, {} bytes ({:.2f} an event)", options.output,
                           recorded->events, recorded->bytes, each));
  if (recorded->waits != 0) {
    print_notice(fmt::format("the program waited for the recorder {} times", recorded->waits));
  }
  if (recorded->lost != 0) {
    print_notice(fmt::format("{} events are missing: their thread was killed as it wrote them",
                             recorded->lost));
  }
  return {};
}

// Returns the exit status of `dime`.
int record_in(const RecordOptions& options, const RecordPlan& plan, Session& session) {
  const auto recorder = start_recorder(options, plan, session);
  if (!recorder) {
    return refuse(recorder.error(), kCannotEmulate);
  }
  if (!plan.pids.empty()) {
    const auto seconds = record_processes(plan, session, **recorder);
    const auto finished =
        seconds ? finish(options, **recorder, *seconds) : tl::unexpected(seconds.error());
    return finished ? kSuccess : refuse(finished.error(), kFailure);
  }
  (*recorder)->begin();
  Sampler sampler(session, plan.run.request.interval);
  const auto child = run_program(session, plan.run, sampler);
  if (!child) {
    return refuse(child.error(), status_of(child.error()));
  }
  const auto finished = finish(options, **recorder, child->wall_s);
  const int status = report_program(*child, plan.run, session, sampler);
  return finished ? status : refuse(finished.error(), kCannotEmulate);
}

int run(RecordOptions& options) {
  const auto plan = check(options);
  if (!plan) {
    return refuse(plan.error(), status_of(plan.error()));
  }
  const auto session = plan->run.engine->prepare(plan->run.request);
  if (!session) {
    return refuse(session.error(), kCannotEmulate);
  }
  const int status = record_in(options, *plan, **session);
  if (const auto left = (*session)->leave(); !left) {
    print_error(left.error());
  }
  return status;
}

std::function<int()> register_record(CLI::App& app) {
  auto options = std::make_shared<RecordOptions>();
  options->app = &app;
  app.add_option("-o,--output", options->output, "the trace to write")->type_name("TRACE");
  app.add_option("-p,--pid", options->pids, "record processes that run: PID[,PID..]");
  app.add_option("--for", options->duration, "with -p: for how long (until they end)")
      ->type_name("TIME");
  app.add_option("--sample", options->sample,
                 "record only this part of the pages, chosen by hash; the others stay local")
      ->type_name("SHARE");
  app.add_option("--stacks", options->stacks,
                 "record the call stack of each access, or of one in N")
      ->type_name("N")
      ->expected(0, 1)
      ->default_str("1");
  options->emulation.add_to(app);
  app.prefix_command();
  app.footer(
      "dime record [OPTIONS] -o TRACE -- PROGRAM [ARGS]: what follows -- is the program, as it "
      "is.\nWithout --local, 5% of the program's memory is local.");
  return [options] { return run(*options); };
}

}  // namespace

const Command kRecordCommand = {"record",
                                "run a program and write what happens to its pages to a trace",
                                register_record, kCannotEmulate};

}  // namespace dime
