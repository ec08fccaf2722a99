// SPDX-License-Identifier: GPL-2.0
// The functions that the compiler may call by itself. Hidden, so the program keeps its own.
#include <cstddef>

extern "C" {

__attribute__((visibility("hidden"))) void* memcpy(void* to, const void* from, std::size_t bytes) {
  void* const result = to;
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
  return result;
}

__attribute__((visibility("hidden"))) void* memset(void* to, int value, std::size_t bytes) {
  void* const result = to;
  __asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(value) : "memory");
  return result;
}

}  // extern "C"
