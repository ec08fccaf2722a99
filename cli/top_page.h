// SPDX-License-Identifier: GPL-2.0
// The page of `dime top` as lines of text: plain characters, no colour, for any size.
#pragma once

#include <string>
#include <vector>

#include "cli/top_heat.h"
#include "cli/top_model.h"

namespace dime {

struct TopLine {
  std::string text;
  enum class Style { kPlain, kBold, kReverse } style = Style::kPlain;
};

/// The lines from the top of the screen, at most `height` of them; the caller cuts them to width.
/// `selected` is an index into `instances`; details are of that one.
std::vector<TopLine> top_page(const std::vector<TopInstance>& instances, std::size_t selected,
                              std::size_t width, std::size_t height);

/// The same with the mappings of one member instead of the details, those into which most pages
/// come first.
std::vector<TopLine> heat_page(const std::vector<TopInstance>& instances, std::size_t selected,
                               const TopHeat& heat, std::size_t width, std::size_t height);

/// One character a value, by its part of the largest, the latest on the right; `width` in all.
std::string sparkline(const std::vector<double>& values, std::size_t width);

}  // namespace dime
