// SPDX-License-Identifier: GPL-2.0
// The configuration grammar as the shim uses it: parse, ask the shim, apply.
#include "bridge.h"
#include "core/config_string.h"
#include "core/config_table.h"

inline void* operator new(__SIZE_TYPE__, void* where) noexcept {
  return where;
}

namespace {

using namespace dime;
using config::Key;
using config::Reason;

Reason reason_of(int refusal) {
  switch (refusal) {
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
  config::Present instance(std::uint32_t id) override {
    config::Present present;
    present.parameters = dk_shim_parameters(id, &present.next_id);
    return present;
  }
  Reason policy(const char* name) override { return reason_of(dk_shim_check_policy(name)); }
  Reason prefetch(const char* name) override {
    return Text(name) == Text(config::kDefaultPrefetch) ? Reason::kNone : Reason::kCannotPrefetch;
  }
  Reason scope(std::uint32_t) override { return Reason::kNone; }
  Reason pid(std::uint32_t id, config::PidOperation operation, std::uint32_t pid) override {
    return reason_of(dk_shim_check_pid(id, static_cast<std::uint32_t>(operation), pid));
  }
};

static_assert(static_cast<int>(config::PidOperation::kReplace) == DK_PIDS_REPLACE);
static_assert(static_cast<int>(config::PidOperation::kAdd) == DK_PIDS_ADD);
static_assert(static_cast<int>(config::PidOperation::kRemove) == DK_PIDS_REMOVE);

void fill(dk_plan& plan, const config::Plan& from) {
  plan.instance_id = from.instance_id;
  plan.remove = from.has(Key::kRemove) ? 1 : 0;
  plan.keep = from.has(Key::kKeep) ? static_cast<std::int32_t>(from.keep) : -1;
  plan.pid_operation = static_cast<std::uint32_t>(from.pid_operation);
  plan.pid_count = from.pid_count;
  plan.pids = from.pids;
  plan.policy = from.has(Key::kPolicy) ? from.parameters.policy : nullptr;
  plan.link = from.has(Key::kLink) ? from.parameters.link : nullptr;
}

/// The row of the key that a string was refused for: its name outlives the string.
const char* name_of(Text key) {
  const config::Parameter* const row = config::find(key);
  return row == nullptr ? "" : row->name;
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
    plan->refused_key = name_of(error.key);
    plan->refused_reason = static_cast<std::uint32_t>(error.reason);
    return -1;
  }
  fill(*plan, parsed);
  return 0;
}

void dk_config_defaults(dime_control* control) {
  config::init(*control);
}

void dk_config_apply(const void* scratch, dime_control* control, uint64_t now) {
  config::apply(*static_cast<const config::Plan*>(scratch), *control, {now});
}

uint64_t dk_config_show(const dime_parameters* parameters, char* buffer, uint64_t size) {
  TextWriter out{buffer, size};
  config::write_lines(out, *parameters);
  return out.length();
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
