// SPDX-License-Identifier: GPL-2.0
#pragma once

#include <gelf.h>

#include <cstddef>

namespace dime {

/// Calls `visit(const GElf_Phdr&)` for each program header. False where one cannot be read. None of
/// a file that is no ELF file (`elf` null).
template <class Visit>
bool for_each_program_header(Elf* elf, Visit&& visit) {
  std::size_t count = 0;
  if (elf == nullptr || ::elf_getphdrnum(elf, &count) != 0) {
    return true;
  }
  bool all = true;
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr header;
    if (::gelf_getphdr(elf, static_cast<int>(i), &header) != nullptr) {
      visit(header);
    } else {
      all = false;
    }
  }
  return all;
}

}  // namespace dime
