// SPDX-License-Identifier: GPL-2.0
// The instructions of an ELF file, by a linear sweep, and where they are jumped to. Uses the
// Zydis library.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engines/user/sites/elf_code.h"

namespace dime::sites {

struct Instruction {
  std::uint32_t address = 0;
  std::uint8_t bytes = 0;
  std::uint8_t displacement = 0;  ///< offset of its rip-relative displacement; 0 = it has none
  bool movable = false;           ///< does the same elsewhere, once its displacement is adjusted
  bool system_call = false;

  [[nodiscard]] std::uint32_t end() const { return address + bytes; }
};

class Instructions {
 public:
  /// Sweeps the text. `code` has to outlive the result.
  explicit Instructions(const ElfCode& code);

  [[nodiscard]] std::span<const Instruction> all() const { return all_; }

  /// True if something may jump to a byte of [begin, end): relative branches, entries, addresses
  /// that code takes, jump tables. Also between instructions: some branches skip a lock prefix.
  [[nodiscard]] bool is_target(std::uint64_t begin, std::uint64_t end) const;

  /// True if all text was decodable: what looks like an instruction then is one.
  [[nodiscard]] bool clean() const { return clean_; }

  /// The bytes of an instruction or window.
  [[nodiscard]] std::span<const std::uint8_t> bytes_at(std::uint64_t address,
                                                       std::uint64_t bytes) const;

  /// The value of eax in front of instruction `index`, where it is the same whichever way it is
  /// reached.
  [[nodiscard]] std::optional<std::uint32_t> constant_eax(std::size_t index) const;

 private:
  [[nodiscard]] bool is_instruction(std::uint64_t address) const;
  void sweep(const Region& region);
  void note_target(std::uint64_t address);
  void note_jump_table(std::uint64_t table);

  const ElfCode& code_;
  std::vector<Instruction> all_;
  std::vector<std::vector<bool>> targets_;  ///< for each region of text, one for each byte
  std::vector<std::uint64_t> addresses_taken_;
  bool clean_ = true;
};

}  // namespace dime::sites
