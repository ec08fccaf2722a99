// SPDX-License-Identifier: GPL-2.0
// A prefetcher at work: its state, and what it may ask for.
//
// Not thread-safe: guarded by the instance's lock. O(1) a call.
#pragma once

#include "core/memory.h"
#include "core/prefetch_choice.h"

namespace dime {

/// How many pages may be fetched for one access under a limit of `limit` pages: with less room,
/// they would evict one another.
constexpr std::uint32_t most_ahead(std::uint64_t limit) {
  constexpr std::uint64_t kPartOfLimit = 8;
  const std::uint64_t part = limit / kPartOfLimit;
  return part < DIME_PREFETCH_MOST ? static_cast<std::uint32_t>(part) : DIME_PREFETCH_MOST;
}

/// A recorded order of page numbers. Outlives the prefetcher.
struct PrefetchTape {
  const std::uint64_t* pages = nullptr;
  std::uint64_t count = 0;
};

class Prefetcher {
 public:
  Prefetcher();
  ~Prefetcher() { stop(); }
  Prefetcher(const Prefetcher&) = delete;  // its host points to it
  Prefetcher& operator=(const Prefetcher&) = delete;

  /// Asks this prefetcher from now on, which keeps its state in `memory`, as long as it is asked.
  /// False without memory: nothing is prefetched.
  bool use(Memory& memory, const PrefetchChoice& choice, PrefetchTape tape);
  void stop();

  /// False: propose() gives nothing, and need not be asked.
  [[nodiscard]] bool is_on() const { return ops_ != nullptr; }

  /// The pages that should be fetched because of `event`, best first: at most DIME_PREFETCH_MOST,
  /// and no more than `limit` allows. Returns how many.
  std::uint32_t propose(const dime_prefetch_event& event, std::uint64_t limit,
                        std::uint64_t (&pages)[DIME_PREFETCH_MOST]);

 private:
  Memory* memory_ = nullptr;  ///< of the state
  const dime_prefetch_ops* ops_ = nullptr;
  void* state_ = nullptr;
  dime_prefetch_host host_ = {};
};

}  // namespace dime
