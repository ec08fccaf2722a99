// SPDX-License-Identifier: GPL-2.0
// Nothing is prefetched.
#include "prefetchers/registry.h"

namespace dime::prefetchers {

extern constexpr dime_prefetch_ops kNone = {
    .name = "none",
    .summary = "nothing is fetched before it is touched",
    .abi = DIME_PREFETCH_ABI,
};

}  // namespace dime::prefetchers
