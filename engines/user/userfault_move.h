// SPDX-License-Identifier: GPL-2.0
// UFFDIO_MOVE (Linux 6.8), which the kernel headers of Debian 12 do not know yet.
#pragma once

#include <linux/userfaultfd.h>

#include <cstdint>

namespace dime {

/// Argument of kUserfaultMove; `moved` is set by the kernel: bytes, or a negative errno.
struct UserfaultMove {
  std::uint64_t to;
  std::uint64_t from;
  std::uint64_t length;
  std::uint64_t mode;
  std::int64_t moved;
};

inline constexpr unsigned long kUserfaultMove = _IOWR(UFFDIO, 0x05, UserfaultMove);
inline constexpr std::uint64_t kUserfaultMoveQuietly = 1u << 0;  ///< mode: wakes nobody
inline constexpr std::uint64_t kUserfaultFeatureMove = 1u << 16;

}  // namespace dime
