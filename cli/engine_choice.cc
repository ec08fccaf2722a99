// SPDX-License-Identifier: GPL-2.0
#include "cli/engine_choice.h"

#include <algorithm>

#include "control/members.h"
#include "engines/kernel/client/client.h"

namespace dime {
namespace {

using Engines = std::vector<std::unique_ptr<Engine>>;

Result<void> check_name(const std::string& name) {
  if (name != "auto" && name != "user" && name != "kernel") {
    return fail(0, "--engine {}: allowed: auto, user or kernel", name);
  }
  return {};
}

// What was asked for by name has to work.
Result<void> check_kernel() {
  auto usable = kernel::Client().check_usable();
  if (!usable) {
    Error error = usable.error();
    error.message = "--engine kernel: " + error.message;
    return tl::unexpected(std::move(error));
  }
  return {};
}

Engines automatic() {
  Engines engines;
  const kernel::Client client;
  const bool usable = client.check_usable().has_value();
  if (usable) {
    engines.push_back(kernel_engine());
  }
  engines.push_back(user_engine());
  // What may not be changed may still be looked at.
  if (!usable && client.stats()) {
    engines.push_back(kernel_engine());
  }
  return engines;
}

Result<Engines> engines_named(const std::string& name) {
  DIME_TRY_VOID(check_name(name));
  if (name == "auto") {
    return automatic();
  }
  Engines engines;
  if (name == "kernel") {
    DIME_TRY_VOID(check_kernel());
    engines.push_back(kernel_engine());
  } else {
    engines.push_back(user_engine());
  }
  return engines;
}

template <class Wanted>
std::unique_ptr<Engine> pick(Engines engines, const Wanted& wanted) {
  const auto at =
      std::find_if(engines.begin(), engines.end(),
                   [&](const std::unique_ptr<Engine>& engine) { return wanted(*engine); });
  return std::move(at == engines.end() ? engines.front() : *at);
}

}  // namespace

bool has_instance(Engine& engine, std::uint32_t id) {
  const auto instances = engine.instances();
  return instances &&
         std::any_of(instances->begin(), instances->end(),
                     [id](const InstanceView& view) { return view.control->instance_id == id; });
}

bool has_process(Engine& engine, pid_t pid) {
  const auto instances = engine.instances();
  return instances && std::any_of(instances->begin(), instances->end(), [pid](const auto& view) {
           const auto members = live_members(*view.control);
           return std::any_of(members.begin(), members.end(), [pid](const dime_member* member) {
             return pid_here(*member) == pid;
           });
         });
}

Result<std::unique_ptr<Engine>> choose_engine(const EmulationRequest& request) {
  DIME_TRY(Engines engines, engines_named(request.engine));
  if (request.engine == "auto" && (request.fault_path != "auto" || request.mechanism != "auto")) {
    return user_engine();
  }
  return pick(std::move(engines), [&request](Engine& engine) {
    return request.instance() && has_instance(engine, *request.instance());
  });
}

std::unique_ptr<Engine> engine_to_change(const EmulationRequest& request) {
  return pick(automatic(), [&request](Engine& engine) {
    if (request.instance()) {
      return has_instance(engine, *request.instance());
    }
    const auto instances = engine.instances();
    return instances && !instances->empty();
  });
}

void EngineOption::add_to(CLI::App& app) {
  app.add_option("--engine", name_, "auto, user or kernel")->type_name("NAME");
}

Result<std::vector<std::unique_ptr<Engine>>> EngineOption::all() const {
  return engines_named(name_);
}

Result<std::unique_ptr<Engine>> EngineOption::one() const {
  return one_where([](Engine&) { return true; });
}

Result<std::unique_ptr<Engine>> EngineOption::one_where(
    const std::function<bool(Engine&)>& wanted) const {
  DIME_TRY(Engines engines, engines_named(name_));
  return pick(std::move(engines), wanted);
}

}  // namespace dime
