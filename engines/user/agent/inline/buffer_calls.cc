// SPDX-License-Identifier: GPL-2.0
// Calls with buffers: what of them has to be there, and large ones piece by piece, so that the
// limit holds.
#include "engines/user/agent/inline/buffers.h"
#include "engines/user/agent/inline/calls.h"

namespace dime::agent::calls {
namespace {

constexpr std::uint64_t kLeastPiece = 16 * kPageBytes;

/// Brings what an argument may point to. True if something was brought.
bool bring(InlinePath& path, Thread& thread, std::uint64_t address) {
  if (address < kPageBytes || address >= kAddressSpaceEnd ||
      (path.is_resident(address) && path.is_resident(address + kPageBytes))) {
    return false;
  }
  path.make_resident({address, address + kPageBytes}, thread);
  return true;
}

/// Brings what the structures that arguments point to point to. For calls that can be repeated.
bool make_nested_resident(InlinePath& path, Thread& thread, const Arguments& arguments) {
  bool any = false;
  for (const long argument : arguments) {
    std::uint64_t words[16];
    if (read_program(path, thread, static_cast<std::uint64_t>(argument), words, sizeof(words))) {
      for (const std::uint64_t word : words) {
        any |= bring(path, thread, word);
      }
    }
  }
  return any;
}

/// Brings what arguments point to, where nothing better is known. True if something was brought.
bool make_arguments_resident(InlinePath& path, Thread& thread, long number,
                             const Arguments& arguments) {
  bool any = false;
  for (const long argument : arguments) {
    any |= bring(path, thread, static_cast<std::uint64_t>(argument));
  }
  const bool nests = number == __NR_bpf || number == __NR_ioctl;
  return any || (nests && make_nested_resident(path, thread, arguments));
}

enum class Pieces : std::uint8_t { kNone, kAll, kFirst };

/// Whether a transfer on this descriptor may be made in pieces: on a file all of them; where a read
/// answers with what there is, only the first.
Pieces pieces_of(long number, long descriptor) {
  struct {
    std::uint64_t device, inode, links;
    std::uint32_t mode, rest[25];
    std::uint64_t room[8];
  } facts{};
  if (failed(system_call(__NR_fstat, descriptor, &facts))) {
    return Pieces::kNone;
  }
  constexpr std::uint32_t kTypes = 0170000;
  constexpr std::uint32_t kRegular = 0100000;
  constexpr std::uint32_t kCharacters = 0020000;
  constexpr std::uint32_t kBlocks = 0060000;
  constexpr std::uint32_t kPipe = 0010000;
  const std::uint32_t type = facts.mode & kTypes;
  if (type == kRegular || type == kBlocks || type == kCharacters) {
    return Pieces::kAll;
  }
  if (type == kPipe) {
    return number == __NR_write ? Pieces::kAll : Pieces::kFirst;
  }
  long kind = 0;
  std::uint32_t bytes = 4;
  constexpr long kSocketLevel = 1;
  constexpr long kSocketType = 3;
  constexpr long kStream = 1;
  if (failed(system_call(__NR_getsockopt, descriptor, kSocketLevel, kSocketType, &kind, &bytes)) ||
      kind != kStream) {
    return Pieces::kNone;
  }
  return number == __NR_write || number == __NR_sendto ? Pieces::kAll : Pieces::kFirst;
}

/// A transfer of more than a part of the limit, piece by piece, so that the limit holds.
long transfer_in_pieces(InlinePath& path, Thread& thread, long number, const Arguments& arguments,
                        std::uint64_t piece) {
  const Transfer transfer = transfer_of(number);
  const Pieces pieces = pieces_of(number, arguments[0]);
  if (pieces == Pieces::kNone) {
    return pinned_call(path, thread, number, arguments);
  }
  Arguments part;
  __builtin_memcpy(part, arguments, sizeof(part));
  auto left = static_cast<std::uint64_t>(arguments[transfer.length]);
  long done = 0;
  do {
    const std::uint64_t now = left < piece ? left : piece;
    part[transfer.length] = static_cast<long>(now);
    const long result = pinned_call(path, thread, number, part);
    if (failed(result)) {
      return done != 0 ? done : result;
    }
    done += result;
    left -= static_cast<std::uint64_t>(result);
    part[transfer.buffer] += result;
    if (transfer.offset >= 0) {
      part[transfer.offset] += result;
    }
    if (static_cast<std::uint64_t>(result) < now || pieces == Pieces::kFirst) {
      break;
    }
  } while (left != 0);
  return done;
}

/// Shortens a read into a buffer that is not all here to what there is to read: pages that get
/// nothing are not fetched. Where nothing is there yet, nobody knows how much it will be.
void shorten_read(InlinePath& path, long number, Arguments& arguments) {
  const Transfer transfer = transfer_of(number);
  const auto begin = static_cast<std::uint64_t>(arguments[transfer.buffer]);
  const auto bytes = static_cast<std::uint64_t>(arguments[transfer.length]);
  const bool reads = number == __NR_read || number == __NR_recvfrom;
  if (!reads || bytes <= kPageBytes || bytes > kLongestTransfer ||
      path.are_resident({begin, begin + bytes}) ||
      pieces_of(number, arguments[0]) != Pieces::kFirst) {
    return;
  }
  constexpr long kBytesThere = 0x541b;  // FIONREAD
  std::int32_t there = 0;
  if (!failed(system_call(__NR_ioctl, arguments[0], kBytesThere, &there)) && there > 0 &&
      static_cast<std::uint64_t>(there) < bytes) {
    arguments[transfer.length] = there;
  }
}

/// Shortens an array for events that is not all here to a page or two: the kernel tells of the
/// rest, if there is any, with the next call.
void shorten_events(InlinePath& path, long number, Arguments& arguments) {
  const bool events =
      number == __NR_epoll_wait || number == __NR_epoll_pwait || number == __NR_epoll_pwait2;
  constexpr std::uint64_t kEventBytes = 12;
  constexpr std::uint64_t kEnough = kPageBytes / kEventBytes;
  const auto begin = static_cast<std::uint64_t>(arguments[1]);
  const auto most = static_cast<std::int32_t>(arguments[2]);
  if (events && most > static_cast<std::int32_t>(kEnough) &&
      !path.are_resident({begin, begin + static_cast<std::uint64_t>(most) * kEventBytes})) {
    arguments[2] = kEnough;
  }
}

bool copies_between_processes(long number) {
  return number == __NR_process_vm_readv || number == __NR_process_vm_writev;
}

/// process_vm_readv() and its like of the process itself: the other end lies in its memory, too.
void hold_own_ranges(InlinePath& path, Thread& thread, long number, const Arguments& arguments,
                     PinnedBuffers& pinned) {
  if (!copies_between_processes(number) || arguments[0] != system_call(__NR_getpid)) {
    return;
  }
  constexpr std::uint64_t kMostRanges = 1024;
  struct {
    std::uint64_t begin, bytes;
  } range{};
  const auto vector = static_cast<std::uint64_t>(arguments[3]);
  const auto count = static_cast<std::uint64_t>(arguments[4]);
  for (std::uint64_t i = 0; i < count && count <= kMostRanges; ++i) {
    if (read_program(path, thread, vector + i * sizeof(range), &range, sizeof(range)) &&
        range.bytes <= kLongestTransfer) {
      pinned.hold({range.begin, range.begin + range.bytes});
    }
  }
}

/// Nobody here can bring the pages of another member.
void note_other_member(InlinePath& path, long number, long result, const Arguments& arguments) {
  if (result != -EFAULT || !copies_between_processes(number)) {
    return;
  }
  for (const dime_member& member : path.manager().membership().control().members) {
    if (atomic::load(member.pid) == static_cast<std::uint32_t>(arguments[0]) &&
        atomic::load(member.state) == DIME_MEMBER_ACTIVE) {
      path.manager().membership().note_problem(
          "remote memory of another process could not be copied (process_vm_readv): use "
          "--fault-path thread for it");
      return;
    }
  }
}

/// EIO of a transfer may mean that the file is /proc/self/mem, of which it reads a remote page: its
/// offsets are addresses. True if something was brought.
bool make_offset_resident(InlinePath& path, Thread& thread, long number,
                          const Arguments& arguments) {
  constexpr std::uint64_t kMostBytes = 16 * kPageBytes;
  constexpr long kCurrent = 1;  // SEEK_CUR
  const bool at_offset = number == __NR_pread64 || number == __NR_pwrite64;
  if (!at_offset && number != __NR_read && number != __NR_write) {
    return false;
  }
  const long offset =
      at_offset ? arguments[3] : system_call(__NR_lseek, arguments[0], 0L, kCurrent);
  const auto begin = static_cast<std::uint64_t>(offset);
  const auto bytes = static_cast<std::uint64_t>(arguments[2]);
  const AddressRange range{begin, begin + (bytes < kMostBytes ? bytes : kMostBytes)};
  if (failed(offset) || begin >= kAddressSpaceEnd || path.are_resident(range)) {
    return false;
  }
  path.make_resident(range, thread);
  return true;
}

}  // namespace

long pinned_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments) {
  PinnedBuffers pinned(path, thread, number, arguments);
  hold_own_ranges(path, thread, number, arguments, pinned);
  long result = raw(number, arguments);
  for (unsigned i = 0; (result == -EFAULT || result == -EIO) && i < kRepeats; ++i) {
    // Nested pointers that the table does not know.
    if (result == -EFAULT ? !make_arguments_resident(path, thread, number, arguments)
                          : !make_offset_resident(path, thread, number, arguments)) {
      break;
    }
    result = raw(number, arguments);
  }
  note_other_member(path, number, result, arguments);
  return result;
}

long buffers_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments,
                  bool chunkable) {
  Arguments shortened;
  __builtin_memcpy(shortened, arguments, sizeof(shortened));
  shorten_events(path, number, shortened);
  if (!chunkable) {
    return pinned_call(path, thread, number, shortened);
  }
  shorten_read(path, number, shortened);
  const std::uint64_t quarter = path.manager().instance().limit() * kPageBytes / 4;
  const std::uint64_t piece = quarter < kLeastPiece ? kLeastPiece : quarter & ~(kPageBytes - 1);
  const auto bytes = static_cast<std::uint64_t>(shortened[transfer_of(number).length]);
  if (bytes > piece && bytes <= kLongestTransfer) {
    return transfer_in_pieces(path, thread, number, shortened, piece);
  }
  return pinned_call(path, thread, number, shortened);
}

}  // namespace dime::agent::calls
