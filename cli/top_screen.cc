// SPDX-License-Identifier: GPL-2.0
#include "cli/top_screen.h"

// As macros, its functions would be in the way of others of the same name.
#define NCURSES_NOMACROS
#include <ncurses.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace dime {
namespace {

constexpr int kEscapeCode = 27;
constexpr int kDeleteCode = 127;
constexpr int kBackspaceCode = 8;
constexpr int kEscapeDelayMilliseconds = 50;

attr_t attribute_of(TopLine::Style style) {
  switch (style) {
    case TopLine::Style::kBold:
      return A_BOLD;
    case TopLine::Style::kReverse:
      return A_REVERSE;
    default:
      return A_NORMAL;
  }
}

void put(int row, std::string text, std::size_t width, attr_t attribute) {
  // The last cell of the last line would make the terminal scroll.
  text.resize(width, ' ');
  ::attrset(static_cast<int>(attribute));
  ::mvaddnstr(row, 0, text.c_str(), static_cast<int>(width));
  ::attrset(A_NORMAL);
}

}  // namespace

Result<TopScreen> TopScreen::open() {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) {
    return fail_with_hint("dime status --follow", "dime top needs a terminal");
  }
  SCREEN* const screen = ::newterm(nullptr, stdout, stdin);
  if (screen == nullptr) {
    const char* const type = std::getenv("TERM");  // NOLINT(concurrency-mt-unsafe)
    return fail_with_hint("dime status --follow", "dime top does not know the terminal '{}'",
                          type == nullptr ? "" : type);
  }
  ::set_escdelay(kEscapeDelayMilliseconds);
  ::cbreak();
  ::noecho();
  ::keypad(stdscr, true);
  ::curs_set(0);
  return TopScreen(screen);
}

TopScreen::TopScreen(TopScreen&& other) noexcept : screen_(std::exchange(other.screen_, nullptr)) {}

TopScreen::~TopScreen() {
  if (screen_ != nullptr) {
    ::endwin();
    ::delscreen(static_cast<SCREEN*>(screen_));
  }
}

TopScreen::Pressed TopScreen::wait(std::chrono::milliseconds most) {
  ::wtimeout(stdscr, static_cast<int>(std::max<std::int64_t>(most.count(), 0)));
  const int code = ::wgetch(stdscr);
  switch (code) {
    case ERR:
      return {};
    case KEY_UP:
      return {Key::kUp};
    case KEY_DOWN:
      return {Key::kDown};
    case KEY_RESIZE:
      return {Key::kResize};
    case KEY_ENTER:
    case '\n':
    case '\r':
      return {Key::kEnter};
    case kEscapeCode:
      return {Key::kEscape};
    case KEY_BACKSPACE:
    case kDeleteCode:
    case kBackspaceCode:
      return {Key::kErase};
    default:
      return code >= ' ' && code < kDeleteCode ? Pressed{Key::kCharacter, static_cast<char>(code)}
                                               : Pressed{};
  }
}

std::size_t TopScreen::width() const {
  return static_cast<std::size_t>(std::max(::getmaxx(stdscr), 1));
}

std::size_t TopScreen::height() const {
  return static_cast<std::size_t>(std::max(::getmaxy(stdscr), 1));
}

void TopScreen::draw(const std::vector<TopLine>& lines, const std::string& bottom) {
  ::werase(stdscr);
  const std::size_t rows = std::min(lines.size(), height() - 1);
  for (std::size_t row = 0; row < rows; ++row) {
    put(static_cast<int>(row), lines[row].text, width(), attribute_of(lines[row].style));
  }
  put(static_cast<int>(height() - 1), bottom, width() - 1, A_REVERSE);
  ::wrefresh(stdscr);
}

}  // namespace dime
