// SPDX-License-Identifier: GPL-2.0
#include "cli/instance_setup.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/own_file.h"
#include "cli/command.h"
#include "cli/fault_path.h"
#include "cli/install_paths.h"
#include "cli/policy_check.h"
#include "cli/prefetch_check.h"
#include "control/directory.h"
#include "control/members.h"
#include "core/link.h"
#include "core/quantity.h"
#include "engines/user/agent/entry.h"
#include "engines/user/calibration/kept_calibration.h"
#include "engines/user/calibration/machine_probes.h"
#include "engines/user/inject/own_image.h"

namespace dime {
namespace {

using config::Key;

constexpr const char* kProbeFile = "dime-probe";

std::string time_text(std::uint64_t nanos) {
  return format_time({nanos}).c_str();
}

// What gives the stall, as the user named it.
std::string stall_option(const EmulationRequest& request, const dime_parameters& parameters) {
  return request.plan.has(Key::kFetchTimes) ? "--fetch-times"
         : request.preset.empty() ? fmt::format("--latency {}", time_text(parameters.latency_ns))
                                  : fmt::format("--preset {}", request.preset);
}

// The least latency whose stall is not below the floor.
std::uint64_t least_latency(const dime_parameters& parameters, std::uint64_t floor_ns) {
  const Nanos transfer = link::transfer_time(kPageBytes, {parameters.bandwidth_bps});
  const std::uint64_t least = (Nanos{floor_ns} - transfer).value;
  return (parameters.flags & DIME_ONE_WAY) != 0 ? (least + 1) / 2 : least;
}

// A kept floor decides nothing to the user's disadvantage: what it would refuse or raise is
// measured.
bool lets_through(const EmulationRequest& request, const dime_placement& placement,
                  std::uint64_t floor_ns) {
  const config::Plan& plan = request.plan;
  return request.allow_floor ||
         (link::unloaded_stall(plan.parameters, &plan.fetch_times).value >= floor_ns &&
          step_below_floor(plan.parameters, plan, floor_ns) == nullptr &&
          tier_below_floor(placement, plan.parameters, floor_ns) == nullptr);
}

// The leads of the thread path are not corrected while the program runs: they are of this minute.
bool may_be_kept(const FaultPath& path) {
  return path.kind == DIME_FAULT_PATH_INLINE;
}

// The floor is the best that this machine does: one noisy measurement must not refuse a stall.
Result<dime_calibration> calibrate_for(const EmulationRequest& request,
                                       const dime_placement& placement,
                                       const Companions& companions, const FaultPath& path,
                                       const KeptCalibration& kept) {
  if (may_be_kept(path) && kept.calibration &&
      lets_through(request, placement, kept.calibration->floor_ns)) {
    return *kept.calibration;
  }
  DIME_TRY(dime_calibration best, calibrate_here(companions, path));
  for (int i = 1; i < kMostCalibrations && refuses(request, best.floor_ns); ++i) {
    DIME_TRY(const dime_calibration again, calibrate_here(companions, path));
    best = again.floor_ns < best.floor_ns ? again : best;
  }
  if (may_be_kept(path)) {
    // Where it cannot be kept, the next run measures, too.
    static_cast<void>(keep_calibration(companions, path, best, {}));
  }
  return best;
}

// What `dime calibrate` found out about such stalls, where that is nothing good.
void note_verdict(const EmulationRequest& request, const std::optional<StallVerdict>& verdict) {
  constexpr std::uint64_t kHour = 3'600;
  const std::uint64_t stall =
      link::unloaded_stall(request.plan.parameters, &request.plan.fetch_times).value;
  if (!verdict || request.allow_floor ||
      (verdict->met_from_ns != 0 && stall >= verdict->met_from_ns)) {
    return;
  }
  const std::string when = verdict->age_s < kHour ? "less than an hour ago"
                                                  : fmt::format("{} h ago", verdict->age_s / kHour);
  const std::string met = verdict->met_from_ns == 0
                              ? "no stall"
                              : fmt::format("stalls from {} up", time_text(verdict->met_from_ns));
  print_notice(fmt::format(
      "stalls of {} may be longer than asked: {} dime calibrate found {} to be met within 5 %",
      time_text(stall), when, met));
}

// The first option that was given and is for new instances.
const char* option_for_new(const EmulationRequest& request) {
  for (const config::Parameter& row : config::kParameters) {
    if (request.plan.has(row.key) && row.option != nullptr && !row.field.of_parameters &&
        row.key != Key::kInstanceId) {
      return row.option;
    }
  }
  return nullptr;
}

// The first option that was given and differs from what the instance has.
const char* conflicting_option(const EmulationRequest& request, const dime_parameters& instance) {
  const config::Parameter* const row = config::first_difference(request.plan, instance);
  return row == nullptr                 ? nullptr
         : row->key == Key::kLocalShare ? config::row_of(Key::kLocalNpages).option
                                        : row->option;
}

// A stall below the floor was accepted.
void note_below_floor(EmulationRequest& request, bool below) {
  config::set_number(config::row_of(Key::kBelowFloor), request.plan, below ? 1 : 0);
}

// A step of the schedule asks for a stall below the floor, which was not accepted.
Result<void> meet_floor_at_steps(const EmulationRequest& request, const dime_parameters& parameters,
                                 std::uint64_t floor_ns) {
  const dime_step* const step = step_below_floor(parameters, request.plan, floor_ns);
  if (step == nullptr || request.allow_floor) {
    return {};
  }
  return fail_with_hint("change less, or accept longer stalls with --allow-floor",
                        "--at {}: the stall from then on is below the floor of {} on this machine",
                        time_text(step->at_ns), time_text(floor_ns));
}

Result<void> meet_floor_at_tiers(EmulationRequest& request, const dime_parameters& parameters,
                                 const dime_placement& placement, std::uint64_t floor_ns) {
  const dime_tier* const tier = tier_below_floor(placement, parameters, floor_ns);
  if (tier == nullptr) {
    return {};
  }
  if (request.allow_floor) {
    note_below_floor(request, true);
    return {};
  }
  return fail_with_hint(
      "raise its latency, or accept longer stalls with --allow-floor",
      "tier {}: its stall of {} is below the floor of {} on this machine", tier->name,
      time_text(link::unloaded_stall(parameters, nullptr, *tier).value), time_text(floor_ns));
}

Result<void> meet_floor_as_asked(EmulationRequest& request, const dime_parameters& parameters,
                                 std::uint64_t floor_ns) {
  const std::uint64_t stall = link::unloaded_stall(parameters, &request.plan.fetch_times).value;
  note_below_floor(request, stall < floor_ns);
  if (stall >= floor_ns || request.allow_floor) {
    return {};
  }
  return fail_with_hint(
      "raise the latency, or accept longer stalls with --allow-floor",
      "{}: its stall of {} is below the floor of {} on this machine; allowed: a latency of {} or "
      "more",
      stall_option(request, parameters), time_text(stall), time_text(floor_ns),
      time_text(least_latency(parameters, floor_ns)));
}

Result<PreparedInstance> join(ControlBlock block, const EmulationRequest& request,
                              const ProcessId& owner) {
  DIME_TRY_VOID(check_same(request, block.id(), block.parameters()));
  if (request.only_thread_path && block->mechanism == DIME_MECHANISM_COPY) {
    return fail(0, "--instance {}: has the mechanism copy, which running processes cannot join",
                block.id());
  }
  note_origin(*block);
  if (!owner_waits(*block)) {
    block->owner_namespaces = own_namespaces();
    block->owner_start_time = owner.start_time;
    block->owner_pid = static_cast<std::uint32_t>(owner.pid);
  }
  return PreparedInstance{std::move(block), false};
}

/// The inline path leaves stacks local whatever a rule says of them.
bool places_stacks(const dime_placement& placement) {
  constexpr std::uint32_t kStacks = 1u << DIME_KIND_STACK;
  return std::any_of(placement.rules, placement.rules + placement.rule_count,
                     [](const dime_rule& rule) {
                       return (rule.kinds & kStacks) != 0 && rule.tier != DIME_TIER_LOCAL;
                     });
}

std::string wanted_fault_path(const EmulationRequest& request, const dime_placement& placement) {
  const bool stacks = request.fault_path == "auto" && places_stacks(placement);
  return request.only_thread_path || stacks ? "thread" : request.fault_path;
}

}  // namespace

Result<void> meet_floor(EmulationRequest& request, const dime_placement& placement,
                        std::uint64_t floor_ns) {
  config::Plan& plan = request.plan;
  DIME_TRY_VOID(meet_floor_at_steps(request, plan.parameters, floor_ns));
  const bool is_default = !plan.has(Key::kLatencyNs) && !plan.has(Key::kFetchTimes);
  if (is_default && link::unloaded_stall(plan.parameters).value < floor_ns) {
    const std::uint64_t least = least_latency(plan.parameters, floor_ns);
    print_notice(fmt::format("latency raised from {} to {}: an emulated access takes {} here",
                             time_text(plan.parameters.latency_ns), time_text(least),
                             time_text(floor_ns)));
    config::set_number(config::row_of(Key::kLatencyNs), plan, least);
  } else {
    DIME_TRY_VOID(meet_floor_as_asked(request, plan.parameters, floor_ns));
  }
  return meet_floor_at_tiers(request, plan.parameters, placement, floor_ns);
}

Result<void> check_change(EmulationRequest& request, const dime_parameters& present,
                          const dime_placement& placement, std::uint64_t floor_ns) {
  dime_parameters parameters = present;
  config::apply(request.plan, parameters);
  DIME_TRY_VOID(meet_floor_at_steps(request, parameters, floor_ns));
  constexpr std::uint32_t kStall = config::kStallKeys | config::bit_of(Key::kFetchTimes);
  if ((request.plan.given & kStall) != 0) {
    DIME_TRY_VOID(meet_floor_as_asked(request, parameters, floor_ns));
  }
  return request.placement.empty() ? Result<void>()
                                   : meet_floor_at_tiers(request, parameters, placement, floor_ns);
}

tl::unexpected<Error> no_instance(const EmulationRequest& request, std::size_t present) {
  constexpr const char* kHint = "dime status lists the instances";
  return request.instance()
             ? fail_with_hint(kHint, "--instance {}: no such instance", *request.instance())
             : fail_with_hint(kHint, "--instance is missing: there are {} instances", present);
}

namespace {

/// What a shared object of the user's can be in an instance.
struct OwnKind {
  const char* option;
  std::string EmulationRequest::*path;  ///< of the shared object; empty = none
  const char* symbol;                   ///< that it exports
  std::string (*published)(std::uint32_t instance_id);

  [[nodiscard]] Result<std::string> image(const EmulationRequest& request,
                                          std::uint64_t created_ns) const {
    return own_image(fmt::format("{} ", option), request.*path, symbol, created_ns);
  }
};

constexpr OwnKind kOwnKinds[] = {
    {"--policy", &EmulationRequest::own_policy, DIME_POLICY_SYMBOL, policy_path},
    {"--prefetch", &EmulationRequest::own_prefetcher, DIME_PREFETCHER_SYMBOL, prefetcher_path},
};

}  // namespace

Result<void> check_choices(const EmulationRequest& request) {
  for (const OwnKind& kind : kOwnKinds) {
    if (!(request.*kind.path).empty()) {
      DIME_TRY([[maybe_unused]] const std::string image, kind.image(request, 0));
    }
  }
  if (request.plan.has(Key::kPolicy) && request.own_policy.empty()) {
    DIME_TRY_VOID(check_policy("--policy ", request.plan.parameters.policy, kUserEngineSees));
  }
  if (request.plan.has(Key::kPrefetch) && request.own_prefetcher.empty()) {
    DIME_TRY_VOID(check_live_prefetcher("--prefetch ", request.plan.parameters.prefetch));
  }
  return {};
}

Result<void> check_tier_choices(const dime_placement& placement) {
  for (const dime_tier& tier : placement.tiers) {
    if ((tier.own & DIME_OWN_POLICY) != 0) {
      DIME_TRY_VOID(
          check_policy(fmt::format("tier {}: policy=", tier.name), tier.policy, kUserEngineSees));
    }
    if ((tier.own & DIME_OWN_PREFETCH) != 0) {
      DIME_TRY_VOID(
          check_live_prefetcher(fmt::format("tier {}: prefetch=", tier.name), tier.prefetch));
    }
  }
  return {};
}

Result<void> ensure_tier_links(const dime_placement& placement) {
  for (const dime_tier& tier : placement.tiers) {
    if ((tier.own & DIME_OWN_LINK) != 0) {
      DIME_TRY_VOID(ensure_link(tier.link));
    }
  }
  return {};
}

Result<void> check_same(const EmulationRequest& request, std::uint32_t id,
                        const dime_parameters& instance) {
  if (const char* const option = option_for_new(request)) {
    return fail_with_hint("leave it out, change the instance with dime config, or use another id",
                          "--instance {}: exists, and {} is for new instances", id, option);
  }
  if (!request.placement.empty()) {
    return fail_with_hint("leave them out, change the instance with dime set, or use another id",
                          "--instance {}: exists, and --tier and --place are for new instances",
                          id);
  }
  for (const OwnKind& kind : kOwnKinds) {
    if (const std::string& path = request.*kind.path; !path.empty()) {
      return fail_with_hint("leave it out, or use another id",
                            "--instance {}: exists, and {} {} is for new instances", id,
                            kind.option, path);
    }
  }
  if (const char* const option = conflicting_option(request, instance)) {
    return fail_with_hint(
        fmt::format("leave {} out, change the instance with dime config, or use another id",
                    option),
        "--instance {}: exists, and {} differs from what it has", id, option);
  }
  return {};
}

// For members, which look for it when they start.
Result<void> publish_own(const EmulationRequest& request, const ControlBlock& block) {
  for (const OwnKind& kind : kOwnKinds) {
    if (!(request.*kind.path).empty()) {
      DIME_TRY(const std::string image, kind.image(request, block->created_ns));
      DIME_TRY_VOID(write_own_file(kind.published(block.id()), image));
    }
  }
  return {};
}

bool refuses(const EmulationRequest& request, std::uint64_t floor_ns) {
  const config::Plan& plan = request.plan;
  return plan.has(Key::kLatencyNs) && !request.allow_floor &&
         link::unloaded_stall(plan.parameters, &plan.fetch_times).value < floor_ns;
}

Result<Companions> find_companions() {
  DIME_TRY(const std::string self, executable_path(::getpid()));
  const std::filesystem::path bin = std::filesystem::path(self).parent_path();
  const auto installed = (bin / kAgentFromProgram).lexically_normal();
  const auto built = bin.parent_path() / "lib";
  std::error_code error;
  for (const std::filesystem::path& folder : {installed, built}) {
    if (std::filesystem::exists(folder / DIME_AGENT_FILE, error)) {
      const std::string agent = folder / DIME_AGENT_FILE;
      // A member keeps the path in a buffer of this size, to hand it to what it starts.
      if (agent.size() >= DIME_PATH_BYTES) {
        return fail_with_hint("install dime in a folder with a shorter path",
                              "the agent's path has {} bytes; allowed: up to {}: {}", agent.size(),
                              DIME_PATH_BYTES - 1, agent);
      }
      // The dynamic loader ends a name in LD_PRELOAD there.
      if (agent.find_first_of(" :") != std::string::npos) {
        return fail_with_hint("build or install dime in a folder without them",
                              "the agent's path has spaces or colons, which LD_PRELOAD cannot "
                              "name: {}",
                              agent);
      }
      return Companions{folder / DIME_AGENT_FILE, folder / kProbeFile};
    }
  }
  return fail_with_hint("build or install dime completely", "{} is neither in {} nor in {}",
                        DIME_AGENT_FILE, installed.string(), built.string());
}

Result<dime_calibration> calibrate_here(const Companions& companions, const FaultPath& path) {
  auto measured = calibrate(companions, path);
  if (!measured) {
    for (const Finding& finding : probe_machine()) {
      // What is required and has a hint is missing, or is not enough for this path.
      if (finding.required && !finding.hint.empty()) {
        return fail_with_hint(finding.hint, "cannot emulate here: {}: {}", finding.name,
                              finding.detail);
      }
    }
  }
  return measured;
}

Result<PreparedInstance> prepare_instance(const EmulationRequest& wanted, pid_t owner_pid) {
  EmulationRequest request = wanted;
  DIME_TRY(const Companions companions, find_companions());
  DIME_TRY(const ProcessId owner, identify(owner_pid));
  DIME_TRY(std::vector<ControlBlock> existing, open_instances());
  for (ControlBlock& block : existing) {
    if (request.instance() == block.id()) {
      return join(std::move(block), request, owner);
    }
  }
  DIME_TRY(const dime_placement placement, new_placement(request.placement));
  DIME_TRY_VOID(check_tier_choices(placement));
  DIME_TRY(FaultPath fault_path,
           choose_fault_path(wanted_fault_path(request, placement), request.mechanism));
  const KeptCalibration kept = find_kept_calibration(companions, fault_path);
  DIME_TRY(const dime_calibration calibration,
           calibrate_for(request, placement, companions, fault_path, kept));
  DIME_TRY_VOID(meet_floor(request, placement, calibration.floor_ns));
  note_verdict(request, kept.verdict);
  const config::Plan& plan = request.plan;
  const NewInstance content{plan.parameters, calibration, owner,
                            plan.keep != 0,  &placement,  std::move(fault_path)};
  auto created = request.instance() ? ControlBlock::create(plan.instance_id, content)
                                    : ControlBlock::create_next(content);
  if (!created && created.error().code == EEXIST) {
    // Another `dime` with the same --instance was faster, between the look above and now.
    DIME_TRY(ControlBlock theirs, ControlBlock::open(control_path(plan.instance_id)));
    return join(std::move(theirs), wanted, owner);
  }
  DIME_TRY(ControlBlock block, std::move(created));
  auto made = block.apply(plan);
  if (made && plan.parameters.link[0] != '\0') {
    made = ensure_link(plan.parameters.link);
  }
  if (made) {
    made = ensure_tier_links(placement);
  }
  if (made) {
    made = publish_own(request, block);
  }
  if (!made) {
    block.remove();
    return tl::unexpected(made.error());
  }
  return PreparedInstance{std::move(block), true};
}

}  // namespace dime
