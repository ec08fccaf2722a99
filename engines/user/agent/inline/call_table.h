// SPDX-License-Identifier: GPL-2.0
// What each system call does with its arguments, as a table.
//
// A row names the call's kind and, for each argument, the shape of what it points to. Sizes are
// those of the kernel's x86-64 interface, which differ from the C library's here and there (struct
// termios, sigset_t, struct sigaction).
#pragma once

#include "engines/user/agent/inline/buffers.h"

namespace dime::agent {

enum class Shape : std::uint8_t {
  kNone,      ///< a number
  kBytes,     ///< `bytes`, times argument `count` if that is one
  kPages,     ///< one byte for each page of argument `count`, a length (mincore)
  kBits,      ///< a bit map of argument `count` bits, in whole words (fd_set, node masks)
  kCounted,   ///< as many bytes as the integer says to which argument `count` points, up to `bytes`
  kSized,     ///< a structure that has its own size as 32 bits at offset `bytes`
  kString,    ///< up to and with its NUL, `bytes` at most
  kStrings,   ///< an array of strings that ends in a null pointer
  kVector,    ///< argument `count` iovecs and what they point to
  kMessage,   ///< a msghdr, with address, iovecs and control data
  kMessages,  ///< argument `count` mmsghdrs
  kMaskPair,  ///< pselect6's last argument: pointer to a signal mask, and its size
  kWaiters,   ///< argument `count` futex_waitv with their words; `bytes` of them without `count`
  kHandle,    ///< a file_handle, which begins with the length of its opaque part
};

struct Argument {
  Shape shape = Shape::kNone;
  bool written = false;
  std::int8_t count = -1;
  std::uint32_t bytes = 0;
  std::uint32_t most = ~std::uint32_t{0};  ///< bytes that the kernel touches whatever the count
};

enum CallFlag : std::uint8_t {
  kWaits = 1,
  kChunks = 2,
  kSpecial = 4,  ///< collect_special() adds what depends on the values of arguments
};

struct Call {
  CallKind kind = CallKind::kUnknown;
  std::uint8_t flags = 0;
  Argument arguments[6] = {};
};

inline constexpr long kCalls = 463;

/// REQUIRES: 0 <= number < kCalls.
const Call& call_of(long number);

}  // namespace dime::agent
