// SPDX-License-Identifier: GPL-2.0
// What a stall of the kernel engine is as a program sees it, measured with dime-probe in an
// instance of its own.
#pragma once

#include "engines/kernel/client/client.h"
#include "engines/user/calibration/calibration.h"

namespace dime::kernel {

/// Runs the probe once; its instance is gone afterwards.
Result<ProbeResult> run_probe(const Client& client, const Companions& companions,
                              const ProbeRequest& request);

/// The floor of this machine: what a remote access costs at zero latency. Some 10 ms.
Result<std::uint64_t> measure_floor(const Client& client, const Companions& companions);

}  // namespace dime::kernel
