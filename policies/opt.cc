// SPDX-License-Identifier: GPL-2.0
// OPT: the page whose next access is farthest away goes (Belady, IBM Systems Journal 1966). The
// bound of what any policy can do, for the simulator, which knows the future.
//
// The pages are a heap by their next use, in chunks that are never moved. O(log n) an access.
#include "policies/page_list.h"
#include "policies/registry.h"

namespace dime::policies {
namespace {

constexpr std::uint64_t kChunkPages = 1u << 16;
constexpr std::uint64_t kChunks = 1u << 16;  // 2^32 pages in all

struct Entry {
  std::uint64_t next_use;
  std::uint64_t page;
};

struct Opt {
  std::uint64_t pages;
  std::uint64_t chunks;
  Entry** table;  // the heap: the farthest first; a page's word is its place
};

Opt& of(void* state) {
  return *static_cast<Opt*>(state);
}

Entry& at(Opt& opt, std::uint64_t place) {
  return opt.table[place / kChunkPages][place % kChunkPages];
}

void set(Opt& opt, const dime_policy_host* host, std::uint64_t place, Entry entry) {
  at(opt, place) = entry;
  record(host, static_cast<std::uint32_t>(entry.page)).word = place;
}

/// `entry` goes to `place` or above.
void rise(Opt& opt, const dime_policy_host* host, std::uint64_t place, Entry entry) {
  while (place != 0 && at(opt, (place - 1) / 2).next_use < entry.next_use) {
    set(opt, host, place, at(opt, (place - 1) / 2));
    place = (place - 1) / 2;
  }
  set(opt, host, place, entry);
}

/// `entry` goes to `place` or below.
void sink(Opt& opt, const dime_policy_host* host, std::uint64_t place, Entry entry) {
  for (;;) {
    std::uint64_t child = 2 * place + 1;
    if (child + 1 < opt.pages && at(opt, child + 1).next_use > at(opt, child).next_use) {
      ++child;
    }
    if (child >= opt.pages || at(opt, child).next_use <= entry.next_use) {
      break;
    }
    set(opt, host, place, at(opt, child));
    place = child;
  }
  set(opt, host, place, entry);
}

int init(const dime_policy_ops* /*self*/, void* state, const dime_policy_host* host) {
  auto* const table = static_cast<Entry**>(host->allocate(host->context, kChunks * sizeof(Entry*)));
  of(state) = {0, 0, table};
  return table == nullptr ? -1 : 0;
}

int add_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  Opt& opt = of(state);
  if (opt.pages == opt.chunks * kChunkPages) {
    auto* const chunk =
        static_cast<Entry*>(host->allocate(host->context, kChunkPages * sizeof(Entry)));
    if (chunk == nullptr) {
      return -1;
    }
    opt.table[opt.chunks++] = chunk;
  }
  rise(opt, host, opt.pages++, {host->event.next_use, page});
  return 0;
}

void remove_page(void* state, const dime_policy_host* host, std::uint32_t page) {
  Opt& opt = of(state);
  const std::uint64_t place = record(host, page).word;
  const Entry last = at(opt, --opt.pages);
  if (place == opt.pages) {
    return;
  }
  const std::uint64_t gone = at(opt, place).next_use;
  if (last.next_use > gone) {
    rise(opt, host, place, last);
  } else {
    sink(opt, host, place, last);
  }
}

void touched(void* state, const dime_policy_host* host, std::uint32_t page) {
  // The use that was next is now, and the one behind it is farther away.
  rise(of(state), host, record(host, page).word, {host->event.next_use, page});
}

std::uint32_t victim(void* state, const dime_policy_host* /*host*/) {
  Opt& opt = of(state);
  return opt.pages == 0 ? DIME_NO_PAGE : static_cast<std::uint32_t>(at(opt, 0).page);
}

void clean(void* state, const dime_policy_host* host) {
  Opt& opt = of(state);
  for (std::uint64_t i = 0; i < opt.chunks; ++i) {
    host->release(host->context, opt.table[i], kChunkPages * sizeof(Entry));
  }
  host->release(host->context, opt.table, kChunks * sizeof(Entry*));
}

}  // namespace

extern constexpr dime_policy_ops kOpt = {
    .name = "opt",
    .summary = "evict the page that is needed last: the bound, for the simulator",
    .source = "Belady, IBM Systems Journal 1966",
    .abi = DIME_POLICY_ABI,
    .needs = DIME_SEES_ACCESSES | DIME_SEES_FUTURE,
    .state_bytes = sizeof(Opt),
    .init = init,
    .add_page = add_page,
    .remove_page = remove_page,
    .victim = victim,
    .touched = touched,
    .clean = clean,
};

}  // namespace dime::policies
