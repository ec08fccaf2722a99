// SPDX-License-Identifier: GPL-2.0
// Joining an instance with a process that already runs, and leaving it again.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"

namespace dime {

/// Whether an agent can be put into process `pid`: it exists, is ours, is a 64-bit program with
/// glibc, in no instance yet, traced by nobody. Touches nothing. The error names the pid and the
/// reason, and what fixes it.
Result<void> check_attachable(pid_t pid);

/// Makes `pid` a member of the instance whose control block is the file `control_path`, by
/// injecting the agent's file `agent_path`. All its threads stand still meanwhile (some
/// milliseconds); interrupted system calls go on. After an error the process is as it was. Once
/// begun, this is not cut off by signals to the caller or its death. Checks as check_attachable
/// does. Error code ESRCH: the process ended meanwhile.
Result<void> attach_process(pid_t pid, const std::string& agent_path,
                            const std::string& control_path);

enum class DetachOutcome {
  kDetached,  ///< every page is home, and the process runs on without emulation
  kEnded,     ///< the process ended meanwhile
};

/// Takes `pid` out of the instance of this user that it is a member of, and waits until that is
/// done. Removes the instance if nothing keeps it then. Errors: in no instance; ETIMEDOUT: it does
/// not leave (being stopped, for one); it will when it can.
Result<DetachOutcome> detach_process(pid_t pid);

}  // namespace dime
