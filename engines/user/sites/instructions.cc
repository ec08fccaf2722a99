// SPDX-License-Identifier: GPL-2.0
// Compilers reach a jump table by `lea table(%rip)`: self-relative 32-bit offsets in read-only
// data. How long it is nobody says, so entries are read for as long as they lead to the beginning
// of an instruction. What is taken for a target and is none costs a choice of windows, never
// correctness.
#include "engines/user/sites/instructions.h"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <cstring>

namespace dime::sites {
namespace {

const ZydisDecoder& decoder() {
  static const ZydisDecoder the_decoder = [] {
    ZydisDecoder made;
    ZydisDecoderInit(&made, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    return made;
  }();
  return the_decoder;
}

bool changes_control(const ZydisDecodedInstruction& instruction) {
  switch (instruction.meta.category) {
    case ZYDIS_CATEGORY_CALL:
    case ZYDIS_CATEGORY_COND_BR:
    case ZYDIS_CATEGORY_INTERRUPT:
    case ZYDIS_CATEGORY_RET:
    case ZYDIS_CATEGORY_SYSCALL:
    case ZYDIS_CATEGORY_SYSRET:
    case ZYDIS_CATEGORY_UNCOND_BR:
      return true;
    default:
      return instruction.raw.imm[0].is_relative != 0;
  }
}

bool stays(const ZydisDecodedInstruction& instruction) {
  switch (instruction.mnemonic) {
    case ZYDIS_MNEMONIC_ENDBR64:  // marks the target of an indirect branch
    case ZYDIS_MNEMONIC_HLT:
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
      return true;
    default:
      // A rip-relative address of 32 bits wraps where the instruction lies.
      return (instruction.attributes & ZYDIS_ATTRIB_HAS_ADDRESSSIZE) != 0;
  }
}

bool is_rip_relative(const ZydisDecodedInstruction& instruction) {
  return (instruction.attributes & ZYDIS_ATTRIB_IS_RELATIVE) != 0 &&
         instruction.raw.imm[0].is_relative == 0 && instruction.raw.disp.size == 32;
}

}  // namespace

Instructions::Instructions(const ElfCode& code) : code_(code) {
  std::size_t text_bytes = 0;
  for (const Region& region : code.text) {
    targets_.emplace_back(region.bytes.size());
    text_bytes += region.bytes.size();
  }
  constexpr std::size_t kUsualBytes = 4;
  all_.reserve(text_bytes / kUsualBytes);
  for (const Region& region : code.text) {
    sweep(region);
  }
  for (const std::uint64_t entry : code.entries) {
    note_target(entry);
  }
  std::sort(addresses_taken_.begin(), addresses_taken_.end());
  addresses_taken_.erase(std::unique(addresses_taken_.begin(), addresses_taken_.end()),
                         addresses_taken_.end());
  for (const std::uint64_t address : addresses_taken_) {
    note_target(address);
    note_jump_table(address);
  }
}

void Instructions::sweep(const Region& region) {
  ZydisDecodedInstruction decoded;
  for (std::uint64_t at = 0; at < region.bytes.size();) {
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder(), nullptr, region.bytes.data() + at,
                                                    region.bytes.size() - at, &decoded))) {
      clean_ = false;
      ++at;
      continue;
    }
    const std::uint64_t address = region.address + at;
    const std::uint64_t end = address + decoded.length;
    const bool relative = is_rip_relative(decoded);
    const auto& immediate = decoded.raw.imm[0];
    if (immediate.is_relative != 0) {
      note_target(end + immediate.value.u);
    } else if (!code_.position_independent && immediate.size >= 32) {
      addresses_taken_.push_back(immediate.value.u);
    }
    if (relative && decoded.mnemonic == ZYDIS_MNEMONIC_LEA) {
      addresses_taken_.push_back(end + static_cast<std::uint64_t>(decoded.raw.disp.value));
    }
    all_.push_back({static_cast<std::uint32_t>(address), decoded.length,
                    relative ? decoded.raw.disp.offset : std::uint8_t{0},
                    !changes_control(decoded) && !stays(decoded),
                    decoded.mnemonic == ZYDIS_MNEMONIC_SYSCALL});
    at += decoded.length;
  }
}

void Instructions::note_target(std::uint64_t address) {
  for (std::size_t i = 0; i < code_.text.size(); ++i) {
    if (code_.text[i].contains(address)) {
      targets_[i][address - code_.text[i].address] = true;
    }
  }
}

void Instructions::note_jump_table(std::uint64_t table) {
  for (const Region& region : code_.data) {
    if (!region.contains(table)) {
      continue;
    }
    std::int32_t entry = 0;
    for (std::uint64_t at = table - region.address; at + sizeof entry <= region.bytes.size();
         at += sizeof entry) {
      std::memcpy(&entry, region.bytes.data() + at, sizeof entry);
      const std::uint64_t target = table + static_cast<std::uint64_t>(std::int64_t{entry});
      if (!is_instruction(target)) {
        break;
      }
      note_target(target);
    }
  }
}

bool Instructions::is_instruction(std::uint64_t address) const {
  const auto at = std::lower_bound(all_.begin(), all_.end(), address,
                                   [](const Instruction& instruction, std::uint64_t wanted) {
                                     return instruction.address < wanted;
                                   });
  return at != all_.end() && at->address == address;
}

bool Instructions::is_target(std::uint64_t begin, std::uint64_t end) const {
  for (std::size_t i = 0; i < code_.text.size(); ++i) {
    const Region& region = code_.text[i];
    for (std::uint64_t at = begin; at < end && region.contains(at); ++at) {
      if (targets_[i][at - region.address]) {
        return true;
      }
    }
  }
  return false;
}

std::span<const std::uint8_t> Instructions::bytes_at(std::uint64_t address,
                                                     std::uint64_t bytes) const {
  for (const Region& region : code_.text) {
    if (region.contains(address)) {
      return region.bytes.subspan(address - region.address, bytes);
    }
  }
  return {};
}

std::optional<std::uint32_t> Instructions::constant_eax(std::size_t index) const {
  constexpr std::size_t kFarthest = 32;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  ZydisDecodedInstruction decoded;
  for (std::size_t back = 1; back <= std::min(index, kFarthest); ++back) {
    const Instruction& instruction = all_[index - back];
    const Instruction& next = all_[index - back + 1];
    if (instruction.end() != next.address || is_target(next.address, next.end())) {
      return std::nullopt;
    }
    const auto bytes = bytes_at(instruction.address, instruction.bytes);
    if (!ZYAN_SUCCESS(
            ZydisDecoderDecodeFull(&decoder(), bytes.data(), bytes.size(), &decoded, operands))) {
      return std::nullopt;
    }
    // A conditional branch that is not taken changes no register.
    if (changes_control(decoded) && decoded.meta.category != ZYDIS_CATEGORY_COND_BR) {
      return std::nullopt;
    }
    const bool writes =
        std::any_of(operands, operands + decoded.operand_count, [](const ZydisDecodedOperand& o) {
          return o.type == ZYDIS_OPERAND_TYPE_REGISTER &&
                 (o.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0 &&
                 ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, o.reg.value) ==
                     ZYDIS_REGISTER_RAX;
        });
    if (!writes) {
      continue;
    }
    const bool whole = operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER && operands[0].size >= 32;
    if (decoded.mnemonic == ZYDIS_MNEMONIC_MOV && whole &&
        operands[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
      return static_cast<std::uint32_t>(operands[1].imm.value.u);
    }
    if (decoded.mnemonic == ZYDIS_MNEMONIC_XOR && whole &&
        operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
        operands[0].reg.value == operands[1].reg.value) {
      return 0;
    }
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace dime::sites
