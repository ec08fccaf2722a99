// SPDX-License-Identifier: GPL-2.0
#include "core/prefetcher.h"

namespace dime {

Prefetcher::Prefetcher() {
  host_.allocate = [](void* context, std::uint64_t bytes) {
    return static_cast<Memory*>(context)->allocate(bytes);
  };
  host_.release = [](void* context, void* block, std::uint64_t bytes) {
    static_cast<Memory*>(context)->release(block, bytes);
  };
}

bool Prefetcher::use(Memory& memory, const PrefetchChoice& choice, PrefetchTape tape) {
  stop();
  if (choice.prefetcher == nullptr || choice.prefetcher->propose == nullptr) {
    return true;
  }
  const dime_prefetch_ops& ops = *choice.prefetcher;
  memory_ = &memory;
  state_ = memory.allocate(DIME_PREFETCH_STATE_BYTES);
  if (state_ == nullptr) {
    return false;
  }
  host_.context = &memory;
  host_.parameters = choice.values;
  host_.tape = tape.pages;
  host_.tape_pages = tape.count;
  const bool made = ops.init == nullptr || ops.init(&ops, state_, &host_) == 0;
  host_.parameters = nullptr;
  if (!made) {
    memory.release(state_, DIME_PREFETCH_STATE_BYTES);
    state_ = nullptr;
    return false;
  }
  ops_ = &ops;
  return true;
}

void Prefetcher::stop() {
  if (ops_ == nullptr) {
    return;
  }
  if (ops_->clean != nullptr) {
    ops_->clean(state_, &host_);
  }
  memory_->release(state_, DIME_PREFETCH_STATE_BYTES);
  state_ = nullptr;
  ops_ = nullptr;
}

std::uint32_t Prefetcher::propose(const dime_prefetch_event& event, std::uint64_t limit,
                                  std::uint64_t (&pages)[DIME_PREFETCH_MOST]) {
  if (ops_ == nullptr) {
    return 0;
  }
  host_.limit = limit;
  const std::uint32_t most = most_ahead(limit);
  // Asked even where nothing may be fetched: it learns from what is touched.
  const std::uint32_t count = ops_->propose(state_, &host_, &event, pages, most);
  return count < most ? count : most;
}

}  // namespace dime
