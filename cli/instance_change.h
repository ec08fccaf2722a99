// SPDX-License-Identifier: GPL-2.0
// Changes of a running instance of the user engine, from the options of `dime set`.
#pragma once

#include "cli/emulation_options.h"

namespace dime {

/// Changes the instance that --instance names, or the only one there is, as far as options were
/// given: whole or, on an error, not at all.
Result<void> change_instance(const EmulationRequest& request);

}  // namespace dime
