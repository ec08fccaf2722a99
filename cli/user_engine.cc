// SPDX-License-Identifier: GPL-2.0
// The user engine behind the interface: instances are control blocks, and members get an agent.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/environment.h"
#include "base/executable.h"
#include "cli/config_apply.h"
#include "cli/engine.h"
#include "cli/fault_path.h"
#include "cli/instance_change.h"
#include "cli/instance_setup.h"
#include "control/directory.h"
#include "control/members.h"
#include "control/snapshot.h"
#include "core/atomic.h"
#include "engines/user/calibration/agent_environment.h"
#include "engines/user/calibration/machine_probes.h"
#include "policies/registry.h"

namespace dime {
namespace {

// A named link is read from its own file; without it, nothing was carried.
InstanceView view_of(const ControlBlock& block) {
  InstanceView view;
  view.control = snapshot(block);
  view.parameters = view.control->parameters;
  const auto named = view.parameters.link[0] != '\0' ? read_link(view.parameters.link)
                                                     : Result<dime_link>(view.control->link);
  view.link = named ? *named : dime_link{};
  return view;
}

class UserSession final : public Session {
 public:
  UserSession(PreparedInstance instance, std::string agent)
      : block_(std::make_shared<ControlBlock>(std::move(instance.block))),
        created_(instance.created),
        agent_(std::move(agent)) {}

  [[nodiscard]] bool created() const override { return created_; }

  ChildRequest child_request(const std::string& program,
                             const std::vector<std::string>& arguments) override {
    return {program,
            arguments,
            environment_with_agent(agent_, block_->path(), AgentNeed::kRequired),
            {}};
  }

  void tick() override { reap_dead_members(**block_); }

  Result<void> check_joined(pid_t pid) override { return check_agent_started(**block_, pid); }

  Result<void> attach(const std::vector<pid_t>& pids) override {
    for (std::size_t i = 0; i < pids.size(); ++i) {
      auto attached = attach_process(pids[i], agent_, block_->path());
      if (!attached) {
        Error error = attached.error();
        for (std::size_t undo = 0; undo < i; ++undo) {
          if (auto undone = detach_process(pids[undo]); !undone) {
            error.message += fmt::format("; and {}", undone.error().message);
          }
        }
        return tl::unexpected(std::move(error));
      }
    }
    return {};
  }

  Result<std::vector<pid_t>> members() override {
    std::vector<pid_t> pids;
    for (const dime_member* const member : live_members(**block_)) {
      pids.push_back(pid_here(*member));
    }
    return pids;
  }

  Result<InstanceView> view() override {
    reap_dead_members(**block_);
    return view_of(*block_);
  }

  // Straight from the block: a copy of all of it would cost more than the rest.
  Result<Reading> reading() override {
    const dime_parameters parameters = block_->parameters();
    const auto named = parameters.link[0] != '\0' ? read_link(parameters.link)
                                                  : Result<dime_link>((*block_)->link);
    return read_counts(**block_, named ? *named : dime_link{}, monotonic_ns());
  }

  Result<void> leave() override {
    // Nobody else removes the instance once those are gone.
    await_ending_members(**block_, std::chrono::seconds(1));
    reap_dead_members(**block_);
    auto self = static_cast<std::uint32_t>(::getpid());
    atomic::compare_exchange((*block_)->owner_pid, self, std::uint32_t{0});
    // Looking at all instances removes those that nothing keeps.
    DIME_TRY([[maybe_unused]] const auto rest, open_instances());
    return {};
  }

 private:
  std::shared_ptr<ControlBlock> block_;
  bool created_;
  std::string agent_;
};

// Before anything is measured.
Result<void> check_mechanism(const EmulationRequest& request) {
  if (request.only_thread_path || request.fault_path == "thread") {
    DIME_TRY([[maybe_unused]] const FaultPath path, choose_fault_path("thread", request.mechanism));
  } else {
    DIME_TRY([[maybe_unused]] const dime_mechanism chosen, choose_mechanism(request.mechanism));
  }
  return {};
}

class UserEngine final : public Engine {
 public:
  [[nodiscard]] const char* name() const override { return "user"; }
  [[nodiscard]] const char* fault_path() const override { return "thread"; }
  [[nodiscard]] const char* mechanism(const dime_control& control) const override {
    return name_of(static_cast<dime_mechanism>(control.mechanism));
  }
  [[nodiscard]] const char* privileges() const override { return userfault_privileges(); }

  Result<std::vector<PolicyLine>> policies() override {
    std::vector<PolicyLine> lines;
    for (const dime_policy_ops* const policy : policies::kSimulated) {
      lines.push_back({policy->name, policy->summary});
    }
    return lines;
  }

  Result<std::vector<InstanceView>> instances() override {
    DIME_TRY(const std::vector<ControlBlock> blocks, open_instances());
    std::vector<InstanceView> views;
    views.reserve(blocks.size());
    for (const ControlBlock& block : blocks) {
      views.push_back(view_of(block));
    }
    return views;
  }

  Result<void> check(const EmulationRequest& request) override {
    DIME_TRY_VOID(check_choices(request));
    DIME_TRY_VOID(check_mechanism(request));
    DIME_TRY([[maybe_unused]] const Companions companions, find_companions());
    // This process is a member, and the program would be one of two instances.
    if (const char* const outer = std::getenv("DIME_CONTROL"); outer != nullptr) {
      return fail_with_hint("run it outside of the emulated program",
                            "this is emulated already, by the instance of {}", outer);
    }
    return {};
  }

  Result<void> check_program(const std::string& path) override {
    DIME_TRY(const ProgramFacts facts, resolve_program(path));
    return check_followable(facts);
  }

  Result<void> check_attachable(pid_t pid) override { return dime::check_attachable(pid); }

  Result<std::unique_ptr<Session>> prepare(const EmulationRequest& request) override {
    DIME_TRY(const Companions companions, find_companions());
    DIME_TRY(PreparedInstance instance, prepare_instance(request, ::getpid()));
    return std::make_unique<UserSession>(std::move(instance), companions.agent);
  }

  Result<DetachOutcome> detach(pid_t pid) override { return detach_process(pid); }

  Result<void> configure(const std::string& text) override { return apply_config(text); }

  Result<void> change(const EmulationRequest& request) override { return change_instance(request); }
};

}  // namespace

std::unique_ptr<Engine> user_engine() {
  return std::make_unique<UserEngine>();
}

}  // namespace dime
