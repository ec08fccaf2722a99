// SPDX-License-Identifier: GPL-2.0
// Nested structures are read in small pieces into the stack, since the hook may run on a small one.
// Limits on counts are the kernel's: what exceeds them is refused by it before memory is touched.
#include "engines/user/agent/inline/collector.h"

#include "core/units.h"

namespace dime::agent {
namespace {

struct IoVector {
  std::uint64_t base;
  std::uint64_t bytes;
};

struct MessageHeader {
  std::uint64_t name;
  std::uint32_t name_bytes;
  std::uint32_t padding;
  std::uint64_t vector;
  std::uint64_t vector_count;
  std::uint64_t control;
  std::uint64_t control_bytes;
  std::uint32_t flags;
  std::uint32_t padding_too;
};
static_assert(sizeof(MessageHeader) == 56);

constexpr std::uint64_t kManyMessageBytes = 64;    // struct mmsghdr
constexpr std::uint64_t kMostVectors = 1024;       // UIO_MAXIOV
constexpr std::uint64_t kLongestAddress = 128;     // struct sockaddr_storage
constexpr std::uint64_t kLongestString = 131072;   // MAX_ARG_STRLEN
constexpr std::uint64_t kMostWaiters = 128;        // FUTEX_WAITV_MAX
constexpr std::uint64_t kLongestHandle = 128;      // MAX_HANDLE_SZ
constexpr std::uint64_t kMostInstructions = 4096;  // BPF_MAXINSNS
constexpr std::uint64_t kMaskBytes = 8;

constexpr std::uint64_t smaller(std::uint64_t a, std::uint64_t b) {
  return a < b ? a : b;
}

// The first NUL of `text`, or `bytes`.
std::uint64_t length_of(const char* text, std::uint64_t bytes) {
  std::uint64_t length = 0;
  while (length < bytes && text[length] != '\0') {
    ++length;
  }
  return length;
}

}  // namespace

bool Collector::read(std::uint64_t address, void* to, std::uint64_t bytes) {
  const std::uint64_t cost = bytes + kReadCost;
  if (cost > budget_ || address + bytes < address) {
    budget_ = 0;
    return false;
  }
  budget_ -= cost;
  return reader_(context_, address, to, bytes);
}

bool Collector::add(std::uint64_t begin, std::uint64_t bytes, bool written) {
  if (begin != 0 && bytes != 0) {
    list_.add(begin, bytes, written);
  }
  return !list_.overflowed();
}

bool Collector::array(std::uint64_t begin, std::uint64_t count, std::uint64_t bytes, bool written) {
  return add(begin, smaller(count, kLongestTransfer / bytes) * bytes, written);
}

bool Collector::bits(std::uint64_t begin, std::uint64_t bits, bool written) {
  return add(begin, smaller(bits, kLongestTransfer) / 64 * 8 + (bits % 64 != 0 ? 8 : 0), written);
}

// In pieces that end at a page border, so that a string at the end of readable memory is found.
bool Collector::string(std::uint64_t address, std::uint64_t longest) {
  constexpr std::uint64_t kPiece = 128;
  if (address == 0) {
    return true;
  }
  char piece[kPiece];
  std::uint64_t length = 0;
  while (length < longest) {
    const std::uint64_t from = address + length;
    const std::uint64_t bytes =
        smaller(smaller(kPiece, longest - length), kPageBytes - from % kPageBytes);
    if (!read(from, piece, bytes)) {
      // The kernel gets as far as this piece.
      add(address, length + 1, false);
      return false;
    }
    const std::uint64_t text = length_of(piece, bytes);
    length += text;
    if (text < bytes) {
      ++length;
      break;
    }
  }
  return in(address, length);
}

// A few pointers at a time, then their strings: those mostly lie behind each other and become one
// range.
bool Collector::strings(std::uint64_t address) {
  constexpr std::uint64_t kPiece = 16;
  constexpr std::uint64_t kPointer = sizeof(std::uint64_t);
  if (address == 0) {
    return true;
  }
  bool more = true;
  while (more) {
    std::uint64_t pointers[kPiece];
    std::uint64_t count = 0;
    bool readable = true;
    while (more && readable && count < kPiece) {
      readable = read(address + count * kPointer, pointers[count]);
      more = readable && pointers[count] != 0;
      ++count;
    }
    // The one that ends the array, readable or not, is looked at by the kernel as well.
    if (!in(address, count * kPointer)) {
      return false;
    }
    for (std::uint64_t i = 0; i + (more ? 0 : 1) < count; ++i) {
      if (!string(pointers[i], kLongestString)) {
        return false;
      }
    }
    if (!readable) {
      return false;
    }
    address += count * kPointer;
  }
  return true;
}

bool Collector::vector(std::uint64_t address, std::uint64_t count, bool written) {
  if (count > kMostVectors || !array(address, count, sizeof(IoVector), false)) {
    return false;
  }
  for (std::uint64_t index = 0; index < count; ++index) {
    IoVector entry{};
    if (!read(address + index * sizeof entry, entry) || !add(entry.base, entry.bytes, written)) {
      return false;
    }
  }
  return true;
}

// The header itself is written when receiving (lengths and flags).
bool Collector::message(std::uint64_t address, bool written) {
  MessageHeader header{};
  return add(address, sizeof header, written) && read(address, header) &&
         add(header.name, smaller(header.name_bytes, kLongestAddress), written) &&
         vector(header.vector, header.vector_count, written) &&
         add(header.control, header.control_bytes, written);
}

// Each header's length is written when sending, too.
bool Collector::messages(std::uint64_t address, std::uint64_t count, bool written) {
  count = smaller(count, kMostVectors);
  if (!array(address, count, kManyMessageBytes, true)) {
    return false;
  }
  for (std::uint64_t index = 0; index < count; ++index) {
    if (!message(address + index * kManyMessageBytes, written)) {
      return false;
    }
  }
  return true;
}

bool Collector::counted(std::uint64_t begin, std::uint64_t counter, std::uint64_t most,
                        bool written) {
  std::uint32_t bytes = 0;
  // The kernel refuses what is negative as an int.
  constexpr std::uint32_t kMost = 0x7fffffff;
  return read(counter, bytes) && bytes <= kMost && add(begin, smaller(bytes, most), written);
}

// The kernel refuses structures longer than a page, and takes zero for its first version.
bool Collector::sized(std::uint64_t begin, std::uint64_t offset, bool written) {
  constexpr std::uint64_t kFirstVersion = 64;
  std::uint32_t bytes = 0;
  if (!read(begin + offset, bytes)) {
    return in(begin, offset + sizeof bytes) && false;
  }
  return add(begin, bytes < kFirstVersion ? kFirstVersion : smaller(bytes, kPageBytes), written);
}

bool Collector::waiters(std::uint64_t address, std::uint64_t count) {
  struct Waiter {
    std::uint64_t value;
    std::uint64_t word;
    std::uint64_t flags;
  };
  if (count > kMostWaiters || !array(address, count, sizeof(Waiter), false)) {
    return false;
  }
  for (std::uint64_t index = 0; index < count; ++index) {
    Waiter waiter{};
    if (!read(address + index * sizeof waiter, waiter) ||
        !out(waiter.word, sizeof(std::uint32_t))) {
      return false;
    }
  }
  return true;
}

bool Collector::handle(std::uint64_t address, bool written) {
  constexpr std::uint64_t kHeader = 8;
  std::uint32_t bytes = 0;
  return add(address, kHeader, written) && read(address, bytes) &&
         add(address, kHeader + smaller(bytes, kLongestHandle), written);
}

bool Collector::mask_pair(std::uint64_t address) {
  struct Pair {
    std::uint64_t mask;
    std::uint64_t bytes;
  } pair{};
  return in(address, sizeof pair) && address != 0 && read(address, pair) &&
         in(pair.mask, kMaskBytes);
}

bool Collector::filter(std::uint64_t address) {
  struct Program {
    std::uint16_t count;
    std::uint16_t padding[3];
    std::uint64_t instructions;
  } program{};
  constexpr std::uint64_t kInstruction = 8;
  return in(address, sizeof program) && read(address, program) &&
         in(program.instructions, smaller(program.count, kMostInstructions) * kInstruction);
}

bool Collector::by_shape(int index, const Argument& shape) {
  const std::uint64_t pointer = argument(index);
  if (pointer == 0) {
    return true;
  }
  const bool written = shape.written;
  const std::uint64_t count = shape.count < 0 ? 1 : argument(shape.count);
  switch (shape.shape) {
    case Shape::kNone:
      return true;
    case Shape::kBytes:
      return add(pointer,
                 smaller(smaller(count, kLongestTransfer / shape.bytes) * shape.bytes, shape.most),
                 written);
    case Shape::kPages:
      return add(pointer,
                 (smaller(count, kLongestTransfer * kPageBytes) + kPageBytes - 1) / kPageBytes,
                 written);
    case Shape::kBits:
      return bits(pointer, count, written);
    case Shape::kCounted:
      return counted(pointer, count, shape.bytes, written);
    case Shape::kSized:
      return sized(pointer, shape.bytes, written);
    case Shape::kString:
      return string(pointer, shape.bytes);
    case Shape::kStrings:
      return strings(pointer);
    case Shape::kVector:
      return vector(pointer, count, written);
    case Shape::kMessage:
      return message(pointer, written);
    case Shape::kMessages:
      return messages(pointer, count, written);
    case Shape::kMaskPair:
      return mask_pair(pointer);
    case Shape::kWaiters:
      return waiters(pointer, shape.count < 0 ? shape.bytes : count);
    case Shape::kHandle:
      return handle(pointer, written);
  }
  return true;
}

}  // namespace dime::agent
