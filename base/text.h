// SPDX-License-Identifier: GPL-2.0
// Text of the core as a string of the C++ library.
#pragma once

#include <string>

#include "core/text.h"

namespace dime {

inline std::string string_of(Text text) {
  return {text.data, text.size};
}

}  // namespace dime
