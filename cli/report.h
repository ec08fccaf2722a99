// SPDX-License-Identifier: GPL-2.0
// dime report; see command.h.
#pragma once

#include "cli/command.h"

namespace dime {

extern const Command kReportCommand;

}  // namespace dime
