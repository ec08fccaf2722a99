// SPDX-License-Identifier: GPL-2.0
// Where the core's memory comes from: an allocator handed over at creation.
#pragma once

#include <cstdint>

namespace dime {

/// Gives and takes back zeroed memory, aligned to 16 bytes. `allocate` returns null when there is
/// none; the core then reports the failure and stays consistent. Called under the lock that guards
/// the object it was given to.
class Memory {
 public:
  virtual void* allocate(std::uint64_t bytes) = 0;
  virtual void release(void* block, std::uint64_t bytes) = 0;

 protected:
  ~Memory() = default;
};

}  // namespace dime
