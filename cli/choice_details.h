// SPDX-License-Identifier: GPL-2.0
// What the commands say of policies and of prefetchers, which describe themselves alike.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/choice_text.h"

namespace dime {

/// "fifo, random, lru".
template <class Ops, std::size_t kCount>
std::string names_of(const Ops* const (&all)[kCount]) {
  std::string names;
  for (const Ops* const one : all) {
    names += names.empty() ? "" : ", ";
    names += one->name;
  }
  return names;
}

/// "small=10% (0.01% to 90%: share of the small queue), ..."; "" without parameters.
template <class Ops>
std::string parameters_of(const Ops& ops) {
  TextWriter counted(nullptr, 0);
  choice_text::describe(counted, ops.parameters, ops.parameter_count);
  std::string text(counted.length(), '\0');
  TextWriter out(text.data(), text.size() + 1);
  choice_text::describe(out, ops.parameters, ops.parameter_count);
  return text;
}

/// Parameters and source, a line each, where there are any.
template <class Ops>
std::vector<std::string> details_of(const Ops& ops) {
  std::vector<std::string> lines;
  if (ops.parameter_count != 0) {
    lines.push_back("parameters: " + parameters_of(ops));
  }
  if (ops.source != nullptr) {
    lines.push_back(std::string("source: ") + ops.source);
  }
  return lines;
}

}  // namespace dime
