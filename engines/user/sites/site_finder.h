// SPDX-License-Identifier: GPL-2.0
// For each `syscall` instruction, the bytes to replace.
//
// A jump takes 5 bytes and `syscall` has 2, so neighbours go with it. In this order: the previous
// instruction if it has 3 bytes or more; following ones; several previous; previous and following
// ones. A window is refused if something jumps strictly into it, or if it holds an instruction that
// cannot run elsewhere.
#pragma once

#include <cstdint>
#include <vector>

#include "engines/user/sites/instructions.h"
#include "engines/user/sites/site_table.h"

namespace dime::sites {

struct FoundSite {
  Site site;              ///< without its stub
  std::size_t first = 0;  ///< index of the window's first instruction
  std::size_t call = 0;   ///< of the `syscall`
  std::size_t end = 0;    ///< behind the last
};

/// All sites by ascending address. Windows do not overlap.
std::vector<FoundSite> find_sites(const Instructions& instructions);

}  // namespace dime::sites
