// SPDX-License-Identifier: GPL-2.0
// Text without a C++ library: a slice of somebody else's characters, and a writer into a caller's
// buffer.
#pragma once

#include <cstdint>

namespace dime {

/// Characters that belong to somebody else; not closed by a NUL. Valid as long as their owner.
struct Text {
  const char* data = nullptr;
  std::uint32_t size = 0;

  constexpr Text() = default;
  constexpr Text(const char* characters, std::uint32_t length) : data(characters), size(length) {}
  /// A C string. Implicit, so that literals can be passed.
  constexpr Text(const char* characters)  // NOLINT(google-explicit-constructor)
      : data(characters) {
    while (characters[size] != '\0') {
      ++size;
    }
  }

  /// Of std::string and the like, which keep the characters.
  template <class String>
    requires requires(const String& s) { s.data() + s.size(); }
  constexpr Text(const String& string)  // NOLINT(google-explicit-constructor)
      : data(string.data()), size(static_cast<std::uint32_t>(string.size())) {}

  [[nodiscard]] constexpr bool empty() const { return size == 0; }
  [[nodiscard]] constexpr char operator[](std::uint32_t i) const { return data[i]; }
  /// The part from `begin` up to `end`. REQUIRES: begin <= end <= size.
  [[nodiscard]] constexpr Text slice(std::uint32_t begin, std::uint32_t end) const {
    return {data + begin, end - begin};
  }
  /// The place of the first `wanted`, or size.
  [[nodiscard]] constexpr std::uint32_t find(char wanted) const {
    std::uint32_t i = 0;
    while (i < size && data[i] != wanted) {
      ++i;
    }
    return i;
  }

  friend constexpr bool operator==(Text a, Text b) {
    if (a.size != b.size) {
      return false;
    }
    for (std::uint32_t i = 0; i < a.size; ++i) {
      if (a.data[i] != b.data[i]) {
        return false;
      }
    }
    return true;
  }
};

/// What an array of a record holds: up to its first NUL, or all of it.
template <std::uint32_t kSize>
constexpr Text text_in(const char (&characters)[kSize]) {
  return {characters, Text(characters, kSize).find('\0')};
}

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Reads digits and nothing else. False for empty text, another character, or overflow.
constexpr bool read_decimal(Text text, std::uint64_t& value) {
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < text.size; ++i) {
    if (!is_digit(text[i]) || __builtin_mul_overflow(sum, std::uint64_t{10}, &sum) ||
        __builtin_add_overflow(sum, static_cast<std::uint64_t>(text[i] - '0'), &sum)) {
      return false;
    }
  }
  if (!text.empty()) {
    value = sum;
  }
  return !text.empty();
}

/// Appends to a caller's buffer, which is closed by a NUL after every step. What does not fit is
/// dropped and still counted, as snprintf does. A buffer of size 0 only counts.
class TextWriter {
 public:
  TextWriter(char* buffer, std::uint64_t size) : buffer_(buffer), size_(size) { close(); }

  TextWriter& put(char c) {
    if (length_ + 1 < size_) {
      buffer_[length_] = c;
    }
    ++length_;
    close();
    return *this;
  }

  TextWriter& put(Text text) {
    for (std::uint32_t i = 0; i < text.size; ++i) {
      put(text[i]);
    }
    return *this;
  }

  /// Decimal, right-aligned in `width` characters.
  TextWriter& put(std::uint64_t value, unsigned width = 0, char fill = ' ') {
    char digits[20];
    unsigned count = 0;
    do {
      digits[count++] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    for (unsigned i = count; i < width; ++i) {
      put(fill);
    }
    while (count != 0) {
      put(digits[--count]);
    }
    return *this;
  }

  /// What was appended in all; more than the buffer holds where it was cut.
  [[nodiscard]] std::uint64_t length() const { return length_; }

 private:
  void close() {
    if (size_ != 0) {
      buffer_[length_ < size_ ? length_ : size_ - 1] = '\0';
    }
  }

  char* buffer_;
  std::uint64_t size_;
  std::uint64_t length_ = 0;
};

}  // namespace dime
