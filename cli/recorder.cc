// SPDX-License-Identifier: GPL-2.0
#include "cli/recorder.h"

#include <pthread.h>

#include <algorithm>
#include <csignal>

#include "base/monotonic.h"
#include "core/local_set.h"

namespace dime {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPause{5};
constexpr std::chrono::seconds kBlock{1};           // a killed recorder has lost no more than this
constexpr std::chrono::milliseconds kLook{100};     // at processes and phases
constexpr std::chrono::milliseconds kStuck{1'000};  // an event that is not written in this never is
constexpr std::chrono::milliseconds kStuckAtEnd{50};

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::start(ControlBlock block, trace::Writer writer,
                                                  const EventsWanted& wanted) {
  DIME_TRY(EventFile file, EventFile::create(block, wanted));
  std::unique_ptr<Recorder> recorder(
      new Recorder(std::move(block), std::move(file), std::move(writer), wanted.stacks != 0));
  // Signals are for the thread that waits for the program.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  recorder->thread_ = std::thread([self = recorder.get()] { self->run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return recorder;
}

Recorder::Recorder(ControlBlock block, EventFile file, trace::Writer writer, bool with_stacks)
    : block_(std::move(block)),
      file_(std::move(file)),
      writer_(std::move(writer)),
      start_ns_(monotonic_ns()),
      processes_(*block_, writer_, start_ns_, with_stacks),
      progress_(Clock::now()) {}

Recorder::~Recorder() {
  stop();
}

void Recorder::stop() {
  stops_ = true;
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Recorder::run() {
  Clock::time_point next_look = Clock::now();
  Clock::time_point next_block = next_look + kBlock;
  while (!stops_ && written_) {
    std::this_thread::sleep_for(kPause);
    read_events();
    begin_trace();
    const Clock::time_point now = Clock::now();
    skip_stuck(now);
    if (now >= next_look) {
      processes_.look();
      note_phases();
      next_look = now + kLook;
    }
    if (now >= next_block && written_) {
      written_ = writer_.flush();
      next_block = now + kBlock;
    }
  }
  if (!written_) {
    file_.close();
  }
}

// An earlier trace must not be lost to a program that cannot start.
void Recorder::begin_trace() {
  if (begins_ && written_ && processes_.any() && !writer_.has_begun()) {
    written_ = writer_.begin();
  }
}

void Recorder::read_events() {
  const std::uint64_t count = file_.read([this](const dime_page_event& event) {
    if (written_) {
      written_ = processes_.take(event);
    }
  });
  if (count != 0) {
    progress_ = Clock::now();
  }
}

/// The writer of the next event may have been killed before it was there.
void Recorder::skip_stuck(Clock::time_point now) {
  if (!file_.is_awaited()) {
    progress_ = now;
  } else if (now - progress_ > (stops_ ? kStuckAtEnd : kStuck)) {
    file_.skip();
    processes_.skip();
    ++lost_;
  }
}

void Recorder::note_phases() {
  const std::uint64_t count =
      std::min<std::uint64_t>(atomic::load(block_->mark_count), DIME_MAX_MARKS);
  while (marks_ < count && atomic::load_acquire(block_->marks[marks_].ready) != 0) {
    processes_.take(block_->marks[marks_++]);
  }
}

trace::End Recorder::end_of(double wall_s) const {
  const dime_parameters parameters = block_.parameters();
  const dime_levels& levels = block_->levels;
  trace::End end;
  end.lost = lost_;
  end.limit_pages = limit_in_pages(parameters.local_npages, parameters.local_share,
                                   atomic::load(levels.managed_peak));
  end.wall_ns = static_cast<std::uint64_t>(wall_s * static_cast<double>(kNanosPerSecond));
  end.stalls = atomic::load(block_->stall_ns.count);
  end.stall_ns = atomic::load(block_->stall_ns.sum);
  end.floor_ns = atomic::load(block_->calibration.floor_ns);
  return end;
}

Result<Recorded> Recorder::finish(double wall_s) {
  const bool was_closed = file_.is_closed();
  file_.close();
  stop();
  read_events();
  while (written_ && file_.is_awaited()) {
    std::this_thread::sleep_for(kPause);
    read_events();
    skip_stuck(Clock::now());
  }
  note_phases();
  begin_trace();
  DIME_TRY_VOID(written_);
  if (!writer_.has_begun()) {
    return Recorded{};  // the program was killed before the agent had started in it
  }
  if (was_closed) {
    DIME_TRY_VOID(writer_.flush());
    return fail(0, "the recorder stood still for so long that the program went on without it");
  }
  DIME_TRY_VOID(writer_.finish(end_of(wall_s)));
  return Recorded{writer_.events(), lost_, writer_.bytes(), file_.waits()};
}

}  // namespace dime
