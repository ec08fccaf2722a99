// SPDX-License-Identifier: GPL-2.0
#include "engines/kernel/client/config_text.h"

#include <fmt/format.h>

namespace dime::kernel {

std::string schedule_text(const dime_schedule& schedule) {
  constexpr std::uint64_t kKilo = 1'000;
  std::string text;
  for (std::uint32_t i = 0; i < schedule.count; ++i) {
    const dime_step& step = schedule.steps[i];
    std::vector<std::string> changes;
    if ((step.what & DIME_STEP_LATENCY) != 0) {
      changes.push_back(fmt::format("latency={}ns", step.latency_ns));
    }
    if ((step.what & DIME_STEP_BANDWIDTH) != 0) {
      changes.push_back(step.bandwidth_bps == 0
                            ? "bandwidth=unlimited"
                            : fmt::format("bandwidth={}.{:03}kbit/s", step.bandwidth_bps / kKilo,
                                          step.bandwidth_bps % kKilo));
    }
    if ((step.what & DIME_STEP_DOWN) != 0) {
      changes.emplace_back("down");
    }
    if ((step.what & DIME_STEP_UP) != 0) {
      changes.emplace_back("up");
    }
    text += fmt::format("{}{}ns:{}", text.empty() ? "" : ";", step.at_ns, fmt::join(changes, ","));
  }
  return text;
}

std::string fetch_times_text(const dime_fetch_times& times) {
  std::string text;
  for (std::uint32_t i = 0; i < times.count; ++i) {
    text +=
        fmt::format("{}{}:{}", text.empty() ? "" : ",", times.sizes[i].bytes, times.sizes[i].ns);
  }
  return text;
}

const char* wait_name(std::uint32_t wait) {
  constexpr const char* kWaits[] = {"auto", "spin", "sleep"};
  return kWaits[wait];
}

std::string creation_text(std::uint32_t id, const dime_parameters& parameters) {
  const auto flag = [&](std::uint32_t which) { return (parameters.flags & which) != 0 ? 1 : 0; };
  const std::string local = parameters.local_share == 0
                                ? fmt::format("local_npages={}", parameters.local_npages)
                                : fmt::format("local_share={}", parameters.local_share);
  std::string text = fmt::format(
      "instance_id={} latency_ns={} bandwidth_bps={} {} policy={} one_way={} "
      "charge_first_touch={} writeback={} follow_children={} scope={} wait={} writeback_depth={} "
      "keep=0",
      id, parameters.latency_ns, parameters.bandwidth_bps, local, parameters.policy,
      flag(DIME_ONE_WAY), flag(DIME_CHARGE_FIRST_TOUCH), flag(DIME_WRITEBACK),
      flag(DIME_FOLLOW_CHILDREN), parameters.scope == DIME_SCOPE_ALL ? "all" : "anon",
      wait_name(parameters.wait), parameters.writeback_depth);
  if (parameters.link[0] != '\0') {
    text += fmt::format(" link={}", parameters.link);
  }
  return text;
}

std::string members_text(std::uint32_t id, char sign, const std::vector<pid_t>& pids) {
  return fmt::format("instance_id={} pid={}{}", id, sign, fmt::join(pids, ","));
}

std::string removal_text(std::uint32_t id) {
  return fmt::format("instance_id={} remove=1", id);
}

}  // namespace dime::kernel
