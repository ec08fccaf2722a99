// SPDX-License-Identifier: GPL-2.0
#include "base/printable.h"

#include <fmt/format.h>

namespace dime {
namespace {

bool is_control(unsigned char byte) {
  constexpr unsigned char kFirstPlain = 0x20;
  constexpr unsigned char kDelete = 0x7f;
  return byte < kFirstPlain || byte == kDelete;
}

std::string escaped(std::string_view text) {
  constexpr unsigned char kSecondControls = 0xc2;  // in UTF-8, followed by 0x80 to 0x9f
  std::string line;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    if (byte == '\n' || byte == '\t') {
      line += byte == '\n' ? "\\n" : "\\t";
    } else if (is_control(byte)) {
      line += fmt::format("\\x{:02x}", byte);
    } else if (byte == kSecondControls && next >= 0x80 && next < 0xa0) {
      line += fmt::format("\\x{:02x}\\x{:02x}", byte, next);
      ++i;
    } else {
      line += text[i];
    }
  }
  return line;
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
  if (text.size() <= most) {
    return escaped(text);
  }
  // What is wrong is said at the beginning, what is allowed at the end.
  const std::size_t end = most / 3;
  return escaped(text.substr(0, most - end)) + " [...] " + escaped(text.substr(text.size() - end));
}

}  // namespace dime
