// SPDX-License-Identifier: GPL-2.0
// Policies and prefetchers from shared objects that the user names by a path.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "dime/prefetch.h"

namespace dime {

/// True for a text that begins with a path: there is a '/' in it, before any parameters.
bool names_shared_object(std::string_view text);

/// The path of such a text, and what stands behind it: its parameters with the comma before them.
struct SharedObjectText {
  std::string path;
  std::string parameters;
};
SharedObjectText split_shared_object(const std::string& text);

/// A policy or a prefetcher in a shared object, for the agents of an instance.
struct OwnChoice {
  std::string path;
  std::string text;  ///< its name and parameters, as dime_parameters has them
};

/// `text` was split into `parts`, and the shared object exports something called `name`. `label` is
/// what stands before the text where it was given. Its code is not looked at yet.
Result<OwnChoice> own_choice(std::string_view label, const std::string& text,
                             const SharedObjectText& parts, const char* name);

/// What the shared object at `path` exports. It stays loaded until the process ends. `label` is
/// what stands before the path where it was given. Its code runs in this process.
Result<const dime_policy_ops*> load_policy(std::string_view label, const std::string& path);
Result<const dime_prefetch_ops*> load_prefetcher(std::string_view label, const std::string& path);

}  // namespace dime
