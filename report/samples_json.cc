// SPDX-License-Identifier: GPL-2.0
// Samples as JSON; the keys are in docs/reference.md.
#include "report/json.h"

namespace dime {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kNanos = 1e9;

// What a tier shares with the others is null.
Json part_json(const Sample& sample, const SamplePart& part) {
  Json json = {{"first_touch", part.first_touch},
               {"remote", part.remote},
               {"joined", part.joined},
               {"evictions", part.evictions},
               {"evictions_dirty", part.evictions_dirty},
               {"prefetch_issued", part.prefetch_issued},
               {"prefetch_used", part.prefetch_used},
               {"stall_s", static_cast<double>(part.stall_ns) / kNanos},
               {"stall_p50_ns", nullptr},
               {"stall_p99_ns", nullptr},
               {"local_pages", nullptr},
               {"remote_pages", nullptr},
               {"rx_bytes", nullptr},
               {"tx_bytes", nullptr},
               {"rx_busy", nullptr},
               {"tx_busy", nullptr}};
  if (!part.stalls.empty()) {
    json["stall_p50_ns"] = part.stall_p50();
    json["stall_p99_ns"] = part.stall_p99();
  }
  if (part.own_pages) {
    json["local_pages"] = part.pages.local;
    json["remote_pages"] = part.pages.remote;
  }
  if (part.own_link) {
    json["rx_bytes"] = part.rx_bytes;
    json["tx_bytes"] = part.tx_bytes;
    json["rx_busy"] = sample.busy_share(part.rx_busy_ns);
    json["tx_busy"] = sample.busy_share(part.tx_busy_ns);
  }
  return json;
}

}  // namespace

Json to_json(const Sample& sample) {
  Json json = {{"at_s", static_cast<double>(sample.end_ns) / kNanos},
               {"wall_s", static_cast<double>(sample.wall_ns) / kNanos},
               {"threads", sample.threads}};
  json.update(part_json(sample, sample.whole));
  Json tiers = Json::array();
  for (const SamplePart& tier : sample.tiers) {
    Json part = {{"name", tier.name}};
    part.update(part_json(sample, tier));
    tiers.push_back(std::move(part));
  }
  json["tiers"] = std::move(tiers);
  return json;
}

Json samples_json(const std::vector<Sample>& samples) {
  Json all = Json::array();
  for (const Sample& sample : samples) {
    all.push_back(to_json(sample));
  }
  return all;
}

}  // namespace dime
