// SPDX-License-Identifier: GPL-2.0
// A replacement policy or a prefetcher of the user's, from a file beside the control block
// (engines/user/own_image.h). Its code runs in the program as the agent's does.
#pragma once

#include "core/text.h"
#include "dime/prefetch.h"
#include "engines/user/agent/member.h"

namespace dime::agent {

/// Maps a copy of the shared object in the instance's file of this kind, if there is one;
/// `exported` is then the struct of `ops_bytes` that it exports. Children get the copy only if it
/// is `for_children`. 0, -ENOENT: there is none, or another negative errno.
long load_own_object(const Membership& membership, const char* kind, std::uint64_t ops_bytes,
                     bool for_children, const void*& exported);

/// Ops: what it exports.
template <class Ops>
class OwnObject {
 public:
  /// As load_own_object(). To be called once.
  long load(const Membership& membership, const char* kind, bool for_children) {
    return load_own_object(membership, kind, sizeof(Ops), for_children, exported_);
  }

  /// What it exports, if that has this name; else null.
  [[nodiscard]] const Ops* find(Text name) const {
    const auto* const ops = static_cast<const Ops*>(exported_);
    return ops != nullptr && name == Text(ops->name) ? ops : nullptr;
  }

 private:
  const void* exported_ = nullptr;
};

}  // namespace dime::agent
