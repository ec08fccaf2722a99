// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/inline/regions.h"

#include "core/atomic.h"

namespace dime::agent {

bool Regions::start(Memory& memory) {
  ranges_ = static_cast<AddressRange*>(memory.allocate(kCapacity * sizeof(AddressRange)));
  return ranges_ != nullptr;
}

/// The first range that ends behind `address`.
std::uint32_t Regions::first_behind(std::uint64_t address) const {
  std::uint32_t low = 0;
  std::uint32_t high = atomic::load(count_);
  while (low < high) {
    const std::uint32_t middle = (low + high) / 2;
    if (atomic::load(ranges_[middle].end) > address) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

bool Regions::contains(std::uint64_t address) const {
  return intersects({address, address + 1});
}

/// What `holds(range)` says of the first range that ends behind `address`; false without one.
template <class Holds>
bool Regions::ask(std::uint64_t address, Holds&& holds) const {
  for (;;) {
    const std::uint32_t version = atomic::load_acquire(version_);
    const std::uint32_t at = first_behind(address);
    const bool answer =
        at < atomic::load(count_) &&
        holds(AddressRange{atomic::load(ranges_[at].begin), atomic::load(ranges_[at].end)});
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (version % 2 == 0 && version == atomic::load(version_)) {
      return answer;
    }
    __builtin_ia32_pause();
  }
}

bool Regions::intersects(AddressRange range) const {
  return ask(range.begin, [&](AddressRange found) { return found.begin < range.end; });
}

bool Regions::covers(AddressRange range) const {
  return ask(range.begin, [&](AddressRange found) {
    return found.begin <= range.begin && found.end >= range.end;
  });
}

AddressRange Regions::around(std::uint64_t address) const {
  const std::uint32_t at = first_behind(address);
  return at < count_ && ranges_[at].contains(address) ? ranges_[at] : AddressRange{};
}

/// Puts `with` in the place of the ranges [from, to).
void Regions::replace(std::uint32_t from, std::uint32_t to, const AddressRange* with,
                      std::uint32_t how_many) {
  atomic::store(version_, version_ + 1);
  __atomic_thread_fence(__ATOMIC_RELEASE);
  const std::uint32_t tail = count_ - to;
  if (from + how_many > to) {
    for (std::uint32_t i = tail; i-- > 0;) {
      ranges_[from + how_many + i] = ranges_[to + i];
    }
  } else {
    for (std::uint32_t i = 0; i < tail; ++i) {
      ranges_[from + how_many + i] = ranges_[to + i];
    }
  }
  for (std::uint32_t i = 0; i < how_many; ++i) {
    ranges_[from + i] = with[i];
  }
  atomic::store(count_, from + how_many + tail);
  atomic::store_release(version_, version_ + 1);
}

bool Regions::add(AddressRange range) {
  if (range.empty()) {
    return true;
  }
  // All ranges that touch this one become one with it.
  const std::uint32_t from = first_behind(range.begin == 0 ? 0 : range.begin - 1);
  std::uint32_t to = from;
  while (to < count_ && ranges_[to].begin <= range.end) {
    range.begin = ranges_[to].begin < range.begin ? ranges_[to].begin : range.begin;
    range.end = ranges_[to].end > range.end ? ranges_[to].end : range.end;
    ++to;
  }
  if (from == to && count_ == kCapacity) {
    return false;
  }
  if (to != from + 1 || !(ranges_[from] == range)) {
    replace(from, to, &range, 1);
  }
  return true;
}

void Regions::remove(AddressRange range) {
  const std::uint32_t from = first_behind(range.begin);
  std::uint32_t to = from;
  AddressRange rest[2];
  std::uint32_t rests = 0;
  for (; to < count_ && ranges_[to].begin < range.end; ++to) {
    const AddressRange cut = ranges_[to];
    if (cut.begin < range.begin) {
      rest[rests++] = {cut.begin, range.begin};
    }
    if (cut.end > range.end && rests < 2) {
      rest[rests++] = {range.end, cut.end};
    }
  }
  if (to == from || count_ - (to - from) + rests > kCapacity) {
    return;
  }
  replace(from, to, rest, rests);
}

}  // namespace dime::agent
