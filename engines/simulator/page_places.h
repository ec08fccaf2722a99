// SPDX-License-Identifier: GPL-2.0
// Where the pages of a sequence lie: numbers are given densely, in the order of appearance, and a
// prefetcher wants to know neighbours.
#pragma once

#include <cstdint>
#include <vector>

#include "trace/page_index.h"

namespace dime::simulator {

class PagePlaces {
 public:
  struct Place {
    std::uint64_t page = kNowhere;  ///< within its process
    std::uint32_t process = 0;
  };
  static constexpr std::uint64_t kNowhere = UINT64_MAX;
  static constexpr std::uint32_t kNone = trace::PageIndex::kNone;

  PagePlaces() = default;
  explicit PagePlaces(trace::PageIndex index) : index_(std::move(index)), places_(index_.count()) {
    index_.for_each([this](std::uint32_t process, std::uint64_t page, std::uint32_t number) {
      places_[number] = {page, process};
    });
  }

  /// Where page `number` lies; nowhere where it was moved away from its place.
  [[nodiscard]] Place of(std::uint32_t number) const {
    return number < places_.size() ? places_[number] : Place{};
  }
  /// The number of a page, or kNone.
  [[nodiscard]] std::uint32_t find(std::uint32_t process, std::uint64_t page) const {
    return index_.find(process, page);
  }

 private:
  trace::PageIndex index_;
  std::vector<Place> places_;
};

}  // namespace dime::simulator
