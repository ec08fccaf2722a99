// SPDX-License-Identifier: GPL-2.0
// The ring of include/dime/events.h from its reader's side: a file beside the control block of one
// instance, made before its first member starts.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "control/control_block.h"
#include "core/atomic.h"
#include "dime/events.h"

namespace dime {

/// What of an instance is to be written.
struct EventsWanted {
  std::uint32_t sample = 0;  ///< per cent times 100 of the pages, the others stay local; 0 = all
  std::uint32_t stacks = 0;  ///< one in so many accesses with its call stack; 0 = none
};

/// Owns the file: it goes with this object. One thread reads.
class EventFile {
 public:
  /// Replaces a file that an earlier recording of another instance with this id left behind.
  static Result<EventFile> create(const ControlBlock& block, const EventsWanted& wanted = {});

  EventFile(EventFile&& other) noexcept;
  EventFile& operator=(EventFile&&) = delete;
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;
  ~EventFile();

  /// Calls `visit(const dime_page_event&)` for every event that is there, in order. Returns how
  /// many there were.
  template <class Visit>
  std::uint64_t read(Visit&& visit);

  /// True while the next event is being written; for good, if its writer was killed just then.
  [[nodiscard]] bool is_awaited() const { return atomic::load(events_->next) != events_->read; }
  /// Gives the next event up.
  void skip() { atomic::store_release(events_->read, events_->read + 1); }

  /// Nobody writes any more.
  void close() { atomic::store(events_->closed, 1u); }
  [[nodiscard]] bool is_closed() const { return atomic::load(events_->closed) != 0; }
  /// How often a writer had to wait for this reader.
  [[nodiscard]] std::uint64_t waits() const { return atomic::load(events_->waits); }

 private:
  EventFile(dime_events* events, std::string path) : events_(events), path_(std::move(path)) {}

  static constexpr std::uint64_t kTold = 1024;  ///< writers hear of so many read places at once

  dime_events* events_;
  std::string path_;
};

template <class Visit>
std::uint64_t EventFile::read(Visit&& visit) {
  const std::uint64_t first = events_->read;
  std::uint64_t turn = first;
  for (;; ++turn) {
    const dime_page_event& event = events_->places[turn % DIME_EVENT_PLACES];
    if (atomic::load_acquire(event.turn) != turn + 1) {
      break;
    }
    visit(event);
    if (turn % kTold == 0) {
      atomic::store_release(events_->read, turn);
    }
  }
  atomic::store_release(events_->read, turn);
  return turn - first;
}

}  // namespace dime
