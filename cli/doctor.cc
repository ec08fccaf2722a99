// SPDX-License-Identifier: GPL-2.0
// dime doctor: each line is tried, not derived from a version number.
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/command.h"
#include "cli/fault_path.h"
#include "cli/instance_setup.h"
#include "cli/version.h"
#include "control/runtime_directory.h"
#include "engines/kernel/client/client.h"
#include "engines/user/calibration/machine_probes.h"
#include "report/json.h"

namespace dime {
namespace {

constexpr const char* kKernelEngine = "kernel engine";

Finding probe_agent() {
  const auto companions = find_companions();
  if (!companions) {
    return {"agent", false, /*required=*/true, companions.error().message, companions.error().hint};
  }
  return {"agent", true, /*required=*/true, companions->agent, {}};
}

Finding probe_runtime_directory() {
  const auto usable = ensure_runtime_directory();
  if (!usable) {
    return {"instances", false, /*required=*/true, usable.error().message, usable.error().hint};
  }
  const std::string& directory = *usable;
  const UniqueFd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file.valid()) {
    return {"instances", false, /*required=*/true,
            fail(errno, "{} cannot hold control blocks", directory).value().message,
            "set DIME_RUNTIME_DIR to a writable folder of a tmpfs"};
  }
  return {"instances", true, /*required=*/true, directory + " can hold control blocks", {}};
}

Finding probe_kernel_engine() {
  const kernel::Client client;
  if (const auto usable = client.check_usable(); !usable) {
    return {kKernelEngine, false, /*required=*/false, usable.error().message, usable.error().hint};
  }
  const auto stats = client.stats();
  return {kKernelEngine,
          true,
          /*required=*/false,
          fmt::format("dime.ko {} is loaded", stats ? stats->version : ""),
          {}};
}

// The proof: a program of our own under emulation.
Finding probe_emulation() {
  Finding finding{"emulation", false, /*required=*/true, {}, {}};
  const auto companions = find_companions();
  const auto mechanism = choose_mechanism("auto");
  const bool copies = mechanism && *mechanism == DIME_MECHANISM_COPY;
  const auto path = choose_fault_path(copies ? "inline" : "thread", "auto");
  const auto measured = !companions ? Result<dime_calibration>(tl::unexpected(companions.error()))
                        : !path     ? Result<dime_calibration>(tl::unexpected(path.error()))
                                    : calibrate(*companions, *path);
  finding.available = measured.has_value();
  finding.detail = measured ? fmt::format("a remote access takes {:.1f} us at zero latency",
                                          static_cast<double>(measured->floor_ns) / 1e3)
                            : measured.error().message;
  return finding;
}

Finding probe_inline_path() {
  Finding finding{"inline fault path", false, /*required=*/false, {}, {}};
  const auto companions = find_companions();
  const auto choice = choose_fault_path("inline", "auto");
  if (!companions || !choice) {
    finding.detail = choice ? companions.error().message : choice.error().message;
    return finding;
  }
  const auto measured = calibrate(*companions, *choice);
  finding.available = measured.has_value();
  finding.detail = measured ? fmt::format("a remote access takes {:.1f} us at zero latency",
                                          static_cast<double>(measured->floor_ns) / 1e3)
                            : measured.error().message;
  return finding;
}

// One of the engines is enough.
bool works(const std::vector<Finding>& findings) {
  const bool user = std::all_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.available || !finding.required;
  });
  return user || std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
           return finding.available && finding.name == kKernelEngine;
         });
}

std::vector<Finding> examine() {
  std::vector<Finding> findings = probe_machine();
  findings.push_back(probe_agent());
  findings.push_back(probe_runtime_directory());
  if (works(findings)) {
    findings.push_back(probe_emulation());
    findings.push_back(probe_inline_path());
  }
  findings.push_back(probe_kernel_engine());
  return findings;
}

void print_text(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    const char* const state = finding.available  ? "available"
                              : finding.required ? "MISSING"
                                                 : "missing";
    fmt::print("{:<14} {:<10} {}\n", finding.name, state, finding.detail);
    if (!finding.hint.empty()) {
      fmt::print("{:<25} fix: {}\n", "", finding.hint);
    }
  }
  fmt::print("\ndime run {} here.\n", works(findings) ? "works" : "does not work");
}

void print_json(const std::vector<Finding>& findings) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    list.push_back({{"name", finding.name},
                    {"available", finding.available},
                    {"required", finding.required},
                    {"detail", finding.detail},
                    {"mend", finding.hint}});
  }
  const nlohmann::ordered_json all = {{"schema", kResultSchema},
                                      {"version", kVersion},
                                      {"works", works(findings)},
                                      {"findings", list}};
  fmt::print("{}\n", all.dump(2));
}

std::function<int()> register_doctor(CLI::App& app) {
  auto json = std::make_shared<bool>(false);
  app.add_flag("--json", *json, "print JSON");
  return [json] {
    const std::vector<Finding> findings = examine();
    *json ? print_json(findings) : print_text(findings);
    return int{works(findings) ? kSuccess : kFailure};
  };
}

}  // namespace

const Command kDoctorCommand = {
    "doctor", "what this machine can do, what is missing, and the command that fixes it",
    register_doctor};

}  // namespace dime
