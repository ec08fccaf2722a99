// SPDX-License-Identifier: GPL-2.0
#include "engines/simulator/simulated_pages.h"

#include <cstdlib>

namespace dime::simulator {
namespace {

constexpr std::uint32_t kWordBytes = sizeof(std::uint64_t);
constexpr unsigned kPageShift = 12;

std::uint32_t words_for(std::uint32_t page_bytes) {
  return page_bytes == 0 ? sizeof(dime_policy_page) / kWordBytes
                         : (page_bytes + kWordBytes - 1) / kWordBytes;
}

}  // namespace

SimulatedPages::SimulatedPages(std::uint32_t pages, std::uint32_t page_bytes,
                               std::uint64_t capacity, std::uint64_t seed)
    : flags_(pages), words_(words_for(page_bytes)) {
  bytes_.resize(std::uint64_t{pages} * words_);
  host_.context = this;
  host_.page = [](void* context, std::uint32_t page) {
    auto& self = *static_cast<SimulatedPages*>(context);
    return reinterpret_cast<dime_policy_page*>(&self.bytes_[std::uint64_t{page} * self.words_]);
  };
  host_.allocate = [](void* /*context*/, std::uint64_t bytes) { return std::calloc(1, bytes); };
  host_.release = [](void* /*context*/, void* block, std::uint64_t /*bytes*/) { std::free(block); };
  host_.test_and_clear_accessed = [](void* context, std::uint32_t page) {
    std::uint8_t& flags = static_cast<SimulatedPages*>(context)->flags_[page];
    const int answer = (flags & kAccessed) != 0 ? DIME_ACCESSED_YES : DIME_ACCESSED_NO;
    flags &= static_cast<std::uint8_t>(~kAccessed);
    return answer;
  };
  host_.address = [](void* /*context*/, std::uint32_t page) {
    return std::uint64_t{page} << kPageShift;
  };
  host_.limit = capacity;
  host_.seed = seed;
  host_.sees = DIME_SEES_ACCESSED | DIME_SEES_ACCESSES | DIME_SEES_FUTURE;
}

}  // namespace dime::simulator
