// SPDX-License-Identifier: GPL-2.0
// A prefetcher as the user typed it: that it is there, and its parameters.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/shared_object.h"
#include "core/prefetch_choice.h"

namespace dime {

/// `label` is what stands before the text where it was given: `--prefetch `, `prefetch=`. The
/// choice points into `text` where there is a tape.
Result<PrefetchChoice> check_prefetcher(std::string_view label, const std::string& text);

/// The same for one that an emulated program is to run with: built in, and not one that replays a
/// recording.
Result<void> check_live_prefetcher(std::string_view label, const std::string& text);

/// Whether `text` is a shared object and its parameters, `./mine.so,pages=4`, and no tape's path.
bool names_own_prefetcher(const std::string& text);

/// Such a text for an emulated program. The name must be no built-in prefetcher's. Its code is not
/// looked at yet.
Result<OwnChoice> check_own_prefetcher(std::string_view label, const std::string& text);

}  // namespace dime
