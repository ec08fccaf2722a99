// SPDX-License-Identifier: GPL-2.0
// What the user sees while a sweep goes on.
#pragma once

#include <string>

#include "experiments/sweep.h"

namespace dime {

/// "90 s", "12 min", "3.5 h".
std::string duration_text(double seconds);

/// On a terminal one line that is written again and again; a plain line for each run elsewhere. On
/// standard error.
class Display {
 public:
  Display();

  /// For Sweep::run; this object must outlive it.
  experiments::SweepEvents events();

  /// Removes the line of the terminal.
  void clear() const;

 private:
  void starts(const experiments::SweepState& state, const std::string& what) const;
  void ended(const experiments::SweepState& state, const std::string& what,
             const experiments::Record& record) const;

  bool terminal_;
};

}  // namespace dime
