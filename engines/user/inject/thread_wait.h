// SPDX-License-Identifier: GPL-2.0
// Waiting for traced threads. All of the injector's waits are here, so none lasts for ever.
#pragma once

#include <sys/types.h>

#include <chrono>

#include "base/patience.h"
#include "base/result.h"

namespace dime {

using Deadline = std::chrono::steady_clock::time_point;

/// What takes less than `usual` on a fast and idle machine has to be done by then.
inline Deadline deadline_in(std::chrono::milliseconds usual) {
  const std::chrono::milliseconds time = patience(usual);  // measures, the first time
  return std::chrono::steady_clock::now() + time;
}

/// An error with code ETIMEDOUT and `message` alone: errno's text speaks of connections.
inline tl::unexpected<Error> timed_out(std::string message, std::string hint = {}) {
  return tl::unexpected<Error>(Error{ETIMEDOUT, std::move(message), std::move(hint)});
}

/// Why a traced thread stands still.
struct ThreadStop {
  enum class Kind {
    kEnded,       ///< the thread is gone; `code` is its exit status, or -signal
    kSystemCall,  ///< at the entry or the exit of a system call
    kClone,       ///< it has started a thread
    kPaused,      ///< by PTRACE_INTERRUPT, a stop signal, or because it is new
    kSignal,      ///< `code` is a signal that is about to be delivered
  };
  Kind kind = Kind::kEnded;
  int code = 0;
};

/// Waits for the next stop of thread `tid`, which this thread traces. Error code ETIMEDOUT: none
/// until the deadline.
Result<ThreadStop> wait_for_stop(pid_t tid, Deadline deadline);

}  // namespace dime
