// SPDX-License-Identifier: GPL-2.0
// A progress bar on standard error, where that is a terminal.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace dime {

class Progress {
 public:
  explicit Progress(const char* what) : what_(what), shown_(::isatty(STDERR_FILENO) != 0) {}
  ~Progress() {
    if (drawn_ >= 0) {
      fmt::print(stderr, "\r\033[K");
    }
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `part` of 1 is done.
  void show(double part) {
    constexpr int kWidth = 40;
    const int done = static_cast<int>(part * kWidth);
    if (shown_ && done != drawn_) {
      drawn_ = done;
      fmt::print(stderr, "\r{} [{:<{}}]", what_, std::string(static_cast<std::size_t>(done), '#'),
                 kWidth);
      std::fflush(stderr);
    }
  }

 private:
  const char* what_;
  bool shown_;
  int drawn_ = -1;
};

}  // namespace dime
