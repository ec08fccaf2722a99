// SPDX-License-Identifier: GPL-2.0
#include "engines/user/sites/borrowed_state.h"

#include <Zydis/Zydis.h>

#include <algorithm>

namespace dime::sites {
namespace {

bool is_vector(const ZydisDecodedOperand& operand) {
  if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) {
    return false;
  }
  switch (ZydisRegisterGetClass(operand.reg.value)) {
    case ZYDIS_REGCLASS_X87:
    case ZYDIS_REGCLASS_MMX:
    case ZYDIS_REGCLASS_XMM:
    case ZYDIS_REGCLASS_YMM:
    case ZYDIS_REGCLASS_ZMM:
    case ZYDIS_REGCLASS_MASK:
      return true;
    default:
      return false;
  }
}

// Some name no register: vzeroall, emms, fld1.
bool is_vector(const ZydisDecodedInstruction& instruction) {
  switch (instruction.meta.isa_ext) {
    case ZYDIS_ISA_EXT_X87:
    case ZYDIS_ISA_EXT_MMX:
    case ZYDIS_ISA_EXT_AVX:
      return true;
    default:
      return false;
  }
}

bool is_thread_local(const ZydisDecodedInstruction& instruction) {
  return (instruction.attributes & (ZYDIS_ATTRIB_HAS_SEGMENT_FS | ZYDIS_ATTRIB_HAS_SEGMENT_GS)) !=
         0;
}

}  // namespace

std::optional<BorrowedState> find_borrowed_state(const ElfCode& code) {
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  for (const Region& region : code.text) {
    for (std::size_t at = 0; at < region.bytes.size();) {
      ZydisDecodedInstruction instruction;
      ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
      if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, region.bytes.data() + at,
                                               region.bytes.size() - at, &instruction, operands))) {
        ++at;
        continue;
      }
      if (is_thread_local(instruction)) {
        return BorrowedState{region.address + at, "thread-local variables"};
      }
      const auto is_register = [](const ZydisDecodedOperand& operand) {
        return is_vector(operand);
      };
      if (is_vector(instruction) ||
          std::any_of(operands, operands + instruction.operand_count, is_register)) {
        return BorrowedState{region.address + at, "vector registers"};
      }
      at += instruction.length;
    }
  }
  return std::nullopt;
}

}  // namespace dime::sites
