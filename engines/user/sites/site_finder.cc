// SPDX-License-Identifier: GPL-2.0
#include "engines/user/sites/site_finder.h"

#include <algorithm>
#include <optional>

namespace dime::sites {
namespace {

constexpr std::uint32_t kJumpBytes = 5;
constexpr std::uint32_t kCacheLine = 64;

constexpr std::uint32_t kSigreturn = 15;
constexpr std::uint32_t kClone = 56;
constexpr std::uint32_t kVfork = 58;
constexpr std::uint32_t kClone3 = 435;

struct Window {
  std::size_t first;
  std::size_t end;
};

class Finder {
 public:
  explicit Finder(const Instructions& instructions)
      : instructions_(instructions), all_(instructions.all()) {}

  std::vector<FoundSite> find() {
    std::vector<FoundSite> found;
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (all_[i].system_call) {
        found.push_back(site_at(i));
      }
    }
    return found;
  }

 private:
  FoundSite site_at(std::size_t call) {
    FoundSite found{};
    found.first = call;
    found.call = call;
    found.end = call + 1;
    Site& site = found.site;
    const auto number = instructions_.constant_eax(call);
    site.number =
        number && *number < kUnknownNumber ? static_cast<std::uint16_t>(*number) : kUnknownNumber;
    site.verdict = Verdict::kPatch;
    if (!number || *number == kClone) {
      site.verdict = Verdict::kPatchTested;
    } else if (*number == kSigreturn || *number == kVfork || *number == kClone3) {
      site.verdict = Verdict::kLeave;
    }
    if (!number && !instructions_.clean()) {
      site.verdict = Verdict::kRefuse;
      site.reason = Reason::kDoubtful;
    }
    if (site.verdict == Verdict::kPatch || site.verdict == Verdict::kPatchTested) {
      jumped_into_ = false;
      if (const auto window = window_of(call)) {
        found.first = window->first;
        found.end = window->end;
        taken_until_ = all_[window->end - 1].end();
      } else {
        site.verdict = Verdict::kRefuse;
        site.reason = jumped_into_ ? Reason::kBranchTarget : Reason::kNotMovable;
      }
    }
    site.window = all_[found.first].address;
    site.bytes = static_cast<std::uint8_t>(all_[found.end - 1].end() - site.window);
    site.instruction = static_cast<std::uint8_t>(all_[call].address - site.window);
    const auto original = instructions_.bytes_at(site.window, site.bytes);
    std::copy(original.begin(), original.end(), site.original);
    return found;
  }

  // Two bytes in one cache line can be exchanged while other threads run there, which is how the
  // agent takes a window back. So windows that begin on a line's last byte come last.
  std::optional<Window> window_of(std::size_t call) {
    for (const bool on_one_line : {true, false}) {
      for (const Window& window : candidates(call)) {
        const bool one_line = all_[window.first].address % kCacheLine != kCacheLine - 1;
        if ((one_line || !on_one_line) && is_usable(window, call)) {
          return window;
        }
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] std::vector<Window> candidates(std::size_t call) const {
    std::vector<Window> list;
    if (call > 0 && all_[call - 1].bytes >= kJumpBytes - all_[call].bytes) {
      list.push_back({call - 1, call + 1});
    }
    std::size_t end = call + 1;
    while (end < all_.size() && bytes_between(call, end) < kJumpBytes) {
      ++end;
    }
    list.push_back({call, end});
    std::size_t first = call;
    while (first > 0 && bytes_between(first, call + 1) < kJumpBytes) {
      --first;
    }
    list.push_back({first, call + 1});
    for (first = call; first > 0 && bytes_between(first, call + 1) < kJumpBytes;) {
      --first;
      for (end = call + 1; end < all_.size() && bytes_between(first, end) < kJumpBytes;) {
        ++end;
      }
      list.push_back({first, end});
    }
    return list;
  }

  [[nodiscard]] std::uint32_t bytes_between(std::size_t first, std::size_t end) const {
    return all_[end - 1].end() - all_[first].address;
  }

  bool is_usable(const Window& window, std::size_t call) {
    if (all_[window.first].address < taken_until_) {
      return false;
    }
    for (std::size_t i = window.first; i < window.end; ++i) {
      const bool adjoins = i == window.first || all_[i].address == all_[i - 1].end();
      if (!adjoins || (i != call && !all_[i].movable)) {
        return false;
      }
    }
    if (instructions_.is_target(all_[window.first].address + 1, all_[window.end - 1].end())) {
      jumped_into_ = true;
      return false;
    }
    const std::uint32_t bytes = bytes_between(window.first, window.end);
    return bytes >= kJumpBytes && bytes <= kMostWindowBytes;
  }

  const Instructions& instructions_;
  std::span<const Instruction> all_;
  std::uint32_t taken_until_ = 0;
  bool jumped_into_ = false;
};

}  // namespace

std::vector<FoundSite> find_sites(const Instructions& instructions) {
  return Finder(instructions).find();
}

}  // namespace dime::sites
