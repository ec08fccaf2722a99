// SPDX-License-Identifier: GPL-2.0
// Windows in handwritten code. The text lies at 0x1000, read-only data at 0x3000.
#include "engines/user/sites/site_finder.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace dime::sites {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint32_t kText = 0x1000;
constexpr std::uint32_t kData = 0x3000;

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Bytes little_endian(std::uint32_t value) {
  return {static_cast<std::uint8_t>(value), static_cast<std::uint8_t>(value >> 8),
          static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 24)};
}

const Bytes kSyscall = {0x0f, 0x05};
const Bytes kReturn = {0xc3};
const Bytes kCompare = {0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff};  // cmp $-4095,%rax
const Bytes kPopRax = {0x58};
const Bytes kMoveEax = {0x89, 0xc0};            // mov %eax,%eax
const Bytes kMoveFromRdi = {0x48, 0x89, 0xf8};  // mov %rdi,%rax
const Bytes kNop = {0x90};

Bytes number(std::uint32_t value) {  // mov $value,%eax
  return Bytes{0xb8} + little_endian(value);
}

Bytes call_next() {  // call to the next instruction, which becomes a target
  return Bytes{0xe8} + little_endian(0);
}

// Found sites in `text`, whose first byte lies at `at`.
std::vector<FoundSite> sites_in(const Bytes& text, const Bytes& data = {},
                                std::initializer_list<std::uint64_t> entries = {},
                                std::uint32_t at = kText) {
  ElfCode code;
  code.text.push_back({at, text});
  code.data.push_back({kData, data});
  code.entries = entries;
  code.end = kData + data.size();
  return find_sites(Instructions(code));
}

Site only_site(const Bytes& text, const Bytes& data = {},
               std::initializer_list<std::uint64_t> entries = {}, std::uint32_t at = kText) {
  const auto found = sites_in(text, data, entries, at);
  EXPECT_EQ(found.size(), 1U);
  return found.empty() ? Site{} : found.front().site;
}

void expect_window(const Site& site, std::uint32_t begin, std::uint32_t bytes,
                   std::uint32_t instruction) {
  EXPECT_EQ(site.window, kText + begin);
  EXPECT_EQ(site.bytes, bytes);
  EXPECT_EQ(site.instruction, instruction);
}

void expect_refused(const Site& site, Reason reason) {
  EXPECT_EQ(site.verdict, Verdict::kRefuse);
  EXPECT_EQ(site.reason, reason);
  EXPECT_EQ(site.bytes, kSyscall.size());
}

TEST(SiteFinder, TakesThePreviousInstruction) {
  const Site site = only_site(number(39) + kSyscall + kReturn);
  EXPECT_EQ(site.verdict, Verdict::kPatch);
  EXPECT_EQ(site.number, 39);
  expect_window(site, 0, 7, 5);
  EXPECT_EQ(Bytes(site.original, site.original + 7), number(39) + kSyscall);
}

TEST(SiteFinder, ThreeBytesBeforeAreEnough) {
  const Site site = only_site(kMoveFromRdi + kSyscall + kReturn);
  expect_window(site, 0, 5, 3);
  EXPECT_EQ(site.verdict, Verdict::kPatchTested) << "the number is an argument";
  EXPECT_EQ(site.number, kUnknownNumber);
}

TEST(SiteFinder, TakesFollowingInstructionsWhereThePreviousIsShort) {
  const Site site = only_site(number(39) + kNop + kSyscall + kCompare + kReturn);
  EXPECT_EQ(site.verdict, Verdict::kPatch);
  expect_window(site, 6, 8, 0);
}

TEST(SiteFinder, TakesFollowingInstructionsWhereTheSyscallIsJumpedTo) {
  // jmp to the syscall; mov; syscall; cmp; ret
  const Site site = only_site(Bytes{0xeb, 0x05} + number(39) + kSyscall + kCompare + kReturn);
  EXPECT_EQ(site.verdict, Verdict::kPatchTested) << "two ways lead here";
  expect_window(site, 7, 8, 0);
}

TEST(SiteFinder, TakesSeveralPrevious) {
  const Site site = only_site(Bytes{0x6a, 0x27} + kPopRax + kNop + kSyscall + kReturn);  // push $39
  expect_window(site, 0, 6, 4);
  EXPECT_EQ(site.verdict, Verdict::kPatchTested);
}

TEST(SiteFinder, TakesBothSides) {
  const Site site = only_site(call_next() + kPopRax + kSyscall + kMoveEax + kReturn);
  expect_window(site, 5, 5, 1);
}

TEST(SiteFinder, RefusesWhatHasNoNeighbourToMove) {
  expect_refused(only_site(call_next() + kSyscall + kReturn), Reason::kNotMovable);
  expect_refused(only_site(kSyscall), Reason::kNotMovable);
  // endbr64 marks a target, and hlt says that nothing comes after.
  expect_refused(only_site(Bytes{0xf3, 0x0f, 0x1e, 0xfa} + kSyscall + Bytes{0xf4}),
                 Reason::kNotMovable);
  // A 32-bit rip-relative address: mov (%eip),%eax.
  expect_refused(
      only_site(Bytes{0x67, 0x8b, 0x05} + little_endian(8) + kSyscall + kReturn, Bytes(16)),
      Reason::kNotMovable);
}

TEST(SiteFinder, RefusesAWindowThatIsJumpedInto) {
  // je to the cmp: in the way of the window that follows; the call is in the way of the other.
  const Bytes text = Bytes{0x74, 0x07} + call_next() + kSyscall + kMoveEax + kMoveFromRdi + kReturn;
  expect_refused(only_site(text), Reason::kBranchTarget);
}

TEST(SiteFinder, ATargetOutsideDoesNotMatter) {
  const Bytes body = number(39) + kSyscall + kReturn;
  EXPECT_EQ(only_site(body, {}, {kText}).verdict, Verdict::kPatch);
  EXPECT_EQ(only_site(body, {}, {kText + 7}).verdict, Verdict::kPatch);
}

TEST(SiteFinder, RefusesATargetBetweenInstructions) {
  // A branch may lead behind a prefix.
  const Bytes body = number(39) + kSyscall + kReturn;
  for (std::uint64_t at = kText + 1; at < kText + 7; ++at) {
    expect_refused(only_site(body, {}, {at}), Reason::kBranchTarget);
  }
}

TEST(SiteFinder, AddressesThatCodeTakesAreTargets) {
  // lea of the syscall, from behind it: its own end is at 0x1000 + 15.
  const Bytes take = Bytes{0x48, 0x8d, 0x05} + little_endian(static_cast<std::uint32_t>(5 - 15));
  expect_refused(only_site(number(39) + kSyscall + kReturn + take), Reason::kBranchTarget);
}

TEST(SiteFinder, JumpTablesLeadToTargets) {
  // lea table(%rip),%rax; ret; mov $39,%eax; syscall; ret; nop
  const Bytes text = Bytes{0x48, 0x8d, 0x05} + little_endian(kData - (kText + 7)) + kReturn +
                     number(39) + kSyscall + kReturn + kNop;
  const auto entry = [](std::uint32_t target) { return little_endian(target - kData); };
  const std::uint32_t syscall = kText + 13;
  EXPECT_EQ(only_site(text, entry(kText + 8) + entry(kText + 15)).verdict, Verdict::kPatch);
  expect_refused(only_site(text, entry(kText + 8) + entry(syscall)), Reason::kBranchTarget);
  // The table has ended with the first entry that leads nowhere.
  EXPECT_EQ(only_site(text, entry(kText + 8) + entry(kText + 9) + entry(syscall)).verdict,
            Verdict::kPatch);
  // Nobody takes the address of data elsewhere.
  EXPECT_EQ(only_site(text, entry(0x7777) + entry(syscall)).verdict, Verdict::kPatch);
}

TEST(SiteFinder, PointersInProgramsAtFixedAddressesAreTargets) {
  ElfCode code;
  // mov $0x100a,%edi; mov $39,%eax; syscall; ret
  const Bytes text = Bytes{0xbf} + little_endian(kText + 10) + number(39) + kSyscall + kReturn;
  code.text.push_back({kText, text});
  code.end = kData;
  EXPECT_EQ(find_sites(Instructions(code)).at(0).site.verdict, Verdict::kPatch);
  code.position_independent = false;
  expect_refused(find_sites(Instructions(code)).at(0).site, Reason::kBranchTarget);
}

TEST(SiteFinder, LeavesWhatReturnsOnAnotherStack) {
  for (const std::uint32_t left : {15U, 58U, 435U}) {
    const Site site = only_site(number(left) + kSyscall + kReturn);
    EXPECT_EQ(site.verdict, Verdict::kLeave) << left;
    EXPECT_EQ(site.number, left);
    expect_window(site, 5, 2, 0);
  }
  EXPECT_EQ(only_site(number(56) + kSyscall + kReturn).verdict, Verdict::kPatchTested) << "clone";
  EXPECT_EQ(only_site(number(60) + kSyscall + kReturn).verdict, Verdict::kPatch) << "exit";
}

TEST(SiteFinder, KnowsANumberThroughOtherInstructions) {
  const Bytes others = Bytes{0x31, 0xff} + Bytes{0xbe} + little_endian(2) + Bytes{0x74, 0x00};
  EXPECT_EQ(only_site(number(202) + others + kCompare + kSyscall + kReturn).number, kUnknownNumber)
      << "the branch leads to the cmp, so the mov may have been skipped";
  EXPECT_EQ(only_site(number(202) + Bytes{0x31, 0xff} + kCompare + kSyscall + kReturn).number, 202);
  // xor %eax,%eax: read.
  EXPECT_EQ(only_site(Bytes{0x31, 0xc0} + kCompare + kSyscall + kReturn).number, 0);
  // A part of the register only: mov $39,%al.
  EXPECT_EQ(only_site(number(1) + Bytes{0xb0, 0x27} + kCompare + kSyscall + kReturn).number,
            kUnknownNumber);
  EXPECT_EQ(only_site(number(1) + call_next() + kCompare + kSyscall + kReturn).number,
            kUnknownNumber);
}

TEST(SiteFinder, WhatMayBeDataNeedsAConstantNumber) {
  const Bytes data = {0x06};  // no instruction in 64-bit mode
  EXPECT_EQ(only_site(number(39) + kSyscall + kReturn + data).verdict, Verdict::kPatch);
  expect_refused(only_site(kMoveFromRdi + kSyscall + kReturn + data), Reason::kDoubtful);
}

TEST(SiteFinder, WindowsDoNotOverlap) {
  const auto found = sites_in(number(39) + kSyscall + kMoveFromRdi + kSyscall + kReturn);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].site.window + found[0].site.bytes, found[1].site.window);
  // The second has nothing left: its previous instruction belongs to the first.
  const auto greedy = sites_in(call_next() + kSyscall + kMoveFromRdi + kSyscall + kReturn);
  ASSERT_EQ(greedy.size(), 2U);
  EXPECT_EQ(greedy[0].site.verdict, Verdict::kPatchTested);
  EXPECT_EQ(greedy[1].site.verdict, Verdict::kRefuse);
}

TEST(SiteFinder, PrefersWindowsWhoseStartIsOnOneCacheLine) {
  const Bytes text = number(39) + kSyscall + kCompare + kReturn;
  expect_window(only_site(text, {}, {}, kText), 0, 7, 5);
  const Site site = only_site(text, {}, {}, kText + 63);
  EXPECT_EQ(site.window, kText + 68) << "the syscall and what follows";
  EXPECT_EQ(site.bytes, 8);
  // Where there is no other, it is taken nevertheless.
  EXPECT_EQ(only_site(number(39) + kSyscall + kReturn, {}, {}, kText + 63).window, kText + 63);
}

}  // namespace
}  // namespace dime::sites
