// SPDX-License-Identifier: GPL-2.0
// The sizes of `dime whatif --local`: `100p,200p,64MiB`, `10%..100%`, `100p..1600p`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace dime {

/// The sizes in pages, ascending, each once. Shares are of `pages`, rounded up. A range of shares
/// goes in steps of 10 per cent, another one doubles, and both have their end. An error names the
/// option and what is allowed.
Result<std::vector<std::uint64_t>> parse_local_sizes(const std::string& text, std::uint64_t pages);

}  // namespace dime
