// SPDX-License-Identifier: GPL-2.0
#include "cli/local_sizes.h"

#include <algorithm>

#include "cli/words.h"
#include "core/quantity.h"

namespace dime {
namespace {

constexpr std::uint64_t kWhole = 10'000;  // shares are per cent times 100
constexpr std::uint32_t kShareStep = 1'000;
constexpr const char* kRange = "..";

Result<LocalSize> parse_one(const std::string& whole, const std::string& word) {
  const auto size = parse_local({word.data(), static_cast<std::uint32_t>(word.size())});
  if (!size.ok()) {
    return fail(0, "--local {}: '{}': {}; with commas between sizes, and FROM..TO for several",
                whole, word, size.problem);
  }
  return size.value;
}

std::uint64_t pages_of(std::uint32_t share, std::uint64_t pages) {
  return std::max<std::uint64_t>(1, (pages * share + kWhole - 1) / kWhole);
}

}  // namespace

Result<std::vector<std::uint64_t>> parse_local_sizes(const std::string& text, std::uint64_t pages) {
  std::vector<std::uint64_t> sizes;
  for (const std::string& word : words_of(text)) {
    const std::size_t dots = word.find(kRange);
    DIME_TRY(const LocalSize first, parse_one(text, word.substr(0, dots)));
    DIME_TRY(const LocalSize last,
             dots == std::string::npos ? first : parse_one(text, word.substr(dots + 2)));
    if ((first.share == 0) != (last.share == 0) || first.share > last.share ||
        first.npages > last.npages) {
      return fail(0, "--local {}: '{}': allowed: a range upwards, of two shares or two sizes", text,
                  word);
    }
    for (std::uint32_t share = first.share; first.share != 0 && share < last.share;
         share += kShareStep) {
      sizes.push_back(pages_of(share, pages));
    }
    for (std::uint64_t size = first.npages; first.share == 0 && size < last.npages; size *= 2) {
      sizes.push_back(size);
    }
    sizes.push_back(last.share != 0 ? pages_of(last.share, pages) : last.npages);
  }
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

}  // namespace dime
