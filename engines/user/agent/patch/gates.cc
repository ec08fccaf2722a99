// SPDX-License-Identifier: GPL-2.0
// A gate is two instructions in the agent's code, `syscall` and a jump through a cell of its own,
// so that taking one is writing one word: no code is written at run time, nor any memory mapped.
#include "core/atomic.h"
#include "engines/user/agent/patch/patch.h"
#include "engines/user/agent/patch/thunk.h"

extern "C" {
std::uint64_t dime_gate_cells[448];
}

namespace dime::agent::patch {

AddressRange raw_code() {
  const auto begin = reinterpret_cast<std::uint64_t>(&dime_raw_code);
  return {begin, begin + kPageBytes};
}

std::uint64_t raw_restorer() {
  return reinterpret_cast<std::uint64_t>(&dime_raw_restorer);
}

// An open hash table: entries are added and never taken away.
std::uint64_t raw_gate(std::uint64_t next) {
  constexpr std::uint64_t kGates = sizeof(dime_gate_cells) / sizeof(dime_gate_cells[0]);
  constexpr std::uint64_t kGateBytes = 8;
  constexpr std::uint64_t kSpread = 0x9e3779b97f4a7c15;
  const std::uint64_t first = ((next * kSpread) >> 32) % kGates;
  for (std::uint64_t i = 0; i < kGates; ++i) {
    const std::uint64_t gate = (first + i) % kGates;
    std::uint64_t seen = 0;
    if (atomic::compare_exchange(dime_gate_cells[gate], seen, next) || seen == next) {
      return reinterpret_cast<std::uint64_t>(&dime_gates) + gate * kGateBytes;
    }
  }
  return 0;
}

}  // namespace dime::agent::patch
