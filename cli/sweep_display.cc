// SPDX-License-Identifier: GPL-2.0
#include "cli/sweep_display.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/command.h"

namespace dime {

using experiments::Record;
using experiments::SweepState;

namespace {

std::string left_text(const SweepState& state) {
  return state.left_s ? ", about " + duration_text(*state.left_s) + " left" : "";
}

}  // namespace

std::string duration_text(double seconds) {
  constexpr double kMinute = 60;
  constexpr double kHour = 3600;
  if (seconds < 2 * kMinute) {
    return fmt::format("{:.0f} s", seconds);
  }
  return seconds < 2 * kHour ? fmt::format("{:.0f} min", seconds / kMinute)
                             : fmt::format("{:.1f} h", seconds / kHour);
}

Display::Display() : terminal_(::isatty(STDERR_FILENO) != 0) {}

experiments::SweepEvents Display::events() {
  return {[this](const SweepState& state, const std::string& what) { starts(state, what); },
          [this](const SweepState& state, const std::string& what, const Record& record) {
            ended(state, what, record);
          },
          [this](const std::string& text) {
            clear();
            print_notice(text);
          }};
}

void Display::clear() const {
  if (terminal_) {
    fmt::print(stderr, "\r\033[K");
  }
}

void Display::starts(const SweepState& state, const std::string& what) const {
  if (!terminal_) {
    return;
  }
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20;
  const std::string line =
      fmt::format("[{}/{}{}] {}", state.done + 1, state.total, left_text(state), what);
  fmt::print(stderr, "\r\033[K{}", line.substr(0, known ? size.ws_col - 1u : 79u));
  std::fflush(stderr);  // NOLINT(cert-err33-c)
}

void Display::ended(const SweepState& state, const std::string& what, const Record& record) const {
  if (terminal_ && record.good) {
    return;
  }
  clear();
  fmt::print(stderr, "[{}/{}{}] {} #{}: {}\n", state.done, state.total, left_text(state), what,
             record.repetition,
             record.good ? fmt::format("{:.3f} s", record.wall_s) : "FAILED: " + record.problem);
}

}  // namespace dime
