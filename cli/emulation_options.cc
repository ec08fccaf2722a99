// SPDX-License-Identifier: GPL-2.0
#include "cli/emulation_options.h"

#include <fmt/format.h>

#include <string_view>

#include "cli/policy_check.h"
#include "cli/prefetch_check.h"
#include "cli/presets.h"
#include "cli/sampler.h"
#include "cli/shared_object.h"
#include "core/quantity.h"

namespace dime {
namespace {

using config::Key;
using config::Kind;
using config::Parameter;
using config::row_of;
using config::set_number;

constexpr const char* kGroup = "What is emulated";

Result<void> check_fault_path(const std::string& path) {
  if (path != "auto" && path != "thread" && path != "inline") {
    return fail(0, "--fault-path {}: allowed: auto, thread or inline", path);
  }
  return {};
}

std::size_t place_of(const Parameter& row) {
  return static_cast<std::size_t>(row.key);
}

// Nothing may be given where the name of a variable was mistyped in a script.
std::string given_to(const Parameter& row, const std::string& text) {
  return fmt::format("{} {}", row.option, text.empty() ? "is empty" : text);
}

template <class T>
Result<T> value_of(const Parameter& row, const std::string& text, const Parsed<T>& parsed) {
  if (!parsed.ok()) {
    return fail(0, "{}: {}", given_to(row, text), parsed.problem);
  }
  return parsed.value;
}

// As a configuration string has it.
Result<void> read_plain(const Parameter& row, const std::string& given, const std::string& text,
                        config::Plan& plan) {
  Text part;
  const char* why = nullptr;
  if (config::read_value(row.key, text, plan, part, why) != config::Reason::kNone) {
    return why != nullptr ? fail(0, "{}: {}", given_to(row, given), why)
                          : fail(0, "{}: allowed: {}", given_to(row, given), row.allowed);
  }
  return {};
}

// The shared object's path goes to `path`, its name and parameters into the plan.
Result<void> read_own(const Parameter& row, Result<OwnChoice> own, EmulationRequest& request,
                      std::string& path) {
  if (!own) {
    return tl::unexpected(std::move(own.error()));
  }
  config::set_name(row, request.plan.parameters, own->text);
  request.plan.give(row.key);
  request.inputs.push_back({row.option, own->path});
  path = std::move(own->path);
  return {};
}

Result<void> read_option(const Parameter& row, const std::string& text, EmulationRequest& request) {
  config::Plan& plan = request.plan;
  const std::string label = fmt::format("{} ", row.option);
  switch (row.kind) {
    case Kind::kTime: {
      DIME_TRY(const Nanos time, value_of(row, text, parse_latency(text)));
      set_number(row, plan, time.value);
      return {};
    }
    case Kind::kRate: {
      DIME_TRY(const BitsPerSecond rate, value_of(row, text, parse_bandwidth(text)));
      set_number(row, plan, rate.value);
      return {};
    }
    case Kind::kWriteRate: {
      const bool same = text == "-";
      DIME_TRY(const BitsPerSecond rate,
               same ? Result<BitsPerSecond>() : value_of(row, text, parse_bandwidth(text)));
      set_number(row, plan, same || !rate.unlimited() ? rate.value : DIME_UNLIMITED);
      return {};
    }
    case Kind::kPages: {
      DIME_TRY(const LocalSize size, value_of(row, text, parse_local(text)));
      size.share == 0 ? set_number(row, plan, size.npages)
                      : set_number(row_of(Key::kLocalShare), plan, size.share);
      return {};
    }
    case Kind::kPolicy:
      return names_shared_object(text)
                 ? read_own(row, check_own_policy(label, text, kUserEngineSees), request,
                            request.own_policy)
                 : read_plain(row, text, text, plan);
    case Kind::kJitter: {
      request.inputs.push_back({row.option, table_path(text)});
      DIME_TRY(std::string jitter, with_table(text));
      request.jitter = std::make_shared<const std::string>(std::move(jitter));
      return read_plain(row, text, *request.jitter, plan);
    }
    case Kind::kFetchTimes: {
      request.inputs.push_back({row.option, text});
      DIME_TRY(plan.fetch_times, read_fetch_times(text));
      plan.give(row.key);
      return {};
    }
    case Kind::kPrefetch:
      if (names_own_prefetcher(text)) {
        return read_own(row, check_own_prefetcher(label, text), request, request.own_prefetcher);
      }
      // What only dime whatif takes may not even have the form of what a configuration string
      // holds.
      if (!text.empty()) {
        DIME_TRY_VOID(check_live_prefetcher(label, text));
      }
      return read_plain(row, text, text, plan);
    default:
      return read_plain(row, text, text, plan);
  }
}

// What a preset gives, single options may still change.
Result<void> take_preset(const std::string& name, EmulationRequest& request) {
  DIME_TRY(const Preset* const preset, find_preset(name));
  set_number(row_of(Key::kLatencyNs), request.plan, preset->latency_ns());
  set_number(row_of(Key::kBandwidthBps), request.plan, preset->bandwidth_bps);
  if (preset->one_way) {
    set_number(row_of(Key::kOneWay), request.plan, 1);
  }
  request.preset = name;
  const Parameter& jitter = row_of(Key::kJitter);
  return *preset->jitter == '\0' ? Result<void>() : read_option(jitter, preset->jitter, request);
}

}  // namespace

void EmulationOptions::add_to(CLI::App& app) {
  add_changes_to(app);
  changes_ = false;
  const auto option = [&](const char* name, auto& value, const char* help, const char* type) {
    app.add_option(name, value, help)->type_name(type)->group(kGroup);
  };
  option("--engine", engine_, "auto, user or kernel", "NAME");
  option("--fault-path", fault_path_, "auto, thread or inline", "NAME");
  option("--mechanism", mechanism_, "auto, move or copy", "NAME");
  option("--json", json_, "write the result to this file, - for standard output", "FILE");
  option("--interval", interval_, "time between two samples in the result", "TIME");
}

void EmulationOptions::add_changes_to(CLI::App& app) {
  changes_ = true;
  for (const Parameter& row : config::kParameters) {
    if (row.option == nullptr) {
      continue;
    }
    CLI::Option* const option =
        row.kind == Kind::kSwitch ? app.add_flag(row.option, switches_[place_of(row)], row.help)
        : row.kind == Kind::kSchedule
            ? app.add_option(row.option, steps_, row.help)->type_name(row.form)
            : app.add_option(row.option, values_[place_of(row)], row.help)->type_name(row.form);
    option->group(kGroup);
  }
  app.add_option("--preset", preset_,
                 "latency, bandwidth and jitter of a network: see dime presets")
      ->type_name("NAME")
      ->group(kGroup);
  app.add_flag("--allow-floor", allow_floor_,
               "accept a stall below what emulation itself costs here")
      ->group(kGroup);
  placement_.add_to(app, kGroup);
  config_.add_to(app, kGroup);
}

Result<EmulationRequest> EmulationOptions::parse() {
  DIME_TRY_VOID(config_.take());
  auto request = parse_values();
  if (request) {
    request->inputs.push_back({"--config", config_.path()});
  }
  return request ? std::move(request) : tl::unexpected(config_.located(request.error()));
}

Result<EmulationRequest> EmulationOptions::parse_values() const {
  EmulationRequest request;
  DIME_TRY_VOID(check_fault_path(fault_path_));
  if (preset_) {
    DIME_TRY_VOID(take_preset(*preset_, request));
  }
  for (const Parameter& row : config::kParameters) {
    if (const std::optional<std::string>& value = values_[place_of(row)]) {
      DIME_TRY_VOID(read_option(row, *value, request));
    }
    if (switches_[place_of(row)]) {
      set_number(row, request.plan, std::string_view(row.option).starts_with("--no-") ? 0 : 1);
    }
  }
  if (values_[place_of(row_of(Key::kLatencyNs))]) {
    request.preset.clear();
  }
  if (!steps_.empty()) {
    DIME_TRY_VOID(read_steps(steps_, request.plan.schedule));
    request.plan.give(Key::kSchedule);
  }
  request.allow_floor = allow_floor_;
  request.json = json_;
  DIME_TRY(request.interval, parse_interval(interval_));
  request.engine = engine_;
  request.fault_path = fault_path_;
  request.mechanism = mechanism_;
  request.placement = placement_.request();
  if (changes_ && !request.own_policy.empty()) {
    return fail_with_hint("dime run --policy, or dime attach --policy",
                          "--policy {}: a policy of one's own is chosen when the instance starts",
                          request.own_policy);
  }
  if (changes_ && !request.own_prefetcher.empty()) {
    return fail_with_hint(
        "dime run --prefetch, or dime attach --prefetch",
        "--prefetch {}: a prefetcher of one's own is chosen when the instance starts",
        request.own_prefetcher);
  }
  // What is to be changed may refer to tiers that are there, and stays as it was made.
  if (!changes_) {
    DIME_TRY_VOID(new_placement(request.placement));
    set_number(row_of(Key::kKeep), request.plan, 0);
  }
  return request;
}

}  // namespace dime
