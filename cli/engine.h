// SPDX-License-Identifier: GPL-2.0
// What an engine does for the subcommands: one interface, so that `dime` is one program whichever
// of them emulates.
//
// An Engine is where instances live. A Session is one instance that this `dime` has prepared (it
// created it or joined it), and which it keeps alive until leave(). Errors name the option or the
// process, as the user typed it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/monotonic.h"
#include "base/result.h"
#include "cli/child.h"
#include "cli/emulation_options.h"
#include "dime/abi.h"
#include "engines/user/inject/attach.h"
#include "report/samples.h"

namespace dime {

/// One instance as it is now.
struct InstanceView {
  std::shared_ptr<const dime_control> control;  ///< the user engine's block itself, or a copy
  dime_parameters parameters{};                 ///< consistent, unlike those in `control`
  dime_link link{};                             ///< its own or the named one's figures

  [[nodiscard]] Reading reading() const { return read_counts(*control, link, monotonic_ns()); }
};

struct PolicyLine {
  std::string name;
  std::string summary;
};

class Session {
 public:
  virtual ~Session() = default;

  /// False: an instance that existed was joined.
  [[nodiscard]] virtual bool created() const = 0;

  /// How to start `program` as a member of the instance.
  [[nodiscard]] virtual ChildRequest child_request(const std::string& program,
                                                   const std::vector<std::string>& arguments) = 0;

  /// Called about five times a second while the instance is waited for.
  virtual void tick() = 0;

  /// Whether the process that was started became a member; the error says why it did not.
  [[nodiscard]] virtual Result<void> check_joined(pid_t pid) = 0;

  /// Makes the processes members: all of them or, on an error, none.
  [[nodiscard]] virtual Result<void> attach(const std::vector<pid_t>& pids) = 0;

  /// The processes that are members now. Cheap enough to be asked ten times a second.
  [[nodiscard]] virtual Result<std::vector<pid_t>> members() = 0;

  [[nodiscard]] virtual Result<InstanceView> view() = 0;

  /// Its counters now. Cheap enough to be asked a hundred times a second.
  [[nodiscard]] virtual Result<Reading> reading() = 0;

  /// Gives the instance up: it goes with its last member, now where there is none.
  [[nodiscard]] virtual Result<void> leave() = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;

  [[nodiscard]] virtual const char* name() const = 0;        ///< as in --engine
  [[nodiscard]] virtual const char* fault_path() const = 0;  ///< as in the result
  /// Of an instance, as in the result.
  [[nodiscard]] virtual const char* mechanism(const dime_control& control) const = 0;
  [[nodiscard]] virtual const char* privileges() const = 0;  ///< as in the result

  /// What --policy may name.
  [[nodiscard]] virtual Result<std::vector<PolicyLine>> policies() = 0;

  /// By ascending id.
  [[nodiscard]] virtual Result<std::vector<InstanceView>> instances() = 0;

  /// Options that this engine cannot honour are an error, and so is a machine on which it cannot
  /// run.
  [[nodiscard]] virtual Result<void> check(const EmulationRequest& request) = 0;

  /// Whether the program at `path` can be emulated. Error codes other than 0 are about the program.
  [[nodiscard]] virtual Result<void> check_program(const std::string& path) = 0;

  [[nodiscard]] virtual Result<void> check_attachable(pid_t pid) = 0;

  /// Checks the stall against the floor (raising a default one, with a notice on standard error),
  /// and creates the instance or joins the one that --instance names. Nothing is left behind on an
  /// error.
  [[nodiscard]] virtual Result<std::unique_ptr<Session>> prepare(
      const EmulationRequest& request) = 0;

  /// Takes the process out of its instance, and waits until that is done.
  [[nodiscard]] virtual Result<DetachOutcome> detach(pid_t pid) = 0;

  /// Applies a configuration string whole or not at all.
  [[nodiscard]] virtual Result<void> configure(const std::string& text) = 0;

  /// Changes the instance that the request names, or the only one there is, as far as options were
  /// given.
  [[nodiscard]] virtual Result<void> change(const EmulationRequest& request) = 0;
};

/// REQUIRES: Client::check_usable, but for looking.
std::unique_ptr<Engine> kernel_engine();
std::unique_ptr<Engine> user_engine();

}  // namespace dime
