// SPDX-License-Identifier: GPL-2.0
#include "core/events.h"

#include "core/atomic.h"

namespace dime {

void Events::start(dime_events& ring, std::uint32_t pid, std::uint32_t parent, Clock clock) {
  ring_ = &ring;
  clock_ = clock;
  pid_ = pid;
  sampled_ = ring.sample != 0;
  happened(DIME_EVENT_STARTED, {parent}, 0);
}

void Events::write(dime_event_what what, PageNumber page, Nanos at, std::uint32_t thread,
                   std::uint8_t access) {
  if (atomic::load(ring_->closed) != 0) {
    return;
  }
  const std::uint64_t turn = atomic::add(ring_->next, std::uint64_t{1}) - 1;
  if (!wait_for_place(turn)) {
    return;
  }
  dime_page_event& event = ring_->places[turn % DIME_EVENT_PLACES];
  event.time_ns = at.value;
  event.page = page.value & ((std::uint64_t{1} << 48) - 1);
  event.what = static_cast<std::uint8_t>(what);
  event.access = access;
  event.pid = pid_;
  event.tid = thread;
  atomic::store_release(event.turn, turn + 1);
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
