// SPDX-License-Identifier: GPL-2.0
#include "core/page_table.h"

namespace dime {

namespace {

constexpr std::uint64_t kMoreBytes = std::uint64_t{kPagesPerLeaf} * DIME_POLICY_PAGE_BYTES;

PageLeaf* as_free_mark(std::uint32_t next) {
  return reinterpret_cast<PageLeaf*>((static_cast<std::uintptr_t>(next) << 1) | 1);
}
std::uint32_t next_of_mark(const PageLeaf* mark) {
  return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(mark) >> 1);
}

}  // namespace

PagePool::~PagePool() {
  for (PageLeaf** const block : blocks_) {
    if (block == nullptr) {
      continue;
    }
    for (std::uint32_t i = 0; i < kLeavesPerBlock; ++i) {
      if (block[i] != nullptr && !is_free_mark(block[i])) {
        free_leaf(*block[i]);
      }
    }
    memory_.release(block, kLeavesPerBlock * sizeof(PageLeaf*));
  }
}

PageLeaf** PagePool::place(std::uint32_t index) {
  PageLeaf**& block = blocks_[index / kLeavesPerBlock];
  if (block == nullptr) {
    block = static_cast<PageLeaf**>(memory_.allocate(kLeavesPerBlock * sizeof(PageLeaf*)));
  }
  return block == nullptr ? nullptr : &block[index % kLeavesPerBlock];
}

bool PagePool::holds(PageId id) const {
  const std::uint32_t index = id / kPagesPerLeaf;
  if (id == kNoPage || index / kLeavesPerBlock >= kBlocks ||
      blocks_[index / kLeavesPerBlock] == nullptr) {
    return false;
  }
  const PageLeaf* const leaf = blocks_[index / kLeavesPerBlock][index % kLeavesPerBlock];
  return leaf != nullptr && !is_free_mark(leaf);
}

PageLeaf* PagePool::add_leaf(std::uint32_t space, PageNumber first) {
  const bool reuse = free_index_ != UINT32_MAX;
  const std::uint32_t index = reuse ? free_index_ : used_;
  // The last id is kNoPage, so the last leaf is not handed out.
  if (index >= kLeavesPerBlock * kBlocks - 1) {
    return nullptr;
  }
  PageLeaf** const where = place(index);
  if (where == nullptr) {
    return nullptr;
  }
  auto* const leaf = static_cast<PageLeaf*>(memory_.allocate(sizeof(PageLeaf)));
  if (leaf == nullptr) {
    return nullptr;
  }
  if (wants_more_) {
    leaf->more = static_cast<std::uint8_t*>(memory_.allocate(kMoreBytes));
    if (leaf->more == nullptr) {
      free_leaf(*leaf);
      return nullptr;
    }
  }
  if (reuse) {
    free_index_ = next_of_mark(*where);
  } else {
    ++used_;
  }
  leaf->first_page = first.value;
  leaf->space = space;
  leaf->index = index;
  *where = leaf;
  return leaf;
}

void PagePool::remove_leaf(PageLeaf& leaf) {
  const std::uint32_t index = leaf.index;
  *place(index) = as_free_mark(free_index_);
  free_index_ = index;
  free_leaf(leaf);
}

void PagePool::free_leaf(PageLeaf& leaf) {
  if (leaf.more != nullptr) {
    memory_.release(leaf.more, kMoreBytes);
  }
  memory_.release(&leaf, sizeof(PageLeaf));
}

bool PagePool::obtain_more(PageId id) {
  PageLeaf& of = leaf(id);
  if (of.more == nullptr) {
    of.more = static_cast<std::uint8_t*>(memory_.allocate(kMoreBytes));
  }
  return of.more != nullptr;
}

PageTable::~PageTable() {
  if (root_ == nullptr) {
    return;
  }
  for (std::uint64_t i = 0; i < kNodeEntries; ++i) {
    if (root_[i] == nullptr) {
      continue;
    }
    for (PageLeaf* const leaf : root_[i]->leaves) {
      if (leaf != nullptr) {
        pool_.remove_leaf(*leaf);
      }
    }
    memory_.release(root_[i], sizeof(Middle));
  }
  memory_.release(root_, kNodeEntries * sizeof(Middle*));
}

PageId PageTable::find(PageNumber page) const {
  if (page.value >= kPages) {
    return kNoPage;
  }
  const Middle* const node = middle(page);
  const PageLeaf* const leaf = node == nullptr ? nullptr : node->leaves[leaf_slot(page)];
  return leaf == nullptr
             ? kNoPage
             : leaf->index * kPagesPerLeaf + static_cast<std::uint32_t>(page.value % kPagesPerLeaf);
}

PageNumber PageTable::next_known(PageNumber page) const {
  std::uint64_t at = page.value;
  while (root_ != nullptr && at < kPages) {
    const Middle* const node = middle({at});
    if (node == nullptr) {
      constexpr std::uint64_t kSpan = 1ull << (kLeafBits + kNodeBits);
      at = (at / kSpan + 1) * kSpan;
    } else if (node->leaves[leaf_slot({at})] == nullptr) {
      at = (at / kPagesPerLeaf + 1) * kPagesPerLeaf;
    } else {
      return {at};
    }
  }
  return {kPages};
}

PageId PageTable::obtain(PageNumber page) {
  if (page.value >= kPages) {
    return kNoPage;
  }
  if (root_ == nullptr) {
    root_ = static_cast<Middle**>(memory_.allocate(kNodeEntries * sizeof(Middle*)));
    if (root_ == nullptr) {
      return kNoPage;
    }
  }
  Middle*& node = root_[page.value >> (kLeafBits + kNodeBits)];
  if (node == nullptr) {
    node = static_cast<Middle*>(memory_.allocate(sizeof(Middle)));
    if (node == nullptr) {
      return kNoPage;
    }
  }
  PageLeaf*& leaf = node->leaves[leaf_slot(page)];
  if (leaf == nullptr) {
    leaf = pool_.add_leaf(space_, {page.value & ~std::uint64_t{kPagesPerLeaf - 1}});
    if (leaf == nullptr) {
      return kNoPage;
    }
  }
  return leaf->index * kPagesPerLeaf + static_cast<std::uint32_t>(page.value % kPagesPerLeaf);
}

}  // namespace dime
