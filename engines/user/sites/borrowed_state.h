// SPDX-License-Identifier: GPL-2.0
// Code that runs between two instructions of a program may use its general registers, which are
// saved, but nothing else of a thread's: this finds what does.
#pragma once

#include <optional>

#include "engines/user/sites/elf_code.h"

namespace dime::sites {

/// An instruction that uses what belongs to the program.
struct BorrowedState {
  std::uint64_t address = 0;
  const char* what = "";  ///< "vector registers", "thread-local variables"
};

/// The first such instruction, by a linear sweep of the text.
std::optional<BorrowedState> find_borrowed_state(const ElfCode& code);

}  // namespace dime::sites
