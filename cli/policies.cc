// SPDX-License-Identifier: GPL-2.0
// dime policies: what --policy may name.
#include <fmt/format.h>

#include <memory>

#include "cli/command.h"
#include "cli/engine_choice.h"
#include "cli/policy_check.h"

namespace dime {
namespace {

int list(const EngineOption& option) {
  const auto engine = option.one();
  const auto lines = engine ? (*engine)->policies()
                            : Result<std::vector<PolicyLine>>(tl::unexpected(engine.error()));
  if (!lines) {
    print_error(lines.error());
    return kFailure;
  }
  for (const PolicyLine& line : *lines) {
    fmt::print("{:<12} {}\n", line.name, line.summary);
    for (const std::string& more : policy_details(line.name)) {
      fmt::print("{:<12} {}\n", "", more);
    }
  }
  return kSuccess;
}

std::function<int()> register_policies(CLI::App& app) {
  auto option = std::make_shared<EngineOption>();
  option->add_to(app);
  return [option] { return list(*option); };
}

}  // namespace

const Command kPoliciesCommand = {"policies", "the replacement policies that there are",
                                  register_policies};

}  // namespace dime
