// SPDX-License-Identifier: GPL-2.0
// The agent's own memory: one reserved mapping that is never managed.
//
// It holds the agent's heap (page records, policy state, the handler's stack) and, behind it, the
// shadow area where remote pages lie. One mapping means one range to leave out when the program's
// memory is looked for.
#pragma once

#include "core/memory.h"
#include "core/units.h"

namespace dime::agent {

class Arena final : public Memory {
 public:
  /// Reserves address space: `heap_bytes` for own use and `shadow_bytes` behind them. Children get
  /// a copy only if it is `for_children`. Returns 0 or a negative errno.
  long create(std::uint64_t heap_bytes, std::uint64_t shadow_bytes, bool for_children);
  void destroy();
  /// Gives back the memory from `address` on. The address space stays, empty.
  void drop_from(std::uint64_t address) const;

  /// Zeroed memory, 16-byte aligned (whole pages where `bytes` is at least a page); null when the
  /// heap is used up.
  void* allocate(std::uint64_t bytes) override;
  void release(void* block, std::uint64_t bytes) override;

  [[nodiscard]] AddressRange all() const { return all_; }
  [[nodiscard]] AddressRange shadow() const { return shadow_; }

 private:
  static constexpr unsigned kClasses = 40;  // powers of two from 16 bytes up
  struct FreeBlock {
    FreeBlock* next;
  };

  AddressRange all_;
  AddressRange shadow_;
  std::uint64_t next_ = 0;
  std::uint64_t heap_end_ = 0;
  FreeBlock* free_[kClasses] = {};
};

}  // namespace dime::agent
