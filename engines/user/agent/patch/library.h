// SPDX-License-Identifier: GPL-2.0
// Libraries in this process's mappings, and free room near them.
#pragma once

#include "core/units.h"
#include "engines/user/sites/site_table.h"

namespace dime::agent::patch {

/// Finds the mapped library that has the table's build-id. `base` is its load base: 0 for a program
/// that is not position-independent. False: there is none, or the table has no build-id.
bool find_library(const sites::Header& header, std::uint64_t& base);

/// True if the library at `base` has the table's build-id, or the table has none. Any address
/// may be asked for.
bool is_library_of(const sites::Header& header, std::uint64_t base);

/// True if all of `range` is executable memory of one file.
bool is_mapped_code(AddressRange range);

/// Maps `bytes` of writable memory so that code there and in `library` reach each other by 32-bit
/// displacements. 0 = there is no room.
std::uint64_t map_near(AddressRange library, std::uint64_t bytes);

}  // namespace dime::agent::patch
