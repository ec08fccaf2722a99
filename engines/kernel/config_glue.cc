// SPDX-License-Identifier: GPL-2.0
// The configuration grammar as the shim uses it: parse, ask the shim, flatten into a C structure.
#include "bridge.h"
#include "core/atomic.h"
#include "core/config_string.h"
#include "core/config_table.h"
#include "core/fetch_times.h"
#include "core/jitter.h"
#include "core/schedule.h"

inline void* operator new(__SIZE_TYPE__, void* where) noexcept {
  return where;
}

namespace {

using namespace dime;
using config::Key;
using config::Reason;

Reason reason_of(int refusal) {
  switch (refusal) {
    case DK_REFUSE_INSTANCE:
      return Reason::kNoSuchInstance;
    case DK_REFUSE_POLICY:
      return Reason::kNoSuchPolicy;
    case DK_REFUSE_PROCESS:
      return Reason::kNoSuchProcess;
    case DK_REFUSE_TAKEN:
      return Reason::kPidTaken;
    case DK_REFUSE_NO_MEMBER:
      return Reason::kNotAMember;
    case DK_REFUSE_KERNEL_THREAD:
      return Reason::kCannotEmulate;
    default:
      return Reason::kNone;
  }
}

class ShimValidator final : public config::Validator {
 public:
  Reason instance(std::uint32_t id, bool remove) override {
    return reason_of(dk_shim_check_instance(id, remove ? 1 : 0));
  }
  Reason policy(const char* name) override { return reason_of(dk_shim_check_policy(name)); }
  Reason link(const char*) override { return Reason::kNone; }
  Reason pid(std::uint32_t id, config::PidOperation operation, std::uint32_t pid) override {
    return reason_of(dk_shim_check_pid(id, static_cast<std::uint32_t>(operation), pid));
  }
};

static_assert(static_cast<int>(config::PidOperation::kReplace) == DK_PIDS_REPLACE);
static_assert(static_cast<int>(config::PidOperation::kAdd) == DK_PIDS_ADD);
static_assert(static_cast<int>(config::PidOperation::kRemove) == DK_PIDS_REMOVE);

struct KeyBit {
  Key key;
  std::uint32_t bit;
};

constexpr KeyBit kBits[] = {
    {Key::kLatencyNs, DK_KEY_LATENCY},
    {Key::kBandwidthBps, DK_KEY_BANDWIDTH},
    {Key::kLocalNpages, DK_KEY_LOCAL},
    {Key::kPid, DK_KEY_PID},
    {Key::kPolicy, DK_KEY_POLICY},
    {Key::kLink, DK_KEY_LINK},
    {Key::kScope, DK_KEY_SCOPE},
    {Key::kWait, DK_KEY_WAIT},
    {Key::kWritebackDepth, DK_KEY_DEPTH},
    {Key::kLocalShare, DK_KEY_SHARE},
    {Key::kKeep, DK_KEY_KEEP},
};

void flatten(const config::Plan& from, dk_plan& to) {
  to.given = 0;
  for (const KeyBit& entry : kBits) {
    to.given |= from.has(entry.key) ? entry.bit : 0;
  }
  to.given |= from.reset_page_fault_count ? DK_KEY_COUNT : 0;
  to.given |= from.remove ? DK_KEY_REMOVE : 0;
  to.instance_id = from.instance_id;
  to.latency_ns = from.latency_ns;
  to.bandwidth_bps = from.bandwidth_bps;
  to.local_npages = from.local_npages;
  to.local_share = from.local_share;
  to.keep = from.keep ? 1 : 0;
  to.wait = from.wait;
  to.scope = from.scope;
  to.flags_on = from.flags_on;
  to.flags_off = from.flags_off;
  to.writeback_depth = from.writeback_depth;
  to.pid_operation = static_cast<std::uint32_t>(from.pid_operation);
  to.pid_count = from.pid_count;
  to.pids = from.pids;
  to.policy = from.policy;
  to.link = from.link;
}

}  // namespace

extern "C" {

uint64_t dk_config_scratch_bytes() {
  return sizeof(config::Plan);
}

int dk_config_read(const char* text, uint32_t length, void* scratch, dk_plan* plan) {
  const Text line{text, length};
  auto& parsed = *new (scratch) config::Plan;
  config::Error error = config::parse(line, parsed);
  if (error.ok()) {
    ShimValidator validator;
    error = config::check(parsed, line, validator);
  }
  if (!error.ok()) {
    config::describe(error, plan->message, sizeof plan->message);
    return -1;
  }
  flatten(parsed, *plan);
  return 0;
}

void dk_config_set_network(const void* scratch, dime_control* control, uint64_t now) {
  const auto& plan = *static_cast<const config::Plan*>(scratch);
  if (plan.has(Key::kSeed)) {
    jitter::set_seed(control->jitter, plan.seed);
  }
  if (plan.has(Key::kJitter)) {
    jitter::set(control->jitter, plan.jitter);
  }
  if (plan.has(Key::kFetchTimes)) {
    fetch_times::set(control->fetch_times, plan.fetch_times);
  }
  if (plan.has(Key::kOutageMaxNs)) {
    atomic::store(control->schedule.outage_max_ns, plan.outage_max_ns);
  }
  if (plan.has(Key::kSchedule)) {
    schedule::set(control->schedule, plan.schedule, {now});
  }
}

uint64_t dk_config_header(char* buffer, uint64_t size) {
  TextWriter out{buffer, size};
  config::write_header(out);
  return out.length();
}

uint64_t dk_config_row(const dime_parameters* parameters, uint32_t id, uint64_t limit,
                       uint64_t faults, const uint32_t* pids, uint32_t pid_count, char* buffer,
                       uint64_t size) {
  TextWriter out{buffer, size};
  config::write_row(
      out, {id, parameters->latency_ns, parameters->bandwidth_bps, limit, faults, pids, pid_count});
  return out.length();
}

}  // extern "C"
