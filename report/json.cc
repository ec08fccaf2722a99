// SPDX-License-Identifier: GPL-2.0
#include "report/json.h"

#include <cstdio>

#include "base/file_text.h"
#include "core/parameters.h"
#include "core/policy_choice.h"
#include "policies/registry.h"

namespace dime {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Machine& machine) {
  return {{"kernel", machine.kernel},
          {"cpu", machine.cpu},
          {"cpus", machine.cpus},
          {"memory_bytes", machine.memory_bytes},
          {"page_bytes", machine.page_bytes}};
}

Json to_json(const StallTimes& stall) {
  Json buckets = Json::array();
  for (const auto& [upper, count] : stall.histogram) {
    buckets.push_back({upper, count});
  }
  return {
      {"target", stall.target_ns}, {"floor", stall.floor_ns}, {"count", stall.count},
      {"mean", stall.mean_ns},     {"p50", stall.p50_ns},     {"p90", stall.p90_ns},
      {"p99", stall.p99_ns},       {"max", stall.max_ns},     {"histogram", std::move(buckets)}};
}

Json to_json(const LinkUse& rx, const LinkUse& tx) {
  return {{"bytes_rx", rx.bytes},
          {"bytes_tx", tx.bytes},
          {"busy_share", rx.busy_share},
          {"busy_share_tx", tx.busy_share},
          {"queue_ns_mean", rx.queue_ns_mean},
          {"queue_ns_mean_tx", tx.queue_ns_mean}};
}

Json to_json(const dime_step& step) {
  Json json = {{"at_ns", step.at_ns}};
  if ((step.what & DIME_STEP_LATENCY) != 0) {
    json["latency_ns"] = step.latency_ns;
  }
  if ((step.what & DIME_STEP_BANDWIDTH) != 0) {
    json["bandwidth_bps"] = step.bandwidth_bps;
  }
  if ((step.what & (DIME_STEP_DOWN | DIME_STEP_UP)) != 0) {
    json["link"] = (step.what & DIME_STEP_DOWN) != 0 ? "down" : "up";
  }
  return json;
}

}  // namespace

Json faults_json(const dime_counters& counters, bool tells_system_calls) {
  return {{"total", counters.faults_first_touch + counters.faults_remote},
          {"first_touch", counters.faults_first_touch},
          {"remote", counters.faults_remote},
          {"joined", counters.faults_joined},
          {"system_call", tells_system_calls ? Json(counters.faults_system_call) : Json()}};
}

Json prefetch_json(const dime_counters& counters) {
  const std::uint64_t of_use = counters.prefetch_used + counters.prefetch_late;
  const auto part = [of_use](std::uint64_t others) {
    return of_use + others == 0
               ? Json()
               : Json(static_cast<double>(of_use) / static_cast<double>(of_use + others));
  };
  return {
      {"issued", counters.prefetch_issued},       {"used", counters.prefetch_used},
      {"late", counters.prefetch_late},           {"useless", counters.prefetch_useless},
      {"coverage", part(counters.faults_remote)}, {"accuracy", part(counters.prefetch_useless)}};
}

Json evictions_json(const dime_counters& counters) {
  Json clean;
  Json dirty;  // null where some were not told apart
  if (counters.evictions_unknown == 0) {
    clean = counters.evictions_clean;
    dirty = counters.evictions_dirty;
  }
  return {{"total", evictions_of(counters)},
          {"clean", std::move(clean)},
          {"dirty", std::move(dirty)},
          {"refused", counters.evictions_refused}};
}

void add_network(Json& config, const NetworkAsked& network) {
  Json jitter;  // null without
  if (network.jitter_shape != DIME_JITTER_NONE) {
    jitter = {{"shape", jitter::name_of(network.jitter_shape)},
              {"deviation_ns", network.jitter_deviation_ns},
              {"correlation_percent", network.jitter_correlation / 100.0},
              {"seed", network.seed}};
  }
  Json times = Json::array();
  for (std::uint32_t i = 0; i < network.fetch_times.count; ++i) {
    times.push_back({network.fetch_times.sizes[i].bytes, network.fetch_times.sizes[i].ns});
  }
  Json steps = Json::array();
  for (std::uint32_t i = 0; i < network.schedule.count; ++i) {
    steps.push_back(to_json(network.schedule.steps[i]));
  }
  config["jitter"] = std::move(jitter);
  config["fetch_times"] = std::move(times);
  config["schedule"] = std::move(steps);
  config["outage_max_ns"] = network.schedule.outage_max_ns;
}

namespace {

Json to_json(const ProcessUse& process, bool tells_system_calls) {
  return {{"pid", process.pid},
          {"parent_pid", process.parent_pid},
          {"comm", process.comm},
          {"faults", process.first_touch + process.remote},
          {"first_touch", process.first_touch},
          {"remote", process.remote},
          {"joined", process.joined},
          {"system_call", tells_system_calls ? Json(process.system_call) : Json()},
          {"evictions", process.evictions},
          {"stall_ns", process.stall_ns}};
}

/// Exactly one of the two is not null.
struct LocalJson {
  Json pages;
  Json percent;
};

LocalJson local_json(std::uint64_t npages, std::uint32_t share) {
  return share == 0 ? LocalJson{npages, nullptr} : LocalJson{nullptr, share / 100.0};
}

Json to_json(const TierUse& tier, bool tells_system_calls) {
  LocalJson local;
  Json pages;
  Json link;
  if (tier.own_limit && !tier.always_local) {
    local = local_json(tier.local_npages, tier.local_share);
  }
  if (tier.own_limit) {
    pages = {{"local_peak", tier.local_peak}, {"managed_peak", tier.managed_peak}};
  }
  if (tier.own_link) {
    link = to_json(tier.rx, tier.tx);
  }
  return {{"name", tier.name},
          {"config",
           {{"always_local", tier.always_local},
            {"local_npages", local.pages},
            {"local_percent", local.percent},
            {"latency_ns", tier.latency_ns},
            {"bandwidth_bps", tier.bandwidth_bps},
            {"policy", tier.policy},
            {"prefetch", tier.prefetch},
            {"link", tier.link}}},
          {"faults", faults_json(tier.counters, tells_system_calls)},
          {"evictions", evictions_json(tier.counters)},
          {"prefetch", prefetch_json(tier.counters)},
          {"pages", std::move(pages)},
          {"stall_ns", to_json(tier.stall)},
          {"link", std::move(link)}};
}

Json to_json(const PhaseUse& phase) {
  return {{"name", phase.name},
          {"pid", phase.pid},
          {"start_s", phase.start_s},
          {"wall_s", phase.wall_s},
          {"first_touch", phase.first_touch},
          {"remote", phase.remote},
          {"joined", phase.joined},
          {"evictions", phase.evictions},
          {"stall_ns", phase.stall_ns}};
}

/// True where the policy goes by faults alone, as the engine does not see what it needs.
bool is_blind(const char* policy, bool kernel_engine) {
  const dime_policy_ops* const known = policies::find(policy_choice::name_of(policy));
  if (known == nullptr) {
    return std::string_view(policy).find(",blind=ok") != std::string_view::npos;
  }
  return policy_choice::is_blind(*known, kernel_engine ? DIME_SEES_ACCESSED : 0);
}

Error file_error(int code, const std::string& path) {
  Error error = fail(code, "--json {}: cannot be written", path).value();
  error.code = 0;
  return error;
}

}  // namespace

Json to_json(const dime_parameters& parameters, std::uint64_t target_ns, bool kernel_engine) {
  const LocalJson local = local_json(parameters.local_npages, parameters.local_share);
  Json json = {{"local_npages", local.pages}, {"local_percent", local.percent}};
  for (const config::Parameter& row : config::kParameters) {
    if (!row.field.of_parameters || json.contains(row.name) ||
        row.key == config::Key::kLocalShare) {
      continue;
    }
    const std::uint64_t number = config::is_name(row) ? 0 : config::shown_number(row, parameters);
    json[row.name] = config::is_name(row)                ? Json(config::name_in(row, parameters))
                     : row.kind == config::Kind::kSwitch ? Json(number != 0)
                     : row.kind == config::Kind::kChoice ? Json(config::word_of(row, number))
                                                         : Json(number);
  }
  json["target_ns"] = target_ns;
  json["policy_blind"] = is_blind(parameters.policy, kernel_engine);
  return json;
}

Json tiers_json(const RunResult& result) {
  Json tiers = Json::array();
  for (const TierUse& tier : result.tiers) {
    tiers.push_back(to_json(tier, result.tells_system_calls));
  }
  return tiers;
}

Json rules_json(const RunResult& result) {
  Json rules = Json::array();
  for (const RuleUse& rule : result.rules) {
    rules.push_back({{"rule", rule.text}, {"matched", rule.matched}});
  }
  return rules;
}

Json to_json(const RunResult& result) {
  Json phases = Json::array();
  for (const PhaseUse& phase : result.phases) {
    phases.push_back(to_json(phase));
  }
  Json faults = faults_json(result.counters, result.tells_system_calls);
  faults["late_adopted"] = result.counters.late_adopted;
  Json processes = Json::array();
  for (const ProcessUse& process : result.processes) {
    processes.push_back(to_json(process, result.tells_system_calls));
  }
  const dime_counters& counters = result.counters;
  Json config = to_json(result.parameters, result.stall.target_ns, result.engine == "kernel");
  add_network(config, result.network);
  config["instance_id"] = result.instance_id;
  config["shared_instance"] = result.shared_instance;
  constexpr double kNanos = 1e9;
  return {{"schema", kResultSchema},
          {"dime",
           {{"version", result.version},
            {"engine", result.engine},
            {"fault_path", result.fault_path},
            {"mechanism", result.mechanism},
            {"privileges", result.privileges}}},
          {"machine", to_json(result.machine)},
          {"command", result.command},
          {"exit_status", result.exit_status},
          {"config", std::move(config)},
          {"wall_s", result.wall_s},
          {"user_s", result.user_s},
          {"sys_s", result.sys_s},
          {"summary",
           {{"stall_s", static_cast<double>(result.stall_ns) / kNanos},
            {"stall_share", result.stall_share()},
            {"thread_s", static_cast<double>(result.thread_ns) / kNanos}}},
          {"faults", std::move(faults)},
          {"evictions", evictions_json(counters)},
          {"prefetch", prefetch_json(counters)},
          {"pages",
           {{"local_peak", result.levels.local_peak},
            {"managed_peak", result.levels.managed_peak},
            {"unmanaged_peak", result.levels.unmanaged_peak},
            {"sampled", result.pages_are_sampled()}}},
          {"stall_ns", to_json(result.stall)},
          {"link", to_json(result.rx, result.tx)},
          {"not_followed", counters.not_followed},
          {"last_problem", result.last_problem},
          {"tiers", tiers_json(result)},
          {"rules", rules_json(result)},
          {"phases", std::move(phases)},
          {"processes", std::move(processes)},
          {"samples", samples_json(result.samples)}};
}

Result<void> write_json(const std::string& path, const Json& value) {
  // Names of programs may hold any bytes; what is not UTF-8 is replaced rather than refused.
  const std::string text = value.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
  if (path == "-") {
    const bool written =
        std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
    return written ? Result<void>() : tl::unexpected(file_error(errno, path));
  }
  if (const auto written = write_text_file(path, text); !written) {
    return tl::unexpected(file_error(written.error().code, path));
  }
  return {};
}

}  // namespace dime
