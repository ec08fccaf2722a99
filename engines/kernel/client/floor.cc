// SPDX-License-Identifier: GPL-2.0
#include "engines/kernel/client/floor.h"

#include "base/environment.h"
#include "engines/kernel/client/config_text.h"

namespace dime::kernel {
namespace {

constexpr std::uint64_t kMeasureNs = 7'000'000;
constexpr unsigned kSamples = 400;

}  // namespace

Result<ProbeResult> run_probe(const Client& client, const Companions& companions,
                              const ProbeRequest& request) {
  DIME_TRY(UniqueFd lock, client.lock());
  DIME_TRY(const Stats before, client.stats());
  const std::uint32_t id = next_free_id(before);
  DIME_TRY_VOID(client.configure(creation_text(id, request.parameters)));
  lock.reset();
  auto samples = run_probe_program(companions, request, own_environment(), [&](pid_t pid) {
    return client.configure(members_text(id, '+', {pid}));
  });
  const auto after = client.stats();
  DIME_TRY_VOID(client.configure(removal_text(id)));
  DIME_TRY_VOID(samples);
  DIME_TRY_VOID(after);
  const InstanceStats* const instance = find_instance(*after, id);
  const std::uint64_t remote = instance == nullptr ? 0 : instance->control->counters.faults_remote;
  if (samples->empty() || remote < samples->size()) {
    return fail(0, "calibration failed: {} samples, {} remote accesses", samples->size(), remote);
  }
  return ProbeResult{std::move(*samples)};
}

Result<std::uint64_t> measure_floor(const Client& client, const Companions& companions) {
  DIME_TRY(const ProbeResult unstalled,
           run_probe(client, companions, {probe_parameters(0), {}, {}, 1, kSamples, kMeasureNs}));
  return quiet_median(unstalled.seen_ns);
}

}  // namespace dime::kernel
