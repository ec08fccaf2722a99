// SPDX-License-Identifier: GPL-2.0
// What the kernel touches of a thread that ends, and gives up at the first page that is not there:
// it walks the list of its robust mutexes and marks each of them, so that the next owner hears of
// it, and clears the word that CLONE_CHILD_CLEARTID or set_tid_address() named, for whoever joins
// the thread. All of that comes home before, and stays until the thread is gone.
#include "engines/user/agent/inline/calls.h"
#include "engines/user/agent/inline/maintenance.h"

namespace dime::agent::calls {
namespace {

constexpr unsigned kLongest = 2048;  // the kernel's own limit

// struct robust_list_head
struct ListHead {
  std::uint64_t first;
  std::int64_t word_offset;  ///< from an entry to its futex
  std::uint64_t pending;     ///< being locked or unlocked just now
};

/// Addresses of entries have a flag in their lowest bit.
std::uint64_t entry_of(std::uint64_t pointer) {
  return pointer & ~std::uint64_t{1};
}

void hold_entry(PinnedBuffers& pinned, std::uint64_t entry, std::int64_t word_offset) {
  const std::uint64_t word = entry + static_cast<std::uint64_t>(word_offset);
  pinned.hold({entry, entry + sizeof(std::uint64_t)});
  if (word / kPageBytes != entry / kPageBytes) {
    pinned.hold({word, word + sizeof(std::uint32_t)});
  }
}

/// True if there is something that the kernel will touch.
bool hold_list(InlinePath& path, Thread& thread, PinnedBuffers& pinned) {
  std::uint64_t head = 0;
  std::uint64_t bytes = 0;
  ListHead list{};
  if (failed(system_call(__NR_get_robust_list, 0L, &head, &bytes)) || head == 0 ||
      !read_program(path, thread, head, &list, sizeof(list)) ||
      (entry_of(list.first) == head && list.pending == 0)) {
    return false;
  }
  pinned.hold({head, head + sizeof(list)});
  if (list.pending != 0) {
    hold_entry(pinned, entry_of(list.pending), list.word_offset);
  }
  std::uint64_t entry = entry_of(list.first);
  for (unsigned i = 0; i < kLongest && entry != head; ++i) {
    hold_entry(pinned, entry, list.word_offset);
    std::uint64_t next = 0;
    if (!read_program(path, thread, entry, &next, sizeof(next))) {
      break;
    }
    entry = entry_of(next);
  }
  return true;
}

/// The same. The C library's own word lies beside its thread pointer, in memory that stays local.
bool hold_cleared_word(InlinePath& path, PinnedBuffers& pinned) {
  constexpr long kGetAddress = 40;  // PR_GET_TID_ADDRESS
  std::uint64_t word = 0;
  if (failed(system_call(__NR_prctl, kGetAddress, &word)) || !path.managed().contains(word)) {
    return false;
  }
  pinned.hold({word, word + sizeof(std::uint32_t)});
  return true;
}

}  // namespace

long end_thread(InlinePath& path, Thread& thread, long number, const Arguments& arguments) {
  maintenance::before_thread_end();
  if (!path.manages() || Threads::is_shared(thread)) {
    path.threads().leave(thread);
    return raw(number, arguments);
  }
  PinnedBuffers pinned(path, thread);
  const bool marks = hold_list(path, thread, pinned);
  const bool clears = hold_cleared_word(path, pinned);
  if (marks || clears) {
    path.threads().leave_holding(thread, static_cast<std::uint32_t>(system_call(__NR_gettid)));
  } else {
    path.threads().leave(thread);
  }
  return raw(number, arguments);
}

}  // namespace dime::agent::calls
