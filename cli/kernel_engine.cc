// SPDX-License-Identifier: GPL-2.0
// The kernel engine behind the interface: instances are the module's, and members are named by pid.
//
// An instance of ours is created with keep=0, which makes this process its owner: should dime be
// killed, the module removes the instance when its last member has gone.
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/environment.h"
#include "base/process.h"
#include "base/sysctl.h"
#include "cli/engine.h"
#include "cli/instance_setup.h"
#include "cli/policy_check.h"
#include "control/members.h"
#include "core/placement.h"
#include "engines/kernel/client/client.h"
#include "engines/kernel/client/config_text.h"
#include "engines/kernel/client/floor.h"

namespace dime {
namespace {

using config::Key;
using kernel::Client;

template <std::size_t kSize>
std::uint32_t text_size(const char (&text)[kSize]) {
  return static_cast<std::uint32_t>(::strnlen(text, kSize));
}

kernel::Rules rules_of(const PlacementRequest& request) {
  return {request.tiers, request.rules};
}

// With the terms of its tiers, which the module keeps apart from what they count.
Result<InstanceView> view_of(const Client& client, const kernel::InstanceStats& instance) {
  DIME_TRY(const kernel::Rules rules, client.rules(instance.control->instance_id));
  // The two readings may differ, so what counts goes with its name.
  if (const auto placement = new_placement({rules.tiers, rules.rules})) {
    dime_placement& shown = instance.control->placement;
    for (dime_tier& tier : shown.tiers) {
      const unsigned same = placement::find_tier(*placement, {tier.name, text_size(tier.name)});
      if (tier.name[0] != '\0' && same < DIME_MAX_TIERS) {
        tier = placement->tiers[same];
      }
    }
    std::copy(std::begin(placement->rules), std::end(placement->rules), shown.rules);
    shown.rule_count = placement->rule_count;
  }
  return InstanceView{instance.control, instance.control->parameters, instance.link};
}

std::vector<pid_t> members_of(const kernel::InstanceStats& instance) {
  std::vector<pid_t> pids;
  for (const dime_member* const member : live_members(*instance.control)) {
    pids.push_back(static_cast<pid_t>(member->pid));
  }
  return pids;
}

const kernel::InstanceStats* instance_with(const kernel::Stats& stats, pid_t pid) {
  for (const kernel::InstanceStats& instance : stats.instances) {
    const std::vector<pid_t> pids = members_of(instance);
    if (std::find(pids.begin(), pids.end(), pid) != pids.end()) {
      return &instance;
    }
  }
  return nullptr;
}

class KernelSession final : public Session {
 public:
  KernelSession(const Client& client, std::uint32_t id, bool created)
      : client_(client), id_(id), created_(created) {}

  [[nodiscard]] bool created() const override { return created_; }

  ChildRequest child_request(const std::string& program,
                             const std::vector<std::string>& arguments) override {
    return {program, arguments, own_environment(),
            [this](pid_t pid) { return client_.configure(kernel::members_text(id_, '+', {pid})); }};
  }

  void tick() override {}

  // It was admitted before its first instruction.
  Result<void> check_joined(pid_t /*pid*/) override { return {}; }

  Result<void> attach(const std::vector<pid_t>& pids) override {
    auto joined = client_.configure(kernel::members_text(id_, '+', pids));
    if (!joined) {
      // Some may have joined before one could not; those that did not are no member.
      for (const pid_t pid : pids) {
        [[maybe_unused]] const auto left = client_.configure(kernel::members_text(id_, '-', {pid}));
      }
    }
    return joined;
  }

  Result<std::vector<pid_t>> members() override {
    DIME_TRY(const std::string table, client_.table());
    return kernel::pids_in(table, id_);
  }

  Result<InstanceView> view() override {
    DIME_TRY(const kernel::Stats stats, client_.stats());
    const kernel::InstanceStats* const instance = kernel::find_instance(stats, id_);
    if (instance == nullptr) {
      return fail(0, "instance {} was removed meanwhile", id_);
    }
    return view_of(client_, *instance);
  }

  Result<Reading> reading() override {
    DIME_TRY(const InstanceView now, view());
    return now.reading();
  }

  Result<void> leave() override {
    DIME_TRY(const kernel::Stats stats, client_.stats());
    const kernel::InstanceStats* const instance = kernel::find_instance(stats, id_);
    if (instance == nullptr || instance->keep || instance->owner != ::getpid() ||
        !members_of(*instance).empty()) {
      return {};
    }
    return client_.configure(kernel::removal_text(id_));
  }

 private:
  const Client& client_;
  std::uint32_t id_;
  bool created_;
};

class KernelEngine final : public Engine {
 public:
  [[nodiscard]] const char* name() const override { return "kernel"; }
  [[nodiscard]] const char* fault_path() const override { return "hook"; }
  [[nodiscard]] const char* mechanism(const dime_control& /*control*/) const override {
    return "page-tables";
  }
  [[nodiscard]] const char* privileges() const override { return "kernel"; }

  Result<std::vector<InstanceView>> instances() override {
    DIME_TRY(const kernel::Stats stats, client_.stats());
    std::vector<InstanceView> views;
    for (const kernel::InstanceStats& instance : stats.instances) {
      DIME_TRY(InstanceView view, view_of(client_, instance));
      views.push_back(std::move(view));
    }
    return views;
  }

  Result<std::vector<PolicyLine>> policies() override {
    DIME_TRY(const kernel::Stats stats, client_.stats());
    std::vector<PolicyLine> lines;
    for (const kernel::Policy& policy : stats.policies) {
      lines.push_back({policy.name, policy.summary});
    }
    return lines;
  }

  Result<void> check(const EmulationRequest& request) override {
    if (request.fault_path != "auto") {
      return fail(0, "--fault-path {}: the kernel engine has one way only; allowed: auto",
                  request.fault_path);
    }
    if (request.mechanism != "auto") {
      return fail(0, "--mechanism {}: the kernel engine has one way only; allowed: auto",
                  request.mechanism);
    }
    if (!request.own_policy.empty()) {
      return fail_with_hint("register it from a module: docs/writing-a-policy.md",
                            "--policy {}: the kernel engine loads no shared objects",
                            request.own_policy);
    }
    if (!request.own_prefetcher.empty()) {
      return fail(0, "--prefetch {}: the kernel engine fetches nothing ahead",
                  request.own_prefetcher);
    }
    return client_.check_usable();
  }

  // What the kernel can execute, its engine can emulate.
  Result<void> check_program(const std::string& /*path*/) override { return {}; }

  Result<void> check_attachable(pid_t pid) override {
    if (pid == ::getpid()) {
      return fail(0, "process {} is dime itself", pid);
    }
    DIME_TRY_VOID(check_state(pid));
    DIME_TRY(const kernel::Stats stats, client_.stats());
    if (const kernel::InstanceStats* const instance = instance_with(stats, pid)) {
      return fail_with_hint(fmt::format("dime detach -p {}", pid),
                            "process {} is a member of instance {} already", pid,
                            instance->control->instance_id);
    }
    return {};
  }

  Result<std::unique_ptr<Session>> prepare(const EmulationRequest& request) override {
    DIME_TRY(UniqueFd lock, client_.lock());
    DIME_TRY(kernel::Stats stats, client_.stats());
    if (request.instance()) {
      if (const auto* const present = kernel::find_instance(stats, *request.instance())) {
        return join(request, *present);
      }
    }
    lock.reset();
    EmulationRequest wanted = request;
    DIME_TRY(const dime_placement placement, new_placement(request.placement));
    DIME_TRY(const std::uint64_t floor_ns, floor_for(request, stats.floor_ns));
    DIME_TRY_VOID(meet_floor(wanted, placement, floor_ns));
    DIME_TRY(lock, client_.lock());
    DIME_TRY(stats, client_.stats());
    const std::uint32_t id = request.instance().value_or(kernel::next_free_id(stats));
    if (kernel::find_instance(stats, id) != nullptr) {
      return fail(0, "--instance {}: somebody else has just created it", id);
    }
    config::set_number(config::row_of(Key::kInstanceId), wanted.plan, id);
    if (const auto made = configure_as_asked(wanted); !made) {
      return tl::unexpected(made.error());
    }
    if (!request.placement.empty()) {
      if (const auto placed = client_.place(id, rules_of(request.placement)); !placed) {
        [[maybe_unused]] const auto removed = client_.configure(kernel::removal_text(id));
        return tl::unexpected(placed.error());
      }
    }
    return std::make_unique<KernelSession>(client_, id, true);
  }

  Result<DetachOutcome> detach(pid_t pid) override {
    DIME_TRY(const kernel::Stats stats, client_.stats());
    const kernel::InstanceStats* const instance = instance_with(stats, pid);
    if (instance == nullptr) {
      return fail_with_hint("dime status lists the processes of all instances",
                            "process {} is in no instance", pid);
    }
    const auto left =
        client_.configure(kernel::members_text(instance->control->instance_id, '-', {pid}));
    if (left) {
      return DetachOutcome::kDetached;
    }
    if (!identify(pid)) {
      return DetachOutcome::kEnded;
    }
    return tl::unexpected(left.error());
  }

  Result<void> configure(const std::string& text) override { return client_.configure(text); }

  Result<void> change(const EmulationRequest& request) override {
    DIME_TRY(const kernel::Stats stats, client_.stats());
    DIME_TRY(const kernel::InstanceStats* const instance, only_instance(request, stats));
    const std::uint32_t id = instance->control->instance_id;
    DIME_TRY(const kernel::Rules present, client_.rules(id));
    const kernel::Rules rules = kernel::changed(present, rules_of(request.placement));
    DIME_TRY(const dime_placement placement, new_placement({rules.tiers, rules.rules}));
    EmulationRequest wanted = request;
    DIME_TRY_VOID(check_change(wanted, instance->control->parameters, placement, stats.floor_ns));
    config::set_number(config::row_of(Key::kInstanceId), wanted.plan, id);
    DIME_TRY_VOID(configure_as_asked(wanted));
    return request.placement.empty() ? Result<void>() : client_.place(id, rules);
  }

 private:
  static Result<void> check_state(pid_t pid) {
    const auto status = read_small_file(fmt::format("/proc/{}/status", pid));
    if (!status) {
      return fail(0, "process {} does not exist", pid);
    }
    const std::string leader = status_field(*status, "Tgid");
    if (leader != std::to_string(pid)) {
      return fail_with_hint("-p " + leader, "{} is a thread of process {}, not a process", pid,
                            leader);
    }
    if (status_field(*status, "State").starts_with('Z')) {
      return fail(0, "process {} has ended (a zombie)", pid);
    }
    if (status_field(*status, "VmSize").empty()) {
      return fail(0, "process {} is a kernel thread", pid);
    }
    return {};
  }

  Result<std::unique_ptr<Session>> join(const EmulationRequest& request,
                                        const kernel::InstanceStats& present) {
    const std::uint32_t id = present.control->instance_id;
    DIME_TRY_VOID(check_same(request, id, present.control->parameters));
    if (!present.keep) {
      // Makes this process the owner where there is none any more.
      DIME_TRY_VOID(client_.configure(fmt::format("instance_id={} keep=0", id)));
    }
    return std::make_unique<KernelSession>(client_, id, false);
  }

  static Result<const kernel::InstanceStats*> only_instance(const EmulationRequest& request,
                                                            const kernel::Stats& stats) {
    if (!request.instance() && stats.instances.size() == 1) {
      return &stats.instances.front();
    }
    const auto* const found =
        request.instance() ? kernel::find_instance(stats, *request.instance()) : nullptr;
    if (found == nullptr) {
      return no_instance(request, stats.instances.size());
    }
    return found;
  }

  // Measured once and kept in the module, as long as it refuses nothing.
  Result<std::uint64_t> floor_for(const EmulationRequest& request, std::uint64_t known_ns) {
    std::uint64_t best = known_ns;
    for (int i = 0; i < kMostCalibrations && (best == 0 || refuses(request, best)); ++i) {
      DIME_TRY(const Companions companions, find_companions());
      DIME_TRY(const std::uint64_t measured, kernel::measure_floor(client_, companions));
      best = best == 0 ? measured : std::min(best, measured);
    }
    if (best != known_ns) {
      DIME_TRY_VOID(client_.note_floor(best));
    }
    return best;
  }

  // The module speaks of keys where the user gave options.
  [[nodiscard]] Result<void> configure_as_asked(const EmulationRequest& request) const {
    kernel::Refused refused;
    const auto done = client_.configure(kernel::string_for(request.plan), &refused);
    const config::Parameter* const row = config::find(refused.key);
    if (done || row == nullptr || row->option == nullptr) {
      return done;
    }
    Error error = done.error();
    if (row->key == Key::kPolicy) {
      const std::string text = request.plan.parameters.policy;
      if (auto known = check_policy("--policy ", text, kKernelEngineSees);
          !known && !policy_details(text.substr(0, text.find_first_of(",:"))).empty()) {
        return tl::unexpected<Error>(known.error());
      }
      DIME_TRY(const kernel::Stats stats, client_.stats());
      std::string names;
      for (const kernel::Policy& policy : stats.policies) {
        names += (names.empty() ? "" : ", ") + policy.name;
      }
      error.message = fmt::format("--policy {}: unknown policy; allowed: {}, or load its module",
                                  request.plan.parameters.policy, names);
      error.hint = "dime module load";
    } else {
      // The line begins with KEY=VALUE.
      error.message =
          fmt::format("{} {}", row->option, error.message.substr(error.message.find('=') + 1));
    }
    return tl::unexpected(std::move(error));
  }

  Client client_;
};

}  // namespace

std::unique_ptr<Engine> kernel_engine() {
  return std::make_unique<KernelEngine>();
}

}  // namespace dime
