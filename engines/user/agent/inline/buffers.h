// SPDX-License-Identifier: GPL-2.0
// Which memory of its caller the kernel may touch during a system call, and what else the hook has
// to know about a call.
//
// Linux x86-64 calls 0 to 462. Pure: no system call, no state, no allocation; the caller's memory
// is read through a Reader only, so that a bad pointer of the program does no harm. Every thread.
// Ranges are an upper bound: what the kernel may touch if the call succeeds. What the table does
// not know (unknown numbers, ioctls with nested pointers) is met by repeating a call that
// answered EFAULT; docs/adr/0041 says which calls may be repeated.
#pragma once

#include <cstdint>

namespace dime::agent {

/// Half-open: `bytes` from `begin`. Never empty, never longer than kLongestTransfer, never past the
/// end of user addresses. Written: the kernel may write to it (and read it).
struct BufferRange {
  std::uint64_t begin;
  std::uint64_t bytes;
  bool written;
};

/// What one call of the kind of read and write moves at most (Linux's MAX_RW_COUNT).
inline constexpr std::uint64_t kLongestTransfer = 0x7ffff000;

/// The ranges of a call in batches, each of at most kCapacity. Outer structures come before what
/// they point to. A range that begins on the last page of the one before it or right behind that,
/// and is as much written, extends it: only bytes of the same page lie between.
///
///   BufferList list;
///   do {
///     collect_buffers(number, arguments, reader, context, list);
///     for (const BufferRange& range : list) ...
///   } while (list.next_batch());
class BufferList {
 public:
  static constexpr std::uint32_t kCapacity = 64;
  /// Of one call; what has more (a long argument list) is enumerated up to here.
  static constexpr std::uint32_t kMaximum = 8192;

  [[nodiscard]] const BufferRange* begin() const { return ranges_; }
  [[nodiscard]] const BufferRange* end() const { return ranges_ + size_; }
  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] const BufferRange& operator[](std::uint32_t index) const { return ranges_[index]; }

  /// Some ranges did not fit. After next_batch() has answered false: they are not enumerated.
  [[nodiscard]] bool overflowed() const { return overflowed_; }

  /// Empties the list for the next enumeration of the same call, which begins where this one ended.
  /// False when all ranges have been listed, or kMaximum of them; then the list is as it was.
  bool next_batch() {
    if (!overflowed_ || skipped_ + kCapacity >= kMaximum) {
      return false;
    }
    skipped_ = found_ - 1;
    found_ = 0;
    size_ = 0;
    last_ = {};
    overflowed_ = false;
    return true;
  }

  /// For collect_buffers: adds what is left of a range within user addresses.
  void add(std::uint64_t begin, std::uint64_t bytes, bool written);

 private:
  BufferRange ranges_[kCapacity];
  BufferRange last_{};  // found last, listed or skipped
  std::uint32_t size_ = 0;
  std::uint32_t found_ = 0;    // in this enumeration, listed or not
  std::uint32_t skipped_ = 0;  // of the batches before
  bool overflowed_ = false;
};

/// Copies `bytes` (at most a page, and possibly across a page border) from the program's memory at
/// `address`. False when some of it is unreadable: the kernel will then answer EFAULT itself.
using Reader = bool (*)(void* context, std::uint64_t address, void* to, std::uint64_t bytes);

/// Appends the ranges of a call. An unreadable nested structure ends the enumeration of what it
/// points to. Nothing for plain and unknown calls. For kProcess: what the kernel will touch later
/// (at the thread's end, or at each preemption for rseq). For kExec: the path and the strings.
/// Reads at most BufferList::kMaximum nested structures and 128 KiB of each string.
void collect_buffers(long number, const long (&arguments)[6], Reader reader, void* context,
                     BufferList& out);

enum class CallKind : std::uint8_t {
  kUnknown,       ///< a number that the table lacks: fetch on EFAULT and repeat
  kPlain,         ///< touches no memory of the caller
  kBuffers,       ///< touches what collect_buffers lists, and only until it returns
  kFutex,         ///< the words are fetched and not pinned; repeated on EFAULT
  kExec,          ///< strings, fetched and not pinned
  kMemoryMap,     ///< changes or pins mappings: mmap, brk, mlock, shmat and others
  kSignal,        ///< handlers, masks, alternate stacks; may have buffers
  kProcess,       ///< threads and processes begin or end, or memory is registered for later;
                  ///< also seccomp and prctl's system-call filters
  kAsynchronous,  ///< the kernel touches buffers after the return: io_uring, AIO
};

struct CallClass {
  CallKind kind;
  bool waits;      ///< may block until something outside the process happens
  bool chunkable;  ///< transfer_of() describes it
};

CallClass classify(long number, const long (&arguments)[6]);

/// A transfer of arguments[length] bytes from or to arguments[buffer] that may be made in pieces.
/// The next piece starts where the one before it ended, at the file's position, or at
/// arguments[offset] where `offset` is not negative. It may follow only a piece that was
/// transferred whole, and only if it cannot change the meaning: not on a socket that is no stream
/// (a piece would cut the message), and not where it would wait while the whole call would have
/// returned with what there was (pipes, terminals, sockets without MSG_WAITALL): there the first
/// piece is the answer of a read, and a write goes on.
struct Transfer {
  std::int8_t buffer;
  std::int8_t length;
  std::int8_t offset;
};

/// REQUIRES: classify(number, ...).chunkable.
Transfer transfer_of(long number);

}  // namespace dime::agent
