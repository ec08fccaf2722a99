// SPDX-License-Identifier: GPL-2.0
// Random replacement: every local page is equally likely to go.
//
// The pages stand in an array without gaps; each keeps its place in `word`, and the last one fills
// the place of a page that leaves. The array is in chunks that are never moved, so that adding
// stays O(1) without a copy. The generator is splitmix64 (Steele, Lea, Flood, OOPSLA 2014): one
// addition and a mix, reproducible from the seed.
#include "policies/registry.h"

namespace dime::policies {
namespace {

constexpr std::uint64_t kChunkPages = 1u << 16;  // 256 KiB
constexpr std::uint64_t kChunks = 1u << 16;      // 2^32 pages in all

struct Random {
  std::uint64_t generator;
  std::uint64_t pages;
  std::uint64_t chunks;
  std::uint32_t** table;  // kChunks pointers
};

Random& of(void* state) {
  return *static_cast<Random*>(state);
}

std::uint64_t next(Random& random) {
  random.generator += 0x9e3779b97f4a7c15u;
  std::uint64_t z = random.generator;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

std::uint32_t& at(Random& random, std::uint64_t place) {
  return random.table[place / kChunkPages][place % kChunkPages];
}

/// A place in [0, pages): the high half of a product, which needs no division.
std::uint64_t pick(Random& random) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(next(random)) * random.pages) >> 64);
}

int init(const dime_policy_ops* /*self*/, void* state, const dime_policy_host* host) {
  auto* const table =
      static_cast<std::uint32_t**>(host->allocate(host->context, kChunks * sizeof(std::uint32_t*)));
  of(state) = {host->seed, 0, 0, table};
  return table == nullptr ? -1 : 0;
}

int add_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  Random& random = of(state);
  if (random.pages == random.chunks * kChunkPages) {
    auto* const chunk = static_cast<std::uint32_t*>(
        host->allocate(host->context, kChunkPages * sizeof(std::uint32_t)));
    if (chunk == nullptr) {
      return -1;
    }
    random.table[random.chunks++] = chunk;
  }
  host->page(host->context, page)->word = random.pages;
  at(random, random.pages++) = page;
  return 0;
}

void remove_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  Random& random = of(state);
  const std::uint64_t place = host->page(host->context, page)->word;
  const std::uint32_t last = at(random, --random.pages);
  at(random, place) = last;
  host->page(host->context, last)->word = place;
}

std::uint32_t victim(void* state, const dime_policy_host* /*host*/) {
  Random& random = of(state);
  return random.pages == 0 ? DIME_NO_PAGE : at(random, pick(random));
}

void defer(void* /*state*/, const dime_policy_host* /*host*/, std::uint32_t /*page*/) {}

void clean(void* state, const dime_policy_host* host) {
  Random& random = of(state);
  for (std::uint64_t i = 0; i < random.chunks; ++i) {
    host->release(host->context, random.table[i], kChunkPages * sizeof(std::uint32_t));
  }
  host->release(host->context, random.table, kChunks * sizeof(std::uint32_t*));
}

}  // namespace

extern constexpr dime_policy_ops kRandom = {
    .name = "random",
    .summary = "evict any local page, each equally likely (seeded, reproducible)",
    .abi = DIME_POLICY_ABI,
    .state_bytes = sizeof(Random),
    .init = init,
    .add_page = add_page,
    .remove_page = remove_page,
    .victim = victim,
    .defer = defer,
    .clean = clean,
};

}  // namespace dime::policies
