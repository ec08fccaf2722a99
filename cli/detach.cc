// SPDX-License-Identifier: GPL-2.0
// dime detach: processes leave their instances; every page comes home, and they run on.
#include "engines/user/inject/attach.h"

#include <memory>

#include "cli/command.h"
#include "cli/pid_list.h"

namespace dime {
namespace {

int detach(const std::string& list) {
  const auto pids = parse_pids(list);
  if (!pids) {
    print_error(pids.error());
    return kUsage;
  }
  int status = kSuccess;
  for (const pid_t pid : *pids) {
    const auto outcome = detach_process(pid);
    if (!outcome) {
      print_error(outcome.error());
      status = kFailure;
    } else if (*outcome == DetachOutcome::kEnded) {
      print_notice(fmt::format("process {} has ended meanwhile", pid));
    }
  }
  return status;
}

std::function<int()> register_detach(CLI::App& app) {
  auto list = std::make_shared<std::string>();
  app.add_option("-p,--pid", *list, "processes to detach: PID[,PID..]")->required();
  return [list] { return detach(*list); };
}

}  // namespace

const Command kDetachCommand = {"detach", "end the emulation for running processes",
                                register_detach};

}  // namespace dime
