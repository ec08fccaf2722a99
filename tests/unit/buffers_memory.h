// SPDX-License-Identifier: GPL-2.0
// A program's memory for tests of the call table: one readable range, and how often it was read.
#pragma once

#include <cstring>
#include <ostream>
#include <vector>

#include "engines/user/agent/inline/buffers.h"

namespace dime::agent {

inline bool operator==(const BufferRange& a, const BufferRange& b) {
  return a.begin == b.begin && a.bytes == b.bytes && a.written == b.written;
}

inline void PrintTo(const BufferRange& range, std::ostream* to) {
  *to << "0x" << std::hex << range.begin << " + 0x" << range.bytes
      << (range.written ? " written" : " read");
}

class FakeMemory {
 public:
  static constexpr std::uint64_t kBegin = 0x10000;

  explicit FakeMemory(std::uint64_t bytes) : bytes_(bytes) {}

  [[nodiscard]] std::uint64_t end() const { return kBegin + bytes_.size(); }

  template <class T>
  void put(std::uint64_t address, const T& value) {
    std::memcpy(bytes_.data() + (address - kBegin), &value, sizeof value);
  }
  void put_text(std::uint64_t address, const char* text) {
    std::memcpy(bytes_.data() + (address - kBegin), text, std::strlen(text) + 1);
  }

  static bool read(void* context, std::uint64_t address, void* to, std::uint64_t bytes) {
    auto* const self = static_cast<FakeMemory*>(context);
    ++self->reads;
    if (address < kBegin || address > self->end() || bytes > self->end() - address) {
      return false;
    }
    std::memcpy(to, self->bytes_.data() + (address - kBegin), bytes);
    return true;
  }

  /// All batches.
  std::vector<BufferRange> collect(long number, std::vector<std::uint64_t> words) {
    words.resize(6);
    long arguments[6];
    for (int i = 0; i < 6; ++i) {
      arguments[i] = static_cast<long>(words[static_cast<std::size_t>(i)]);
    }
    BufferList list;
    std::vector<BufferRange> all;
    do {
      collect_buffers(number, arguments, read, this, list);
      all.insert(all.end(), list.begin(), list.end());
    } while (list.next_batch());
    complete = !list.overflowed();
    return all;
  }

  std::uint64_t reads = 0;
  bool complete = true;

 private:
  std::vector<char> bytes_;
};

}  // namespace dime::agent
