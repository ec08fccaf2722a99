// SPDX-License-Identifier: GPL-2.0
// The stubs' code, and the site table as a file has it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engines/user/sites/site_finder.h"

namespace dime::sites {

/// What identifies a library: its build-id, or something else of 20 bytes where it has none.
struct LibraryId {
  std::vector<std::uint8_t> bytes;
  bool is_build_id = true;
};

/// The bytes of the table file. `found` are the sites of `instructions`, which are those of `code`.
std::vector<std::uint8_t> write_table(const ElfCode& code, const Instructions& instructions,
                                      std::vector<FoundSite> found, const LibraryId& id);

}  // namespace dime::sites
