// SPDX-License-Identifier: GPL-2.0
// Which fault path the processes of an instance start with, and what the inline path needs for it.
#pragma once

#include <string>
#include <vector>

#include "dime/abi.h"

namespace dime {

struct FaultPath {
  dime_fault_path kind = DIME_FAULT_PATH_THREAD;
  dime_mechanism mechanism = DIME_MECHANISM_MOVE;
  std::vector<std::string> site_tables;  ///< at most DIME_SITE_TABLES paths, for the inline path
};

/// The name as on the command line and in results.
inline const char* name_of(dime_fault_path path) {
  return path == DIME_FAULT_PATH_INLINE ? "inline" : "thread";
}
inline const char* name_of(dime_mechanism mechanism) {
  return mechanism == DIME_MECHANISM_COPY ? "copy" : "move";
}

}  // namespace dime
