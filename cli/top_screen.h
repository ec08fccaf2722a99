// SPDX-License-Identifier: GPL-2.0
// The terminal of `dime top`.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/top_page.h"

namespace dime {

/// Takes the terminal over, and gives it back when it goes.
class TopScreen {
 public:
  /// Error: there is no terminal, or none that ncurses knows.
  static Result<TopScreen> open();

  TopScreen(TopScreen&& other) noexcept;
  TopScreen& operator=(TopScreen&&) = delete;
  TopScreen(const TopScreen&) = delete;
  TopScreen& operator=(const TopScreen&) = delete;
  ~TopScreen();

  enum class Key { kNone, kUp, kDown, kResize, kEnter, kEscape, kErase, kCharacter };
  struct Pressed {
    Key key = Key::kNone;
    char character = 0;  ///< with kCharacter
  };

  /// Waits for a key; kNone after `most`.
  Pressed wait(std::chrono::milliseconds most);

  [[nodiscard]] std::size_t width() const;
  [[nodiscard]] std::size_t height() const;

  /// Draws the lines, cut to the size, and `bottom` on the last line.
  void draw(const std::vector<TopLine>& lines, const std::string& bottom);

 private:
  explicit TopScreen(void* screen) : screen_(screen) {}
  void* screen_;
};

}  // namespace dime
