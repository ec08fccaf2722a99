// SPDX-License-Identifier: GPL-2.0
// What the decoder needs of an ELF file: its code, its data, and where code is entered from
// outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace dime::sites {

/// Bytes of the file that are mapped at `address`, counted from the load base.
struct Region {
  std::uint64_t address = 0;
  std::span<const std::uint8_t> bytes;  ///< in the file's bytes

  [[nodiscard]] std::uint64_t end() const { return address + bytes.size(); }
  [[nodiscard]] bool contains(std::uint64_t at) const { return at >= address && at < end(); }
};

struct ElfCode {
  std::vector<Region> text;  ///< executable, ascending; sections where the file has them
  std::vector<Region> data;  ///< not executable
  /// Addresses in the text that something may jump to: functions, the entry, pointers that the
  /// loader relocates and, in a program that is not position-independent, whatever looks like one.
  std::vector<std::uint64_t> entries;
  std::vector<std::uint8_t> build_id;  ///< at most 20 bytes; empty where there is none
  bool position_independent = true;
  std::uint64_t end = 0;  ///< of the addresses
};

/// Reads the ELF file with the bytes `file`, which the result points into; `name` is for messages.
/// Error: no 64-bit x86 shared object or program, damaged, or larger than 4 GiB.
Result<ElfCode> read_elf_code(std::span<const std::uint8_t> file, const std::string& name);

/// The build-id in a note segment: empty where it has none.
std::vector<std::uint8_t> build_id_in(std::span<const std::uint8_t> notes);

}  // namespace dime::sites
