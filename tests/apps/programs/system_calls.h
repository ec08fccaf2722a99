// SPDX-License-Identifier: GPL-2.0
// For programs that make system calls with every argument in remote memory and print what came of
// it, so that runs can be compared: SYSTEM_CALLS EVICTING-PAGES|table FOLDER.
//
// With `table`, and without emulation, all that was placed is inaccessible during each call but for
// what the agent's table of calls lists, and what it lists as read is read-only: the call fails
// where the table has a hole.
//
// Arguments live in mappings of their own, either ending with the last byte before unmapped memory
// or lying across a page border at an odd address. Before each call so many other pages are touched
// that the arguments have become remote under a smaller limit. What is printed depends on nothing
// but the calls' results: no addresses, numbers of processes, times.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "pages.h"

enum class Placement { kAtEnd, kAcrossPages };

/// How place() places; the programs run everything with each.
extern Placement placement;

/// REQUIRES: called first in main(). Goes to a folder of its own in FOLDER.
void begin_calls(int argc, char** argv);

/// Memory for `bytes` bytes, zeroed, as `placement` says. Never given back.
char* place_bytes(std::size_t bytes);

/// `value` in such memory.
template <class T>
T* place(const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  char* memory = place_bytes(sizeof(T));
  std::memcpy(memory, &value, sizeof(T));
  return reinterpret_cast<T*>(memory);
}

char* place_text(const std::string& text);

/// What lies at an address that may be unaligned.
template <class T>
T at(const T* address) {
  T value;
  std::memcpy(&value, address, sizeof value);
  return value;
}

/// Makes what was placed remote.
void evict();

/// An address that is not mapped, and never will be.
char* bad_pointer();

/// Prints "name: result" or "name: errno", `detail` behind it.
void print(const char* name, long result, const std::string& detail = "");

/// A number that must be the same in every run.
void print_value(const char* name, long value);

/// The same, with a hash of what lies at `bytes` now.
void print_bytes(const char* name, long result, const void* bytes, std::size_t count);

namespace call_detail {

template <class T>
long word(T value) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<long>(value);
  } else if constexpr (std::is_null_pointer_v<T>) {
    return 0;
  } else {
    return static_cast<long>(value);
  }
}

}  // namespace call_detail

/// Evicts, or does what the table wants, and makes the call; -errno when it failed.
long make_call(long number, const long (&arguments)[6]);

template <class... Arguments>
long quiet_call(long number, Arguments... arguments) {
  const long words[6] = {call_detail::word(arguments)...};
  return make_call(number, words);
}

/// The same, and prints the result.
template <class... Arguments>
long call(const char* name, long number, Arguments... arguments) {
  const long result = quiet_call(number, arguments...);
  print(name, result);
  return result;
}

/// The same for a call that gives a descriptor or another number that may differ.
template <class... Arguments>
long open_call(const char* name, long number, Arguments... arguments) {
  const long result = quiet_call(number, arguments...);
  print(name, result < 0 ? result : 0);
  return result;
}
