// SPDX-License-Identifier: GPL-2.0
// Which processes an agent can be injected into, as far as /proc tells.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"

namespace dime {

/// The checks of check_attachable, but for instances.
Result<void> check_target(pid_t pid);

/// Why thread `tid` of `pid` may not be traced, when the kernel has said `code`.
tl::unexpected<Error> tracing_refused(pid_t pid, int code);

}  // namespace dime
