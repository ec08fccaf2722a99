// SPDX-License-Identifier: GPL-2.0
// What the simulator knows of each page, and what it offers to the policy that is replayed against.
#pragma once

#include <cstdint>
#include <vector>

#include "dime/policy.h"

namespace dime::simulator {

/// The pages of one replay. Not thread-safe.
class SimulatedPages {
 public:
  /// `page_bytes` as in dime_policy_ops.
  SimulatedPages(std::uint32_t pages, std::uint32_t page_bytes, std::uint64_t capacity,
                 std::uint64_t seed);
  SimulatedPages(const SimulatedPages&) = delete;  // its host points to it
  SimulatedPages& operator=(const SimulatedPages&) = delete;

  [[nodiscard]] dime_policy_host& host() { return host_; }

  [[nodiscard]] bool is_resident(std::uint32_t page) const {
    return (flags_[page] & kResident) != 0;
  }
  [[nodiscard]] bool was_seen(std::uint32_t page) const { return (flags_[page] & kSeen) != 0; }
  [[nodiscard]] bool is_known(std::uint32_t page) const { return (flags_[page] & kKnown) != 0; }
  void enter(std::uint32_t page) { flags_[page] = kResident | kSeen; }
  void leave(std::uint32_t page, bool known) {
    flags_[page] = static_cast<std::uint8_t>(kSeen | (known ? kKnown : 0));
  }
  void drop(std::uint32_t page) { flags_[page] = 0; }
  void touch(std::uint32_t page) { flags_[page] |= kAccessed; }
  /// A page that enters was prefetched, and not touched yet.
  void mark_prefetched(std::uint32_t page) { flags_[page] |= kPrefetched; }
  void unmark_prefetched(std::uint32_t page) {
    flags_[page] &= static_cast<std::uint8_t>(~kPrefetched);
  }
  [[nodiscard]] bool is_prefetched(std::uint32_t page) const {
    return (flags_[page] & kPrefetched) != 0;
  }

 private:
  static constexpr std::uint8_t kResident = 1;
  static constexpr std::uint8_t kSeen = 2;
  static constexpr std::uint8_t kKnown = 4;  ///< its bytes are as the policy left them
  static constexpr std::uint8_t kAccessed = 8;
  static constexpr std::uint8_t kPrefetched = 16;

  std::vector<std::uint8_t> flags_;
  std::vector<std::uint64_t> bytes_;  ///< the policy's, words_ for each page
  std::uint32_t words_;
  dime_policy_host host_ = {};
};

}  // namespace dime::simulator
