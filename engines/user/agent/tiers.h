// SPDX-License-Identifier: GPL-2.0
// The tiers of this process's memory: the rules as they were last read, and what they and the
// program say of each address.
//
// Not in use, and without cost, until there is a tier or a rule, or the program places memory.
// Guarded as the Space that owns it.
#pragma once

#include "core/atomic.h"
#include "core/page_sample.h"
#include "core/placement.h"
#include "core/range_names.h"
#include "core/tier_map.h"
#include "engines/user/agent/mappings.h"

namespace dime::agent {

class Tiers {
 public:
  /// From now on tiers are in use. `comm` is the process's name and stays valid; `matched` has a
  /// flag for each rule. False without memory.
  bool start(Memory& memory, const char* comm, std::uint32_t* matched);
  [[nodiscard]] bool in_use() const { return rules_ != nullptr; }

  /// Copies `rules`, which somebody may be writing.
  void read_rules(const dime_placement& rules);
  [[nodiscard]] const dime_placement& rules() const { return *rules_; }

  /// Pages outside of the sample `share` are always local from now on, whatever the rules say.
  void use_sample(std::uint32_t share) { sample_ = share; }
  [[nodiscard]] bool samples() const { return sample_ != 0; }
  [[nodiscard]] bool is_sampled(PageNumber page) const {
    return page_sample::contains(sample_, page);
  }

  [[nodiscard]] unsigned at(std::uint64_t address) const {
    return is_sampled(PageNumber::of(address)) ? map_.at(address) : DIME_TIER_LOCAL;
  }

  /// Asks the rules about a mapping. Calls `changed(AddressRange)` for each part whose tier is
  /// another than before.
  template <class Changed>
  void judge(AddressRange range, dime_kind kind, const char* name, Changed&& changed);

  /// The program has named `range`, whether tiers are in use or not. False where there is no room
  /// for another name.
  bool name(Memory& memory, AddressRange range, const char* name);

  /// The program places `range`, whatever the rules say.
  void place(AddressRange range, unsigned tier) { map_.set_by_program(range, tier); }
  void unmapped(AddressRange range);
  void moved(std::uint64_t from, std::uint64_t to, std::uint64_t bytes);

  /// True if some memory could not be placed for want of room in the table, since the last call.
  bool overflowed() { return map_.overflowed(); }

 private:
  static constexpr unsigned kRanges = 512;

  template <class Changed>
  void ask_rules(const placement::Mapping& mapping, Changed&& changed);

  TierMap map_;
  RangeNames names_;
  bool has_names_ = false;
  std::uint32_t sample_ = 0;
  dime_placement* rules_ = nullptr;
  const char* comm_ = "";
  std::uint32_t* matched_ = nullptr;
};

template <class Changed>
void Tiers::judge(AddressRange range, dime_kind kind, const char* name, Changed&& changed) {
  if (names_.empty() || *name != '\0') {
    ask_rules({range, kind, name, comm_}, changed);
    return;
  }
  for (std::uint64_t at = range.begin; at < range.end;) {
    const RangeNames::Part part = names_.at(at);
    const AddressRange cut = part.range.intersection({at, range.end});
    ask_rules({cut, kind, part.name, comm_}, changed);
    at = cut.end;
  }
}

template <class Changed>
void Tiers::ask_rules(const placement::Mapping& mapping, Changed&& changed) {
  const AddressRange range = mapping.range;
  for (std::uint64_t at = range.begin; at < range.end;) {
    const placement::Piece piece = placement::piece_at(*rules_, mapping, at);
    if (piece.rule != placement::kNoRule) {
      atomic::store(matched_[piece.rule], 1u);
    }
    const AddressRange part{at, piece.end};
    if (map_.set_by_rule(part, piece.tier)) {
      changed(part);
    }
    at = piece.end;
  }
}

}  // namespace dime::agent
