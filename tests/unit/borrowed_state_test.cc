// SPDX-License-Identifier: GPL-2.0
// Which instructions use what belongs to the program that they run in.
#include "engines/user/sites/borrowed_state.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dime::sites {
namespace {

// What is found in code at address 0x1000; "" for nothing.
std::string found(const std::vector<std::uint8_t>& bytes) {
  ElfCode code;
  code.text.push_back({0x1000, bytes});
  const auto state = find_borrowed_state(code);
  return state ? fmt::format("{} at {:#x}", state->what, state->address) : "";
}

TEST(BorrowedStateTest, GeneralRegistersAreFree) {
  EXPECT_EQ(found({0x48, 0x89, 0xf8, 0x48, 0x8b, 0x07, 0xc3}), "");  // mov rax, rdi; mov rax, [rdi]
  EXPECT_EQ(found({0xf3, 0x48, 0xab, 0xc3}), "");                    // rep stosq
}

TEST(BorrowedStateTest, VectorAndFloatingPointRegistersAreNot) {
  EXPECT_EQ(found({0x90, 0x0f, 0x28, 0xc1}), "vector registers at 0x1001");  // movaps xmm0, xmm1
  EXPECT_EQ(found({0x66, 0x0f, 0x6f, 0x07}), "vector registers at 0x1000");  // movdqa xmm0, [rdi]
  EXPECT_EQ(found({0xc5, 0xfc, 0x77}), "vector registers at 0x1000");        // vzeroall
  EXPECT_EQ(found({0xd9, 0xe8}), "vector registers at 0x1000");              // fld1
  EXPECT_EQ(found({0x0f, 0x77}), "vector registers at 0x1000");              // emms
}

TEST(BorrowedStateTest, NorAreSegmentsOfAThread) {
  EXPECT_EQ(found({0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0}),  // mov rax, fs:[0x28]
            "thread-local variables at 0x1000");
}

}  // namespace
}  // namespace dime::sites
