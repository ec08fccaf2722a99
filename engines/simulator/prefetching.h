// SPDX-License-Identifier: GPL-2.0
// The prefetcher of a replay: one for each process, asked in page numbers, answering in the
// replay's own.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "core/prefetcher.h"
#include "engines/simulator/replay.h"

namespace dime::simulator {

/// Not thread-safe.
class Prefetching {
 public:
  explicit Prefetching(const PrefetchSetup& setup) : setup_(setup) {}

  /// The pages that should be fetched because of the access to `page`: those that are known at all.
  /// Empty without memory. Valid until the next call.
  const std::vector<std::uint32_t>& propose(std::uint32_t page, dime_prefetch_why why,
                                            std::uint64_t time, std::uint64_t limit);

 private:
  class Heap final : public Memory {
   public:
    void* allocate(std::uint64_t bytes) override { return std::calloc(1, bytes); }
    void release(void* block, std::uint64_t /*bytes*/) override { std::free(block); }
  };

  Prefetcher& of_process(std::uint32_t process);

  const PrefetchSetup& setup_;
  Heap heap_;
  std::vector<std::unique_ptr<Prefetcher>> processes_;
  std::vector<std::uint32_t> proposed_;
};

}  // namespace dime::simulator
