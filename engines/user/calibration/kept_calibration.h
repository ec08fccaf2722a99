// SPDX-License-Identifier: GPL-2.0
// Calibrations that are kept between runs, so that a run need not measure (docs/adr/0051).
//
// One small JSON file in the user's cache for each machine, agent and fault path. What is found
// there is used only if it is this user's own, whole, within bounds, of this boot of this machine
// and of these files of dime, less than a day old, and if the machine takes as long now as it did
// then for the operations that a remote access consists of. Everything else is as if there were
// none. Files appear by rename; any number of processes may read and write at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "control/fault_path.h"
#include "dime/abi.h"
#include "engines/user/calibration/calibration.h"

namespace dime {

/// What `dime calibrate` found out about stalls of one thread.
struct StallVerdict {
  std::uint64_t met_from_ns = 0;  ///< stalls from here up are met; 0 = not even the longest is
  std::uint64_t age_s = 0;        ///< since it was found
};

struct KeptCalibration {
  /// None: the machine takes another time now than it did then.
  std::optional<dime_calibration> calibration;
  std::optional<StallVerdict> verdict;  ///< none: `dime calibrate` was not asked yet
};

/// What is kept for this machine and `path`; nothing where that is nothing, or nothing to be used.
/// Takes some 2 ms.
KeptCalibration find_kept_calibration(const Companions& companions, const FaultPath& path);

/// Keeps what was measured just now; the verdict that was there stays where there is no new one.
/// Returns the file. An error is no reason to stop: the next run measures again. Files that are too
/// old to be used are removed on the way.
Result<std::string> keep_calibration(const Companions& companions, const FaultPath& path,
                                     const dime_calibration& calibration,
                                     const std::optional<StallVerdict>& verdict);

}  // namespace dime
