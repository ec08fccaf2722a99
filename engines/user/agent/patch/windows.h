// SPDX-License-Identifier: GPL-2.0
// The windows of one library: written, recognised and put back.
#pragma once

#include "core/units.h"
#include "engines/user/sites/site_table.h"

namespace dime::agent::patch {

struct Library {
  std::uint64_t base;  ///< kGone: another library has taken its place
  AddressRange text;   ///< the pages with windows
  AddressRange stubs;  ///< the mapping of the stubs and `sites`; never unmapped
  const sites::Site* sites;
  std::uint32_t site_count;
  std::uint32_t patched;
  std::uint32_t left;
  std::uint32_t refused;
  std::uint32_t changed;
};
constexpr std::uint64_t kGone = ~std::uint64_t{0};

/// Patches the windows that have their original bytes, and counts all sites. 0 or a negative errno,
/// nothing changed then. REQUIRES: the library is mapped.
long write_windows(Library& library);

/// Puts the original bytes back. Returns how many windows have to stay as they are, because other
/// threads may run into them at this moment. REQUIRES: signals are blocked; without `only_thread`
/// also that membarrier's SYNC_CORE is registered and no thread forks.
std::uint32_t restore_windows(Library& library, bool only_thread);

/// Lets every thread of this process forget instructions that it has fetched. False: the kernel
/// cannot, or is not asked to yet.
bool synchronise_threads();

}  // namespace dime::agent::patch
