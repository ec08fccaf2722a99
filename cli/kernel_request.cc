// SPDX-License-Identifier: GPL-2.0
#include "cli/kernel_request.h"

#include "engines/kernel/client/config_text.h"

namespace dime::kernel {

std::string network_text(const NetworkRequest& network) {
  std::string text;
  if (network.jitter) {
    text += " jitter=" + *network.jitter;
  }
  if (network.seed) {
    text += fmt::format(" seed={}", *network.seed);
  }
  if (network.fetch_times) {
    text += " fetch_times=" + fetch_times_text(*network.fetch_times);
  }
  if (network.schedule) {
    text += " schedule=" + schedule_text(*network.schedule);
  }
  if (network.outage_max_ns) {
    text += fmt::format(" outage_max_ns={}", *network.outage_max_ns);
  }
  return text;
}

std::string changes_text(const EmulationRequest& request) {
  const dime_parameters& wanted = request.parameters;
  const auto given = [&](std::uint32_t which) { return (request.given & which) != 0; };
  const auto flag = [&](std::uint32_t which) { return (wanted.flags & which) != 0 ? 1 : 0; };
  std::string text;
  if (given(kGivenLocal)) {
    text += wanted.local_share == 0 ? fmt::format(" local_npages={}", wanted.local_npages)
                                    : fmt::format(" local_share={}", wanted.local_share);
  }
  if (given(kGivenLatency)) {
    text += fmt::format(" latency_ns={}", wanted.latency_ns);
  }
  if (given(kGivenBandwidth)) {
    text += fmt::format(" bandwidth_bps={}", wanted.bandwidth_bps);
  }
  if (given(kGivenPolicy)) {
    text += fmt::format(" policy={}", wanted.policy);
  }
  if (given(kGivenLink)) {
    text += fmt::format(" link={}", wanted.link[0] == '\0' ? "-" : wanted.link);
  }
  if (given(kGivenWait)) {
    text += fmt::format(" wait={}", wait_name(wanted.wait));
  }
  if (given(kGivenWritebackDepth)) {
    text += fmt::format(" writeback_depth={}", wanted.writeback_depth);
  }
  if (given(kGivenNoFollow)) {
    text += fmt::format(" follow_children={}", flag(DIME_FOLLOW_CHILDREN));
  }
  if (given(kGivenOneWay)) {
    text += fmt::format(" one_way={}", flag(DIME_ONE_WAY));
  }
  if (given(kGivenChargeFirstTouch)) {
    text += fmt::format(" charge_first_touch={}", flag(DIME_CHARGE_FIRST_TOUCH));
  }
  if (given(kGivenNoWriteback)) {
    text += fmt::format(" writeback={}", flag(DIME_WRITEBACK));
  }
  return text + network_text(request.network);
}

}  // namespace dime::kernel
