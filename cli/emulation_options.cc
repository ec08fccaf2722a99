// SPDX-License-Identifier: GPL-2.0
#include "cli/emulation_options.h"

#include "cli/presets.h"
#include "core/config_string.h"
#include "core/quantity.h"
#include "policies/registry.h"

namespace dime {
namespace {

// The figure that most applications of the OSDI'16 study of disaggregation were found to need.
constexpr std::uint64_t kDefaultLatencyNs = 5'000;
constexpr std::uint64_t kDefaultBandwidthBps = 40'000'000'000;
constexpr std::uint32_t kDefaultLocalShare = 5'000;
constexpr std::uint32_t kDefaultWritebackDepth = 64;
constexpr const char* kDefaultPolicy = "fifo";
constexpr const char* kGroup = "What is emulated";

Text text_of(const std::string& text) {
  return {text.data(), static_cast<std::uint32_t>(text.size())};
}

template <class T>
Result<T> value_of(const char* option, const std::string& text, const Parsed<T>& parsed) {
  if (!parsed.ok()) {
    return fail(0, "{} {}: {}", option, text, parsed.problem);
  }
  return parsed.value;
}

void copy_name(char (&to)[DIME_NAME_BYTES], const std::string& from) {
  to[from.copy(to, sizeof to - 1)] = '\0';
}

Result<std::uint32_t> parse_wait(const std::string& text) {
  if (text == "auto") {
    return std::uint32_t{DIME_WAIT_AUTO};
  }
  if (text == "spin") {
    return std::uint32_t{DIME_WAIT_SPIN};
  }
  if (text == "sleep") {
    return std::uint32_t{DIME_WAIT_SLEEP};
  }
  return fail(0, "--wait {}: allowed: auto, spin or sleep", text);
}

Result<std::uint32_t> parse_instance(const std::string& text) {
  std::uint64_t id = 0;
  if (!read_decimal(text_of(text), id) || id > config::kMaxInstanceId) {
    return fail(0, "--instance {}: allowed: a number from 0 to {}", text, config::kMaxInstanceId);
  }
  return static_cast<std::uint32_t>(id);
}

Result<void> check_fault_path(const std::string& path) {
  if (path != "auto" && path != "thread" && path != "inline") {
    return fail(0, "--fault-path {}: allowed: auto, thread or inline", path);
  }
  return {};
}

}  // namespace

dime_parameters default_parameters() {
  dime_parameters parameters{};
  parameters.latency_ns = kDefaultLatencyNs;
  parameters.bandwidth_bps = kDefaultBandwidthBps;
  parameters.local_share = kDefaultLocalShare;
  parameters.flags = DIME_WRITEBACK | DIME_FOLLOW_CHILDREN;
  parameters.wait = DIME_WAIT_AUTO;
  parameters.scope = DIME_SCOPE_ANON;
  parameters.writeback_depth = kDefaultWritebackDepth;
  copy_name(parameters.policy, kDefaultPolicy);
  return parameters;
}

void EmulationOptions::add_to(CLI::App& app) {
  add_changes_to(app);
  changes_ = false;
  const auto option = [&](const char* name, auto& value, const char* help, const char* type) {
    app.add_option(name, value, help)->type_name(type)->group(kGroup);
  };
  option("--engine", engine_, "auto, user or kernel", "NAME");
  option("--fault-path", fault_path_, "auto, thread or inline", "NAME");
  option("--json", json_, "write the result to this file, - for standard output", "FILE");
}

void EmulationOptions::add_changes_to(CLI::App& app) {
  changes_ = true;
  const auto option = [&](const char* name, auto& value, const char* help, const char* type) {
    app.add_option(name, value, help)->type_name(type)->group(kGroup);
  };
  const auto flag = [&](const char* name, bool& value, const char* help) {
    app.add_flag(name, value, help)->group(kGroup);
  };
  option("--local", local_, "pages kept local: 2000p, 64MiB or 25% of those touched (50%)", "SIZE");
  option("--latency", latency_, "unloaded fetch of one page, as in 3us (5us)", "TIME");
  option("--bandwidth", bandwidth_, "of the link, as in 40Gbit/s or 5GB/s, or unlimited (40Gbit/s)",
         "RATE");
  option("--preset", preset_, "latency, bandwidth and jitter of a network: see dime presets",
         "NAME");
  option("--policy", policy_, "which page becomes remote: see dime policies (fifo)", "NAME");
  option("--link", link_, "share the link of this name with other instances", "NAME");
  option("--wait", wait_, "how a stall passes: auto, spin or sleep (auto)", "HOW");
  option("--instance", instance_, "id of the instance to create, to join or to change", "ID");
  flag("--no-follow", no_follow_, "leave the program's children out");
  flag("--one-way", one_way_, "charge the latency twice, as the original DiME did");
  flag("--charge-first-touch", charge_first_touch_, "delay first touches too");
  flag("--no-writeback", no_writeback_, "evicting a changed page uses no bandwidth");
  option("--writeback-depth", writeback_depth_,
         "pages that may queue for write-back before an eviction stalls (64)", "N");
  flag("--allow-floor", allow_floor_, "accept a stall below what emulation itself costs here");
  network_.add_to(app, kGroup);
  placement_.add_to(app, kGroup);
  config_.add_to(app, kGroup);
}

// What a preset gives, single options may still change.
Result<void> EmulationOptions::take_preset(EmulationRequest& request) const {
  DIME_TRY(const Preset* const preset, find_preset(*preset_));
  request.parameters.latency_ns = preset->latency_ns();
  request.parameters.bandwidth_bps = preset->bandwidth_bps;
  request.parameters.flags |= preset->one_way ? DIME_ONE_WAY : 0u;
  request.given |=
      kGivenLatency | kGivenBandwidth | (preset->one_way ? std::uint32_t{kGivenOneWay} : 0);
  if (*preset->jitter != '\0' && !request.network.jitter) {
    request.network.jitter = preset->jitter;
  }
  request.preset = *preset_;
  return {};
}

Result<EmulationRequest> EmulationOptions::parse() {
  DIME_TRY_VOID(config_.take());
  auto request = parse_values();
  return request ? std::move(request) : tl::unexpected(config_.located(request.error()));
}

Result<EmulationRequest> EmulationOptions::parse_values() const {
  EmulationRequest request;
  dime_parameters& parameters = request.parameters;
  parameters = default_parameters();
  DIME_TRY_VOID(check_fault_path(fault_path_));
  DIME_TRY(request.network, network_.parse());
  if (preset_) {
    DIME_TRY_VOID(take_preset(request));
  }
  if (local_) {
    DIME_TRY(const LocalSize size, value_of("--local", *local_, parse_local(text_of(*local_))));
    parameters.local_npages = size.npages;
    parameters.local_share = size.share;
    request.given |= kGivenLocal;
  }
  if (latency_) {
    DIME_TRY(const Nanos latency,
             value_of("--latency", *latency_, parse_latency(text_of(*latency_))));
    parameters.latency_ns = latency.value;
    request.given |= kGivenLatency;
    request.preset.clear();
  }
  if (bandwidth_) {
    DIME_TRY(const BitsPerSecond bandwidth,
             value_of("--bandwidth", *bandwidth_, parse_bandwidth(text_of(*bandwidth_))));
    parameters.bandwidth_bps = bandwidth.value;
    request.given |= kGivenBandwidth;
  }
  if (policy_) {
    if (!config::is_name(text_of(*policy_))) {
      return fail(0, "--policy {}: not a name; allowed: {}", *policy_,
                  config::allowed_for(config::Key::kPolicy));
    }
    copy_name(parameters.policy, *policy_);
    request.given |= kGivenPolicy;
  }
  if (link_) {
    if (!config::is_name(text_of(*link_))) {
      return fail(0, "--link {}: not a name; allowed: {}", *link_,
                  config::allowed_for(config::Key::kLink));
    }
    copy_name(parameters.link, *link_);
    request.given |= kGivenLink;
  }
  if (wait_) {
    DIME_TRY(parameters.wait, parse_wait(*wait_));
    request.given |= kGivenWait;
  }
  if (writeback_depth_) {
    std::uint64_t depth = 0;
    if (!read_decimal(text_of(*writeback_depth_), depth) || depth > config::kMaxWritebackDepth) {
      return fail(0, "--writeback-depth {}: allowed: {}", *writeback_depth_,
                  config::allowed_for(config::Key::kWritebackDepth));
    }
    parameters.writeback_depth = static_cast<std::uint32_t>(depth);
    request.given |= kGivenWritebackDepth;
  }
  if (instance_) {
    DIME_TRY(request.instance, parse_instance(*instance_));
  }
  const auto set_flag = [&](bool given, std::uint32_t which, std::uint32_t on, std::uint32_t off) {
    if (given) {
      parameters.flags = (parameters.flags | on) & ~off;
      request.given |= which;
    }
  };
  set_flag(no_follow_, kGivenNoFollow, 0, DIME_FOLLOW_CHILDREN);
  set_flag(one_way_, kGivenOneWay, DIME_ONE_WAY, 0);
  set_flag(charge_first_touch_, kGivenChargeFirstTouch, DIME_CHARGE_FIRST_TOUCH, 0);
  set_flag(no_writeback_, kGivenNoWriteback, 0, DIME_WRITEBACK);
  request.allow_floor = allow_floor_;
  request.json = json_;
  request.engine = engine_;
  request.fault_path = fault_path_;
  request.placement = placement_.request();
  // What is to be changed may refer to tiers that are there.
  if (!changes_) {
    DIME_TRY_VOID(new_placement(request.placement));
  }
  return request;
}

std::string policy_names() {
  std::string names;
  for (const dime_policy_ops* const policy : policies::kAll) {
    names += names.empty() ? "" : ", ";
    names += policy->name;
  }
  return names;
}

}  // namespace dime
