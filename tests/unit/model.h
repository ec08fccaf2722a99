// SPDX-License-Identifier: GPL-2.0
// What the tests of the core stand on: memory that can run out, the shared part of an instance, and
// an engine that is only book-keeping, with a picture of its own of which pages are open.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <set>

#include "core/histogram.h"
#include "core/instance.h"
#include "policies/registry.h"

namespace dime::test {

/// Memory from the C library that counts, and that fails from allocation number `fail_at` on.
/// Behind each block stands a guard that makes reads past the end show and aborts on writes.
class TestMemory final : public Memory {
 public:
  static constexpr std::uint64_t kNever = UINT64_MAX;

  TestMemory() = default;
  TestMemory(const TestMemory&) = delete;
  TestMemory& operator=(const TestMemory&) = delete;
  ~TestMemory() = default;

  void* allocate(std::uint64_t bytes) override {
    if (calls++ >= fail_at) {
      return nullptr;
    }
    live_bytes += bytes;
    ++live_blocks;
    auto* const block = static_cast<unsigned char*>(std::calloc(1, bytes + kGuardBytes));
    std::fill_n(block + bytes, kGuardBytes, kGuard);
    return block;
  }
  void release(void* block, std::uint64_t bytes) override {
    live_bytes -= bytes;
    --live_blocks;
    const auto* const guard = static_cast<const unsigned char*>(block) + bytes;
    if (std::count(guard, guard + kGuardBytes, kGuard) != kGuardBytes) {
      std::abort();
    }
    std::free(block);
  }

  std::uint64_t calls = 0;
  std::uint64_t fail_at = kNever;
  std::uint64_t live_bytes = 0;
  std::uint64_t live_blocks = 0;

 private:
  static constexpr std::uint64_t kGuardBytes = 64;
  static constexpr unsigned char kGuard = 0xa5;
};

/// What lies in a control block.
struct Block {
  dime_parameters parameters{};
  dime_counters counters{};
  dime_levels levels{};
  dime_histogram stalls{};
  dime_link link{};
  dime_tier tiers[DIME_MAX_TIERS]{};
  dime_tier_use tier_uses[DIME_MAX_TIERS]{};

  explicit Block(std::uint64_t local_npages) {
    parameters.local_npages = local_npages;
    parameters.flags = DIME_WRITEBACK;
    parameters.writeback_depth = 64;
  }
  [[nodiscard]] InstanceShared shared() {
    return {parameters, counters, levels, stalls, {}, {}, {tiers, tier_uses, nullptr}};
  }
};

/// One process of an instance. Pages are opened and closed at once, at a time that stands still
/// unless the test moves it.
class Engine {
 public:
  explicit Engine(Block& block, const dime_policy_ops& policy = policies::kFifo,
                  std::uint64_t seed = 1)
      : block_(block), instance_(memory, block.shared()), table_(instance_.pool(), memory, 0) {
    instance_.use_link(block.link);
    instance_.use_policy(policy, seed);
  }

  /// Touches a page as a program would. kPresent: no fault would have happened.
  FaultKind touch(std::uint64_t page) {
    const PageId id = table_.obtain({page});
    if (is_open(id)) {
      return FaultKind::kPresent;
    }
    const Fault fault = instance_.begin(id, now);
    const Room room = instance_.make_room(id, now, closer());
    if (!room.made) {
      instance_.abandon(id, fault);
      return FaultKind::kPresent;
    }
    open_.insert(id);
    instance_.finish(id, fault, fault.ready - now);
    return fault.kind;
  }

  /// Closes what it is told to, as `verdict` says.
  std::function<Closed(PageId)> closer() {
    return [this](PageId id) {
      const Closed how = verdict(id);
      if (how != Closed::kRefused && how != Closed::kBusy) {
        open_.erase(id);
      }
      return how;
    };
  }

  void unmap(std::uint64_t page) {
    const PageId id = table_.find({page});
    open_.erase(id);
    instance_.forget(id);
  }

  [[nodiscard]] PageState state(std::uint64_t page) {
    const PageId id = table_.find({page});
    return id == kNoPage ? PageState::kUntouched : instance_.pool().record(id).state;
  }
  [[nodiscard]] bool is_open(PageId id) const { return open_.contains(id); }
  [[nodiscard]] std::uint64_t open_pages() const { return open_.size(); }
  void open(PageId id) { open_.insert(id); }

  [[nodiscard]] Instance& instance() { return instance_; }
  [[nodiscard]] PageTable& table() { return table_; }
  [[nodiscard]] Block& block() { return block_; }

  TestMemory memory;
  Nanos now{1'000'000};
  std::function<Closed(PageId)> verdict = [](PageId) { return Closed::kDirty; };

 private:
  Block& block_;
  Instance instance_;
  PageTable table_;
  std::set<PageId> open_;
};

}  // namespace dime::test
