// SPDX-License-Identifier: GPL-2.0
// dime module: builds, loads and unloads dime.ko and its policies, and says what is loaded.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>

#include "base/patience.h"
#include "base/process.h"
#include "cli/command.h"
#include "cli/version.h"
#include "control/members.h"
#include "engines/kernel/client/client.h"
#include "engines/kernel/client/config_text.h"
#include "engines/kernel/client/modules.h"
#include "policies/registry.h"

namespace dime {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModule = "dime";

struct ModuleOptions {
  std::string action;
  std::string kernel_dir;
  std::string output;
};

Result<kernel::ModuleTree> tree() {
  DIME_TRY(const std::string self, executable_path(::getpid()));
  return kernel::find_tree(fs::path(self).parent_path().parent_path(), kVersion);
}

// Where the modules for `release` are built and looked for.
Result<std::string> folder_for(const ModuleOptions& options, const std::string& release) {
  if (!options.output.empty()) {
    return options.output;
  }
  DIME_TRY(const kernel::ModuleTree here, tree());
  return here.output + "/" + release + "/modules";
}

Result<void> build(const ModuleOptions& options) {
  const std::string kernel_dir = options.kernel_dir.empty()
                                     ? "/lib/modules/" + kernel::running_release() + "/build"
                                     : options.kernel_dir;
  DIME_TRY(const std::string release, kernel::release_of(kernel_dir));
  DIME_TRY(const kernel::ModuleTree here, tree());
  DIME_TRY(const std::string folder, folder_for(options, release));
  DIME_TRY(const std::vector<std::string> files,
           kernel::build_modules(here, fs::absolute(kernel_dir), folder));
  fmt::print("{} for {} in {}\n", fmt::join(files, ", "), release, folder);
  return {};
}

// dime.ko first: the others need it.
Result<void> load_folder(const fs::path& folder) {
  DIME_TRY_VOID(kernel::load_module(folder / "dime.ko"));
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string file = entry.path().filename();
    if (file.starts_with("dime_") && file.ends_with(".ko")) {
      DIME_TRY_VOID(kernel::load_module(entry.path()));
    }
  }
  return {};
}

Result<void> load_by_name() {
  auto loaded = kernel::load_installed(kModule);
  if (!loaded && loaded.error().code == ENOENT) {
    return fail_with_hint("dime module build", "there is no dime.ko for the running kernel {}",
                          kernel::running_release());
  }
  DIME_TRY_VOID(loaded);
  for (const dime_policy_ops* const policy : policies::kAll) {
    DIME_TRY_VOID(kernel::load_installed(fmt::format("dime_{}", policy->name)));
  }
  return {};
}

Result<void> status() {
  DIME_TRY(const std::vector<kernel::LoadedModule> modules, kernel::loaded_modules());
  if (modules.empty()) {
    fmt::print("dime.ko is not loaded\n");
    return {};
  }
  DIME_TRY(const kernel::Stats stats, kernel::Client().stats());
  fmt::print("dime {}, kernel {}\n", stats.version, kernel::running_release());
  for (const kernel::LoadedModule& module : modules) {
    fmt::print("  module    {:<14} {} in use by {}\n", module.name, module.users,
               module.used_by.empty() ? "nothing else"
                                      : fmt::format("{}", fmt::join(module.used_by, ", ")));
  }
  for (const kernel::Policy& policy : stats.policies) {
    fmt::print("  policy    {:<14} {}\n", policy.name, policy.summary);
  }
  for (const kernel::InstanceStats& instance : stats.instances) {
    fmt::print("  instance  {:<14} {} members, policy {}\n", instance.control->instance_id,
               live_members(*instance.control).size(), instance.control->parameters.policy);
  }
  return {};
}

Result<void> load(const ModuleOptions& options) {
  const auto folder = folder_for(options, kernel::running_release());
  std::error_code error;
  if (folder && fs::exists(fs::path(*folder) / "dime.ko", error)) {
    DIME_TRY_VOID(load_folder(*folder));
  } else if (!options.output.empty()) {
    return fail_with_hint("dime module build", "--output {}: no dime.ko there", options.output);
  } else {
    DIME_TRY_VOID(load_by_name());
  }
  return status();
}

// Instances without members are removed; one with members keeps everything as it is.
Result<void> empty_instances(const kernel::Client& client) {
  DIME_TRY(const kernel::Stats stats, client.stats());
  for (const kernel::InstanceStats& instance : stats.instances) {
    const auto members = live_members(*instance.control);
    if (!members.empty()) {
      return fail_with_hint(fmt::format("dime detach -p {}", members.front()->pid),
                            "instance {} has {} members: the modules are in use",
                            instance.control->instance_id, members.size());
    }
  }
  for (const kernel::InstanceStats& instance : stats.instances) {
    DIME_TRY_VOID(client.configure(kernel::removal_text(instance.control->instance_id)));
  }
  return {};
}

// A removed instance lets go of its policy a moment later.
Result<void> unload_patiently(const std::string& name) {
  constexpr std::chrono::milliseconds kUsual{5'000};
  constexpr std::chrono::milliseconds kPause{100};
  const auto is_busy = [](const Result<void>& unloaded) {
    return !unloaded && unloaded.error().code == EBUSY;
  };
  auto unloaded = kernel::unload_module(name);
  if (is_busy(unloaded)) {
    const auto end = std::chrono::steady_clock::now() + patience(kUsual);
    while (is_busy(unloaded) && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(kPause);
      unloaded = kernel::unload_module(name);
    }
  }
  return unloaded;
}

Result<void> unload() {
  DIME_TRY(const std::vector<kernel::LoadedModule> modules, kernel::loaded_modules());
  if (modules.empty()) {
    return fail(0, "dime.ko is not loaded");
  }
  const kernel::Client client;
  DIME_TRY_VOID(client.check_usable());
  DIME_TRY_VOID(empty_instances(client));
  for (auto module = modules.rbegin(); module != modules.rend(); ++module) {
    DIME_TRY_VOID(unload_patiently(module->name));
  }
  return {};
}

int run(const ModuleOptions& options) {
  Result<void> done;
  if (options.action == "build") {
    done = build(options);
  } else if (options.action == "load") {
    done = load(options);
  } else if (options.action == "unload") {
    done = unload();
  } else if (options.action == "status") {
    done = status();
  } else {
    print_error(
        fail(0, "dime module {}: allowed: build, load, unload or status", options.action).value());
    return kUsage;
  }
  if (!done) {
    print_error(done.error());
    return kFailure;
  }
  return kSuccess;
}

std::function<int()> register_module(CLI::App& app) {
  auto options = std::make_shared<ModuleOptions>();
  app.add_option("ACTION", options->action, "build, load, unload or status")->required();
  app.add_option("--kernel-dir", options->kernel_dir,
                 "build: headers of the kernel to build for (/lib/modules/RELEASE/build)")
      ->type_name("DIR");
  app.add_option("--output", options->output, "build, load: the folder of the modules")
      ->type_name("DIR");
  return [options] { return run(*options); };
}

}  // namespace

const Command kModuleCommand = {
    "module", "the kernel engine's modules: build, load, unload, status", register_module};

}  // namespace dime
