// SPDX-License-Identifier: GPL-2.0
// Results as JSON, schema 1: the keys are an interface and only ever grow.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "report/run_result.h"

namespace dime {

inline constexpr int kResultSchema = 1;

/// The result object, keys in the order of the documentation.
nlohmann::ordered_json to_json(const RunResult& result);

/// The parameters as they appear under "config" of a result and in `dime status --json`.
/// `kernel_engine`: the engine that they are of, which sees more than the other.
nlohmann::ordered_json to_json(const dime_parameters& parameters, std::uint64_t target_ns,
                               bool kernel_engine);

/// The arrays "tiers" and "rules" of a result and of `dime status --json`.
nlohmann::ordered_json tiers_json(const RunResult& result);
nlohmann::ordered_json rules_json(const RunResult& result);

/// The objects "faults", "evictions" and "prefetch" of an instance or a tier. `tells_system_calls`
/// as in RunResult.
nlohmann::ordered_json faults_json(const dime_counters& counters, bool tells_system_calls);
nlohmann::ordered_json evictions_json(const dime_counters& counters);
nlohmann::ordered_json prefetch_json(const dime_counters& counters);

/// The array "samples" of a result.
nlohmann::ordered_json samples_json(const std::vector<Sample>& samples);

/// One of its objects; `dime status --follow --json` prints them too.
nlohmann::ordered_json to_json(const Sample& sample);

/// Adds what shapes the network besides latency and bandwidth to such an object.
void add_network(nlohmann::ordered_json& config, const NetworkAsked& network);

/// Writes `value` and a newline to the file, which appears whole or not at all; "-" is standard
/// output. Code 0.
Result<void> write_json(const std::string& path, const nlohmann::ordered_json& value);

}  // namespace dime
