// SPDX-License-Identifier: GPL-2.0
#include "core/local_set.h"

namespace dime {
namespace {

constexpr std::uint64_t kNoLimit = UINT64_MAX / 2;

std::uint64_t& part(std::uint64_t* wanted, std::uint64_t& otherwise) {
  return wanted == nullptr ? otherwise : *wanted;
}

}  // namespace

void LocalSet::watch(dime_levels& levels, Limit limit, const OwnLevels& own) {
  levels_ = &levels;
  limit_ = limit;
  level_local_ = {&levels.local_pages, &part(own.local_pages, unwatched_[0])};
  level_managed_ = {&levels.managed_pages, &part(own.managed_pages, unwatched_[1])};
  level_inherited_ = {&levels.inherited_pages, &part(own.inherited_pages, unwatched_[2])};
}

std::uint64_t LocalSet::limit() const {
  if (limit_.pages == nullptr) {
    return kNoLimit;
  }
  return limit_in_pages(atomic::load(*limit_.pages), atomic::load(*limit_.share),
                        atomic::load(levels_->managed_pages));
}

std::uint64_t LocalSet::own_limit() const {
  const std::uint64_t all = atomic::load(levels_->local_pages);
  const std::uint64_t own = atomic::load(*level_local_.own);
  const std::uint64_t others = all > own ? all - own : 0;
  const std::uint64_t most = limit();
  return most > others ? most - others : 1;
}

bool LocalSet::try_room(bool& over) {
  std::uint64_t& local = levels_->local_pages;
  std::uint64_t inherited = 0;
  std::uint64_t seen = atomic::load(local);
  do {
    inherited = atomic::load(levels_->inherited_pages);
    const std::uint64_t most = limit() + inherited;
    if (seen >= most) {
      over = seen > most;
      return false;
    }
  } while (!atomic::compare_exchange(local, seen, seen + 1));
  atomic::add(*level_local_.own, std::uint64_t{1});
  ++rooms_;
  note_level(seen + 1, inherited);
  return true;
}

// What children have inherited is counted apart (dime_levels.inherited_pages), so the peak shows
// the limit at work. Members come and go while the levels are read: `inherited_before` is from
// before `local`, and the greater of it and what is read now was there with `local`.
void LocalSet::note_level(std::uint64_t local, std::uint64_t inherited_before) {
  const std::uint64_t now = atomic::load(levels_->inherited_pages);
  const std::uint64_t inherited = now > inherited_before ? now : inherited_before;
  atomic::raise(levels_->local_peak, local > inherited ? local - inherited : 0);
}

void LocalSet::inherit() {
  // The debt first: the limit is never exceeded by pages that nobody accounts for.
  debt_ = local_;
  level_inherited_.add(debt_);
  level_local_.add(local_);
  level_managed_.add(managed_);
}

void LocalSet::give_back() {
  level_local_.sub(local_ + rooms_);
  level_managed_.sub(managed_);
  level_inherited_.sub(debt_);
}

}  // namespace dime
