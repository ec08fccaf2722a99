// SPDX-License-Identifier: GPL-2.0
// The pages that are local under one limit: how many there are, how many there may be, and in which
// order they go.
//
// The limit holds for all processes of an instance together, so each counts its pages in levels
// that they share, atomically, and a page is counted before it is opened and until it is closed. A
// room is such a count without its page: made before a fetch and used, or given back, behind it.
//
// Not thread-safe but for the shared levels: guarded by the instance's lock. O(1) a page.
#pragma once

#include "core/atomic.h"
#include "core/ranking.h"
#include "dime/abi.h"

namespace dime {

/// What one Instance adds to the shared levels, kept where others can read it: a process may be
/// killed at any moment, and whoever finds it gone gives back what it had. Null = nobody wants to
/// know.
struct OwnLevels {
  std::uint64_t* local_pages = nullptr;
  std::uint64_t* managed_pages = nullptr;
  std::uint64_t* inherited_pages = nullptr;
  std::uint64_t* evictions = nullptr;  ///< a count and no level: nobody gives it back
};

/// What becomes of the room of a page that is local no more: given back, or kept for another page.
enum class Freed : std::uint8_t { kGivenBack, kKept };

/// A share of the touched pages gives at least this many, or a program that has touched little
/// could not get through an instruction.
inline constexpr std::uint64_t kLeastShare = 32;

/// A limit as dime_parameters say it, in pages. At least 1.
constexpr std::uint64_t limit_in_pages(std::uint64_t pages, std::uint32_t share,
                                       std::uint64_t managed) {
  constexpr std::uint32_t kWhole = 10'000;  // shares are in 1/100 per cent
  const std::uint64_t limit = share == 0 ? pages : managed * share / kWhole;
  const std::uint64_t least = share == 0 ? 1 : kLeastShare;
  return limit < least ? least : limit;
}

class LocalSet {
 public:
  /// Where the limit is said: in pages, or, where `share` is not 0, as a share of the managed pages
  /// in 1/100 per cent. Null = there is no limit.
  struct Limit {
    const std::uint64_t* pages = nullptr;
    const std::uint32_t* share = nullptr;
  };

  /// Counts in `levels` and `own` from now on, which outlive the set. What was counted elsewhere
  /// stays there.
  void watch(dime_levels& levels, Limit limit, const OwnLevels& own);
  [[nodiscard]] bool watched() const { return levels_ != nullptr; }

  [[nodiscard]] Ranking& ranking() { return ranking_; }
  [[nodiscard]] const Ranking& ranking() const { return ranking_; }

  /// In pages, under the current parameters. At least 1.
  [[nodiscard]] std::uint64_t limit() const;
  /// What inherited pages are allowed above the limit counted, too.
  [[nodiscard]] std::uint64_t allowed() const {
    return limit() + atomic::load(levels_->inherited_pages);
  }
  [[nodiscard]] bool full() const { return atomic::load(levels_->local_pages) >= allowed(); }
  [[nodiscard]] bool over() const { return atomic::load(levels_->local_pages) > allowed(); }

  /// Makes a room, if the limit allows it. False: it does not, and `over` says whether there are
  /// more pages than that by now.
  [[nodiscard]] bool try_room(bool& over);
  /// Makes a room whatever the limit says.
  void force_room() {
    count_local(1);
    ++rooms_;
  }
  void cancel_room() {
    --rooms_;
    level_local_.sub(1);
  }
  [[nodiscard]] std::uint64_t rooms() const { return rooms_; }

  /// A page that was on its way came: it is ranked, and uses a room. False without memory: it does
  /// not count, and its room is given back.
  [[nodiscard]] bool arrive(PageId id, PageRecord& record, dime_enter why) {
    --rooms_;
    return rank(id, record, why);
  }
  /// The same for a page that has no room, whatever the limit says.
  [[nodiscard]] bool appear(PageId id, PageRecord& record, dime_enter why) {
    count_local(1);
    return rank(id, record, why);
  }
  /// A claimed page stays after all: ranked as if it had just come, as arrive() says.
  [[nodiscard]] bool stay(PageId id, PageRecord& record) {
    --local_;
    return rank(id, record, DIME_ENTER_RETURNED);
  }
  /// A ranked page goes by another name from now on, and is ranked as if it had just come. Its room
  /// stays taken: given back for a moment, another member could take it.
  [[nodiscard]] bool relocate(PageId from, PageRecord& old, PageId to, PageRecord& fresh) {
    claim(from, old, DIME_LEAVE_MOVED);
    --local_;
    return rank(to, fresh, DIME_ENTER_MOVED, from);
  }

  /// The page that goes next for `for_page`, or kNoPage. It stays ranked.
  [[nodiscard]] PageId victim(PageId for_page) {
    tell_limit();
    return ranking_.victim(for_page);
  }

  /// A ranked page is about to go: ranked no more, but it still counts.
  void claim(PageId id, PageRecord& record, dime_leave why) {
    tell_limit();
    ranking_.remove(id, record, why);
  }
  /// A claimed page is local no more.
  void leave_claimed(Freed room) {
    --local_;
    if (room == Freed::kKept) {
      ++rooms_;
    } else {
      level_local_.sub(1);
    }
  }
  /// A ranked page is local no more.
  void leave(PageId id, PageRecord& record, dime_leave why, Freed room) {
    claim(id, record, why);
    leave_claimed(room);
  }

  /// A page comes under management, local or not, or leaves it.
  void manage() {
    ++managed_;
    atomic::raise(levels_->managed_peak, level_managed_.add(1));
  }
  void release() {
    --managed_;
    level_managed_.sub(1);
  }

  [[nodiscard]] std::uint64_t local() const { return local_; }
  [[nodiscard]] std::uint64_t managed() const { return managed_; }

  /// Allows `pages` above the limit, until paid.
  void borrow(std::uint64_t pages) {
    debt_ += pages;
    level_inherited_.add(pages);
  }
  void pay_debt() {
    --debt_;
    level_inherited_.sub(1);
  }
  [[nodiscard]] std::uint64_t debt() const { return debt_; }

  /// In a forked child, behind watch(): counts what it goes on with, and its local pages as
  /// inherited. REQUIRES: there are no rooms.
  void inherit();
  /// Takes what is counted out of the shared levels.
  void give_back();

 private:
  /// One shared level together with this Instance's part of it, changed one right after the other.
  struct Level {
    std::uint64_t* all;
    std::uint64_t* own;
    std::uint64_t add(std::uint64_t pages) const {
      const std::uint64_t now = atomic::add(*all, pages);
      atomic::add(*own, pages);
      return now;
    }
    void sub(std::uint64_t pages) const {
      atomic::sub(*all, pages);
      atomic::sub(*own, pages);
    }
  };

  void note_level(std::uint64_t local, std::uint64_t inherited_before);
  void count_local(std::uint64_t pages) {
    const std::uint64_t inherited = atomic::load(levels_->inherited_pages);
    note_level(level_local_.add(pages), inherited);
  }
  /// How many pages this part of the set may have: what other members have is theirs.
  [[nodiscard]] std::uint64_t own_limit() const;
  void tell_limit() {
    if (ranking_.is_called()) {
      ranking_.note_limit(own_limit());
    }
  }
  [[nodiscard]] bool rank(PageId id, PageRecord& record, dime_enter why, PageId from = kNoPage) {
    tell_limit();
    if (!ranking_.add(id, record, why, from)) {
      level_local_.sub(1);
      return false;
    }
    ++local_;
    return true;
  }

  dime_levels* levels_ = nullptr;
  Limit limit_;
  Level level_local_{};
  Level level_managed_{};
  Level level_inherited_{};
  std::uint64_t local_ = 0;
  std::uint64_t rooms_ = 0;
  std::uint64_t managed_ = 0;
  std::uint64_t debt_ = 0;
  std::uint64_t unwatched_[3] = {};  ///< own levels that nobody wants to know
  Ranking ranking_;
};

}  // namespace dime
