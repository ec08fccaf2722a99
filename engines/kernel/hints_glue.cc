// SPDX-License-Identifier: GPL-2.0
// Names and places of ranges, on the core's table of addresses.
//
// Of a name the table has the number; number N is text N - 1. A text that no range has any more is
// free for another.
#include "hints.h"

#include "core/placement.h"
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

template <class Said>
Said* create(void* memory, unsigned capacity) {
  auto* const said = new (memory) Said;
  Block rest(said + 1);
  said->map.create(rest, capacity);
  return said;
}

}  // namespace

struct dk_names {
  TierMap map;
  char texts[DK_DIFFERENT_NAMES][DK_MEMORY_NAME_BYTES];
};

struct dk_places {
  TierMap map;
};

static_assert(DK_DIFFERENT_NAMES < TierMap::kNoTier);

namespace {

/// The number of `name`, given one if it has none; 0 where all are in use.
unsigned number_of(dk_names& names, Text name) {
  unsigned free = 0;
  for (unsigned number = DK_DIFFERENT_NAMES; number != 0; --number) {
    const bool in_use = names.map.knows(number);
    if (in_use && Text(names.texts[number - 1]) == name) {
      return number;
    }
    free = in_use ? free : number;
  }
  if (free != 0) {
    TextWriter(names.texts[free - 1], DK_MEMORY_NAME_BYTES).put(name);
  }
  return free;
}

}  // namespace

extern "C" {

uint64_t dk_names_bytes() {
  return sizeof(dk_names) + TierMap::bytes(DK_NAMED_RANGES);
}

dk_names* dk_names_create(void* memory) {
  return create<dk_names>(memory, DK_NAMED_RANGES);
}

dk_names* dk_names_copy(void* memory, const dk_names* from) {
  dk_names* const names = dk_names_create(memory);
  names->map.copy(from->map);
  __builtin_memcpy(names->texts, from->texts, sizeof names->texts);
  return names;
}

int dk_names_set(dk_names* names, uint64_t begin, uint64_t end, const char* name) {
  names->map.clear({begin, end});
  if (*name == '\0') {
    return 0;
  }
  const unsigned number = names->map.has_room() ? number_of(*names, name) : 0;
  if (number == 0) {
    return -1;
  }
  names->map.set_by_program({begin, end}, number);
  return 0;
}

void dk_names_clear(dk_names* names, uint64_t begin, uint64_t end) {
  names->map.clear({begin, end});
}

void dk_names_move(dk_names* names, uint64_t from, uint64_t to, uint64_t bytes) {
  names->map.move(from, to, bytes);
}

const char* dk_names_at(const dk_names* names, uint64_t address, uint64_t* begin, uint64_t* end) {
  const TierMap::Part part = names->map.part_at(address);
  const AddressRange cut = part.range.intersection({*begin, *end});
  *begin = cut.begin;
  *end = cut.end;
  return part.tier == 0 ? "" : names->texts[part.tier - 1];
}

uint64_t dk_places_bytes() {
  return sizeof(dk_places) + TierMap::bytes(DK_PLACED_RANGES);
}

dk_places* dk_places_create(void* memory) {
  return create<dk_places>(memory, DK_PLACED_RANGES);
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
