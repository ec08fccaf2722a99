// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/inline/call_stack.h"

#include "engines/user/agent/mappings.h"

namespace dime::agent {
namespace {

constexpr std::uint64_t kWord = sizeof(std::uint64_t);
constexpr std::uint64_t kLeastCode = 0x10000;               // vm.mmap_min_addr
constexpr std::uint64_t kCodeEnd = std::uint64_t{1} << 47;  // of a process

std::uint64_t word_at(std::uint64_t address) {
  return *reinterpret_cast<const std::uint64_t*>(address);
}

}  // namespace

void walk(const Site& site, AddressRange stack, CallStack& found) {
  found.pc = site.pc;
  found.top = 0;
  found.depth = 0;
  if (!stack.contains(site.stack_pointer) || site.stack_pointer % kWord != 0 ||
      stack.end - site.stack_pointer < kWord) {
    return;
  }
  found.top = word_at(site.stack_pointer);
  std::uint64_t least = site.stack_pointer;
  std::uint64_t frame = site.frame_pointer;
  while (found.depth < DIME_STACK_CALLERS) {
    if (frame < least || frame % kWord != 0 || frame >= stack.end ||
        stack.end - frame < 2 * kWord) {
      return;
    }
    const std::uint64_t caller = word_at(frame + kWord);
    if (caller < kLeastCode || caller >= kCodeEnd) {
      return;
    }
    found.callers[found.depth++] = caller;
    least = frame + 2 * kWord;
    frame = word_at(frame);
  }
}

AddressRange readable_stack(std::uint64_t stack_pointer, std::uint64_t thread_pointer) {
  constexpr std::uint64_t kMainStack = std::uint64_t{8} << 20;
  MappingReader reader;
  Mapping mapping{};
  while (reader.next(mapping)) {
    AddressRange range = mapping.range;
    if (!range.contains(stack_pointer)) {
      continue;
    }
    if (mapping.kind == DIME_KIND_STACK) {
      range.begin = range.end - kMainStack;  // it grows
    }
    if (range.contains(thread_pointer) && thread_pointer > stack_pointer) {
      range.end = thread_pointer;
    }
    return range;
  }
  return {};
}

}  // namespace dime::agent
