// SPDX-License-Identifier: GPL-2.0
// dime detach: processes leave their instances; every page comes home, and they run on.
#include <memory>

#include "cli/command.h"
#include "cli/engine_choice.h"
#include "cli/pid_list.h"

namespace dime {
namespace {

struct DetachOptions {
  std::string pids;
  EngineOption engine;
};

Result<DetachOutcome> detach_one(const EngineOption& option, pid_t pid) {
  DIME_TRY(const std::unique_ptr<Engine> engine,
           option.one_where([pid](Engine& one) { return has_process(one, pid); }));
  return engine->detach(pid);
}

int detach(const DetachOptions& options) {
  const auto pids = parse_pids(options.pids);
  if (!pids) {
    print_error(pids.error());
    return kUsage;
  }
  int status = kSuccess;
  for (const pid_t pid : *pids) {
    const auto outcome = detach_one(options.engine, pid);
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
  auto options = std::make_shared<DetachOptions>();
  app.add_option("-p,--pid", options->pids, "processes to detach: PID[,PID..]")->required();
  options->engine.add_to(app);
  return [options] { return detach(*options); };
}

}  // namespace

const Command kDetachCommand = {"detach", "end the emulation for running processes",
                                register_detach};

}  // namespace dime
