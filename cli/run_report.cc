// SPDX-License-Identifier: GPL-2.0
#include "cli/run_report.h"

#include "cli/version.h"
#include "engines/user/control/directory.h"

namespace dime {

RunResult collect_result(const ChildResult& child, const PreparedInstance& instance,
                         const std::vector<std::string>& command) {
  RunResult result;
  result.version = kVersion;
  result.engine = "user";
  result.fault_path = "thread";
  result.machine = describe_machine();
  result.command = command;
  result.exit_status = child.exit_status;
  result.wall_s = child.wall_s;
  result.user_s = child.user_s;
  result.sys_s = child.sys_s;
  result.shared_instance = !instance.created;
  result.parameters = instance.block.parameters();
  const dime_control& control = *instance.block;
  // A named link is read from its own file; without it, nothing was carried.
  const auto named = result.parameters.link[0] != '\0' ? read_link(result.parameters.link)
                                                       : Result<dime_link>(control.link);
  read_block(control, named ? *named : dime_link{}, result);
  return result;
}

}  // namespace dime
