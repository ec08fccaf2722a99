// SPDX-License-Identifier: GPL-2.0
// Names and places of ranges, on the core's table of addresses.
#include "hints.h"

#include "core/placement.h"
#include "core/range_names.h"
#include "core/tier_map.h"

inline void* operator new(__SIZE_TYPE__, void* where) noexcept {
  return where;
}

namespace {

using namespace dime;

/// Hands out a block piece by piece.
class Block final : public Memory {
 public:
  explicit Block(void* begin) : free_(static_cast<char*>(begin)) {}
  void* allocate(std::uint64_t bytes) override {
    void* const piece = free_;
    free_ += bytes;
    return piece;
  }
  void release(void* /*block*/, std::uint64_t /*bytes*/) override {}

 private:
  char* free_;
};

}  // namespace

struct dk_names {
  RangeNames names;
};

struct dk_places {
  TierMap map;
};

extern "C" {

uint64_t dk_names_bytes() {
  return sizeof(dk_names) + RangeNames::bytes(DK_NAMED_RANGES, DK_DIFFERENT_NAMES);
}

dk_names* dk_names_create(void* memory) {
  auto* const made = new (memory) dk_names;
  Block rest(made + 1);
  made->names.create(rest, DK_NAMED_RANGES, DK_DIFFERENT_NAMES);
  return made;
}

dk_names* dk_names_copy(void* memory, const dk_names* from) {
  dk_names* const made = dk_names_create(memory);
  made->names.copy(from->names);
  return made;
}

int dk_names_set(dk_names* names, uint64_t begin, uint64_t end, const char* name) {
  return names->names.set({begin, end}, name) ? 0 : -1;
}

void dk_names_clear(dk_names* names, uint64_t begin, uint64_t end) {
  names->names.clear({begin, end});
}

void dk_names_move(dk_names* names, uint64_t from, uint64_t to, uint64_t bytes) {
  names->names.move(from, to, bytes);
}

const char* dk_names_at(const dk_names* names, uint64_t address, uint64_t* begin, uint64_t* end) {
  const RangeNames::Part part = names->names.at(address);
  const AddressRange cut = part.range.intersection({*begin, *end});
  *begin = cut.begin;
  *end = cut.end;
  return part.name;
}

uint64_t dk_places_bytes() {
  return sizeof(dk_places) + TierMap::bytes(DK_PLACED_RANGES);
}

dk_places* dk_places_create(void* memory) {
  auto* const made = new (memory) dk_places;
  Block rest(made + 1);
  made->map.create(rest, DK_PLACED_RANGES);
  return made;
}

int dk_places_set(dk_places* places, uint64_t begin, uint64_t end, uint32_t tier) {
  if (!places->map.has_room()) {
    return -1;
  }
  places->map.set_by_program({begin, end}, tier);
  return 0;
}

void dk_places_clear(dk_places* places, uint64_t begin, uint64_t end) {
  places->map.clear({begin, end});
}

void dk_places_move(dk_places* places, uint64_t from, uint64_t to, uint64_t bytes) {
  places->map.move(from, to, bytes);
}

uint32_t dk_places_at(const dk_places* places, uint64_t address) {
  const TierMap::Part part = places->map.part_at(address);
  return part.by_program ? part.tier : DIME_MAX_TIERS;
}

void dk_places_follow(dk_places* places, const dime_placement* old, const dime_placement* fresh) {
  std::uint8_t now[DIME_MAX_TIERS];
  for (unsigned tier = 0; tier < DIME_MAX_TIERS; ++tier) {
    const char* const name = old->tiers[tier].name;
    const unsigned number = *name == '\0' ? DIME_MAX_TIERS : placement::find_tier(*fresh, name);
    now[tier] = number < DIME_MAX_TIERS ? static_cast<std::uint8_t>(number) : TierMap::kNoTier;
  }
  places->map.renumber(now);
}

}  // extern "C"
