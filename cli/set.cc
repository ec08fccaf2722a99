// SPDX-License-Identifier: GPL-2.0
// dime set: the options of `dime run`, on an instance that runs.
#include "cli/set.h"

#include <algorithm>
#include <memory>

#include "cli/command.h"
#include "cli/emulation_options.h"
#include "cli/engine_choice.h"

namespace dime {
namespace {

int run(EmulationOptions& options) {
  const auto request = options.parse();
  if (!request) {
    print_error(request.error());
    return kUsage;
  }
  const std::uint32_t changes = request->plan.given & ~config::bit_of(config::Key::kInstanceId);
  if (changes == 0 && request->placement.empty()) {
    print_error({0, "nothing to change", "dime set --help"});
    return kUsage;
  }
  if (const auto changed = engine_to_change(*request)->change(*request); !changed) {
    print_error(options.located(changed.error()));
    // What the kernel refused has a code; the rest is what was asked for.
    return changed.error().code == 0 ? kUsage : kFailure;
  }
  return kSuccess;
}

std::function<int()> register_set(CLI::App& app) {
  auto options = std::make_shared<EmulationOptions>();
  options->add_changes_to(app);
  return [options] { return run(*options); };
}

}  // namespace

Result<EmulationRequest> parse_changes(std::vector<std::string> words) {
  CLI::App app;
  EmulationOptions options;
  options.add_changes_to(app);
  // CLI11 takes the words from the end.
  std::reverse(words.begin(), words.end());
  try {
    app.parse(std::move(words));
  } catch (const CLI::ParseError& problem) {
    return fail(0, "{}", problem.what());
  }
  return options.parse();
}

const Command kSetCommand = {"set", "change a running instance: parameters, tiers, rules",
                             register_set};

}  // namespace dime
