// SPDX-License-Identifier: GPL-2.0
#include "cli/run_report.h"

#include "cli/version.h"
#include "control/fault_path.h"

namespace dime {

RunResult collect_result(const ChildResult& child, const Engine& engine,
                         const InstanceView& instance, bool created,
                         const std::vector<std::string>& command) {
  RunResult result;
  result.version = kVersion;
  result.engine = engine.name();
  result.fault_path = instance.control->fault_path == DIME_FAULT_PATH_INLINE
                          ? name_of(DIME_FAULT_PATH_INLINE)
                          : engine.fault_path();
  result.mechanism = engine.mechanism(*instance.control);
  result.privileges = engine.privileges();
  result.machine = describe_machine();
  result.command = command;
  result.exit_status = child.exit_status;
  result.wall_s = child.wall_s;
  result.user_s = child.user_s;
  result.sys_s = child.sys_s;
  result.shared_instance = !created;
  result.parameters = instance.parameters;
  read_block(*instance.control, instance.link, result);
  return result;
}

}  // namespace dime
