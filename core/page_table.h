// SPDX-License-Identifier: GPL-2.0
// What an instance knows of each page: its state, where its data is, and the policy's links.
//
// A three-level radix tree over the 35-bit page numbers of a 47-bit address space: root and middle
// level of 2^13 pointers each, leaves of 512 records (2 MiB of memory). A lookup is two dependent
// loads. Leaves come from one pool for all tables of an instance, so a 32-bit PageId names a page
// of any process, and policies link pages by id. A record takes 24 bytes and a leaf's header 32, so
// a managed page costs 24.1 bytes where memory is dense.
#pragma once

#include "core/memory.h"
#include "core/units.h"
#include "dime/policy.h"

namespace dime {

enum class PageState : std::uint8_t {
  kUntouched = 0,  ///< never touched, or unmapped since
  kLocal,
  kRemote,
  kInFlight,   ///< being fetched; counts as local from the start of the fetch
  kUnmovable,  ///< local outside the limit: pinned, or in a mapping whose rights forbid moving
  kEvicting,   ///< a victim that is being made inaccessible; counts as local, no policy has it
};

using PageId = std::uint32_t;
inline constexpr PageId kNoPage = DIME_NO_PAGE;

struct PageRecord {
  dime_policy_page policy;  ///< the policy's, as <dime/policy.h> says of dime_policy_host::page
  std::uint32_t slot;       ///< owned by the mechanism: where the data of a remote page is
  PageState state;
  std::uint8_t flags;           ///< owned by the mechanism
  std::uint8_t tier;            ///< owned by the instance, as is what follows
  std::uint8_t set : 4;         ///< the local set that the page belongs to
  std::uint8_t known : 3;       ///< 1: evicted, and the policy keeps what it knows of it
  std::uint8_t prefetched : 1;  ///< fetched ahead, and not touched yet
};
static_assert(sizeof(PageRecord) == 24);

inline constexpr std::uint32_t kPagesPerLeaf = 512;

struct PageLeaf {
  std::uint64_t first_page;
  std::uint32_t space;  ///< which address space, as the mechanism numbers them
  std::uint32_t index;
  std::uint8_t*
      more;  ///< null, or DIME_POLICY_PAGE_BYTES for each page, for policies that ask for much
  std::uint64_t reserved;
  PageRecord records[kPagesPerLeaf];
};

/// All leaves of an instance, by index. Not thread-safe: guarded by the instance's lock.
class PagePool {
 public:
  explicit PagePool(Memory& memory) : memory_(memory) {}
  ~PagePool();
  PagePool(const PagePool&) = delete;
  PagePool& operator=(const PagePool&) = delete;

  /// A new leaf with all pages untouched, or null without memory.
  PageLeaf* add_leaf(std::uint32_t space, PageNumber first);
  void remove_leaf(PageLeaf& leaf);

  /// REQUIRES: `id` names a page of a leaf in the pool.
  [[nodiscard]] PageRecord& record(PageId id) const { return leaf(id).records[id % kPagesPerLeaf]; }
  /// Whether `id`, which may be anything, names such a page.
  [[nodiscard]] bool holds(PageId id) const;
  [[nodiscard]] PageNumber page(PageId id) const {
    return {leaf(id).first_page + id % kPagesPerLeaf};
  }
  [[nodiscard]] std::uint32_t space(PageId id) const { return leaf(id).space; }

  /// New leaves have the bytes of more() from now on, so that their want of memory shows where the
  /// leaf is asked for.
  void want_more() { wants_more_ = true; }
  /// Makes the bytes of more() where the leaf is older. False without memory.
  bool obtain_more(PageId id);
  /// DIME_POLICY_PAGE_BYTES of the policy's. REQUIRES: obtain_more() of a page of the same leaf.
  [[nodiscard]] dime_policy_page* more(PageId id) const {
    return reinterpret_cast<dime_policy_page*>(leaf(id).more + std::uint64_t{id % kPagesPerLeaf} *
                                                                   DIME_POLICY_PAGE_BYTES);
  }

  /// Calls `visit(PageRecord&)` for every record that there is. O(records).
  template <class Visit>
  void for_each_record(Visit&& visit);

 private:
  static constexpr std::uint32_t kLeavesPerBlock = 8192;
  static constexpr std::uint32_t kBlocks = 1024;  // 8 Mi leaves: 16 TiB

  [[nodiscard]] PageLeaf& leaf(PageId id) const {
    const std::uint32_t index = id / kPagesPerLeaf;
    return *blocks_[index / kLeavesPerBlock][index % kLeavesPerBlock];
  }
  PageLeaf** place(std::uint32_t index);
  void free_leaf(PageLeaf& leaf);
  /// A free place in a block keeps the next free index, marked by its lowest bit: leaves are
  /// aligned to 16 bytes.
  [[nodiscard]] static bool is_free_mark(const PageLeaf* leaf) {
    return (reinterpret_cast<std::uintptr_t>(leaf) & 1) != 0;
  }

  Memory& memory_;
  PageLeaf** blocks_[kBlocks] = {};
  bool wants_more_ = false;
  std::uint32_t used_ = 0;  ///< indices ever handed out
  std::uint32_t free_index_ =
      UINT32_MAX;  ///< chain of returned indices, through the block's pointers
};

template <class Visit>
void PagePool::for_each_record(Visit&& visit) {
  for (std::uint32_t index = 0; index < used_; ++index) {
    PageLeaf* const leaf = *place(index);
    if (is_free_mark(leaf)) {
      continue;
    }
    for (PageRecord& record : leaf->records) {
      visit(record);
    }
  }
}

/// The pages of one address space. Not thread-safe: guarded by the instance's lock.
class PageTable {
 public:
  PageTable(PagePool& pool, Memory& memory, std::uint32_t space)
      : pool_(pool), memory_(memory), space_(space) {}
  ~PageTable();
  PageTable(const PageTable&) = delete;
  PageTable& operator=(const PageTable&) = delete;

  /// The page's id, or kNoPage where nothing of its 2 MiB was ever obtained.
  [[nodiscard]] PageId find(PageNumber page) const;

  /// The page's id, with a record made where there was none; kNoPage without memory or above 47
  /// bits.
  PageId obtain(PageNumber page);

  /// The first page at or behind `page` whose 2 MiB have records; the end of the address space
  /// where there is none.
  [[nodiscard]] PageNumber next_known(PageNumber page) const;

  /// Calls `visit(PageId)` for each page of `range` that has a record and is not untouched, in
  /// ascending order.
  template <class Visit>
  void for_each(AddressRange range, Visit&& visit);

 private:
  static constexpr unsigned kLeafBits = 9;
  static constexpr unsigned kNodeBits = 13;
  static constexpr std::uint64_t kNodeEntries = 1u << kNodeBits;
  static constexpr std::uint64_t kPages = 1ull << (kLeafBits + 2 * kNodeBits);

  struct Middle {
    PageLeaf* leaves[kNodeEntries];
  };

  [[nodiscard]] Middle* middle(PageNumber page) const {
    return root_ == nullptr ? nullptr : root_[page.value >> (kLeafBits + kNodeBits)];
  }
  [[nodiscard]] static std::uint64_t leaf_slot(PageNumber page) {
    return (page.value >> kLeafBits) & (kNodeEntries - 1);
  }

  PagePool& pool_;
  Memory& memory_;
  Middle** root_ = nullptr;
  std::uint32_t space_;
};

template <class Visit>
void PageTable::for_each(AddressRange range, Visit&& visit) {
  std::uint64_t page = range.begin >> DIME_PAGE_SHIFT;
  std::uint64_t end = (range.end >> DIME_PAGE_SHIFT) + (range.end % kPageBytes == 0 ? 0 : 1);
  end = end < kPages ? end : kPages;
  while (page < end) {
    Middle* const node = middle({page});
    if (node == nullptr) {
      constexpr std::uint64_t kSpan = 1ull << (kLeafBits + kNodeBits);
      page = (page / kSpan + 1) * kSpan;
      continue;
    }
    PageLeaf* const leaf = node->leaves[leaf_slot({page})];
    const std::uint64_t leaf_end = (page / kPagesPerLeaf + 1) * kPagesPerLeaf;
    if (leaf == nullptr) {
      page = leaf_end;
      continue;
    }
    for (; page < end && page < leaf_end; ++page) {
      const auto offset = static_cast<std::uint32_t>(page % kPagesPerLeaf);
      if (leaf->records[offset].state != PageState::kUntouched) {
        visit(PageId{leaf->index * kPagesPerLeaf + offset});
      }
    }
  }
}

}  // namespace dime
