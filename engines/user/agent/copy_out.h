// SPDX-License-Identifier: GPL-2.0
// The mechanism `copy`, for kernels that cannot move pages (before Linux 6.8): a page leaves by
// being copied and dropped.
//
// Between the two nobody may write to it, or the write would be lost: the page is protected
// against writes first. A thread that writes meanwhile faults, finds in the page's record that the
// page is leaving, and waits until it has left or stays. Reads go on until it is dropped.
//
// Unlike a move, this does not notice that the kernel holds the page for a device. On the inline
// path no system call under way holds a page that is evicted (PinnedBuffers); docs/limits.md says
// what is left.
#pragma once

#include "engines/user/agent/shadow.h"
#include "engines/user/agent/userfault.h"

namespace dime::agent {

/// Copies up to `pages` pages at `from`, which lie one behind the other and are registered with
/// `app` for protection, into the empty slots from `slot` on, and makes holes of them. Returns how
/// many, or a negative errno where the first could not go, and then it is as it was: ENOENT: it is
/// not there (or, of several pages, they are not of one mapping); EINVAL: it has to stay; ENOMEM,
/// EAGAIN: not now; EEXIST: the slot is not empty. The caller sees to it that no mapping changes
/// meanwhile, and that `app` reports no events.
[[nodiscard]] long copy_out(const Userfault& app, const Shadow& shadow, std::uint32_t slot,
                            std::uint64_t from, unsigned pages);

}  // namespace dime::agent
