// SPDX-License-Identifier: GPL-2.0
#include "core/events.h"

#include "core/atomic.h"

namespace dime {
namespace {

constexpr std::uint64_t kLow48 = (std::uint64_t{1} << 48) - 1;

// The instruction, and then two callers each.
std::uint64_t stack_places(const CallStack& stack) {
  return 1 + (std::uint64_t{stack.depth} + 1) / 2;
}

}  // namespace

void Events::start(dime_events& ring, std::uint32_t pid, std::uint32_t parent, Clock clock) {
  ring_ = &ring;
  clock_ = clock;
  pid_ = pid;
  sampled_ = ring.sample != 0;
  stacks_ = ring.stacks;
  happened(DIME_EVENT_STARTED, {parent}, 0);
}

void Events::write(dime_event_what what, PageNumber page, Nanos at, std::uint32_t thread,
                   std::uint8_t access, const CallStack* stack) {
  if (atomic::load(ring_->closed) != 0) {
    return;
  }
  const std::uint64_t before = stack == nullptr ? 0 : stack_places(*stack);
  const std::uint64_t turn = atomic::add(ring_->next, before + 1) - 1;
  if (!wait_for_place(turn)) {
    return;
  }
  if (stack != nullptr) {
    write_stack(turn - before, *stack, thread);
  }
  dime_page_event& event = place(turn, what, thread);
  event.time_ns = at.value;
  event.page = page.value & kLow48;
  event.access = access;
  atomic::store_release(event.turn, turn + 1);
}

dime_page_event& Events::place(std::uint64_t turn, dime_event_what what, std::uint32_t thread) {
  dime_page_event& event = ring_->places[turn % DIME_EVENT_PLACES];
  event.what = static_cast<std::uint8_t>(what);
  event.pid = pid_;
  event.tid = thread;
  return event;
}

void Events::write_stack(std::uint64_t turn, const CallStack& stack, std::uint32_t thread) {
  for (std::uint64_t i = 0; i < stack_places(stack); ++i) {
    dime_page_event& event = place(turn + i, DIME_EVENT_STACK, thread);
    event.access = static_cast<std::uint8_t>(i);
    const std::uint64_t at = 2 * (i - 1);
    event.page = (i == 0 ? stack.pc : stack.callers[at]) & kLow48;
    event.time_ns = i == 0 ? stack.top : at + 1 < stack.depth ? stack.callers[at + 1] : 0;
    atomic::store_release(event.turn, turn + i + 1);
  }
}

/// False: nobody reads any more.
bool Events::wait_for_place(std::uint64_t turn) {
  std::uint64_t read = atomic::load_acquire(ring_->read);
  if (turn - read < DIME_EVENT_PLACES) {
    return true;
  }
  atomic::add(ring_->waits, std::uint64_t{1});
  for (unsigned pauses = 0; pauses < kMostPauses && atomic::load(ring_->closed) == 0; ++pauses) {
    clock_.pause();
    const std::uint64_t before = read;
    read = atomic::load_acquire(ring_->read);
    if (turn - read < DIME_EVENT_PLACES) {
      return true;
    }
    pauses = read == before ? pauses : 0;
  }
  atomic::store(ring_->closed, 1u);
  return false;
}

}  // namespace dime
