// SPDX-License-Identifier: GPL-2.0
#include "engines/prediction/program.h"

#include <algorithm>
#include <map>

#include "engines/simulator/replay.h"
#include "trace/page_index.h"
#include "trace/reader.h"
#include "trace/summary.h"

namespace dime::prediction {
namespace {

using simulator::kDropped;
using simulator::kMoved;
using trace::Event;
using trace::Why;

class Builder {
 public:
  explicit Builder(Program& program) : program_(program) {}

  void add(const Event& event, const trace::Meta& meta) {
    const std::uint32_t process = meta.threads[event.thread].process;
    switch (event.why) {
      case Why::kReference:
      case Why::kFirstTouch:
      case Why::kDemand:
      case Why::kAdopted:
        use(pages_.of(process, event.page), event);
        note_thread(event, process);
        break;
      case Why::kDropped:
        push(pages_.of(process, event.page) | kDropped, event);
        break;
      case Why::kMovedFrom:
        moved_from_[process] = event.page;
        break;
      case Why::kMovedTo:
        pages_.move(process, moved_from_[process], event.page);
        if (const std::uint32_t page = pages_.of(process, event.page); is_used(page)) {
          push(page | kMoved, event);
        }
        break;
      default:
        break;
    }
  }

  void finish() {
    program_.numbers = pages_.count();
    program_.places = simulator::PagePlaces(std::move(pages_));
    if (program_.threads.size() <= 1) {
      program_.thread_of.clear();
    }
  }

 private:
  void push(std::uint32_t step, const Event& event) {
    program_.steps.push_back(step);
    program_.times.push_back(event.time_ns);
    program_.thread_of.push_back(event.thread);
    if (program_.meta.info.source == trace::Source::kFaults || event.why == Why::kDemand) {
      program_.was_remote.resize(program_.steps.size());
      program_.was_remote.back() = event.why == Why::kDemand;
    }
  }

  [[nodiscard]] bool is_used(std::uint32_t page) const {
    return page < used_.size() && used_[page];
  }

  void use(std::uint32_t page, const Event& event) {
    if (page >= used_.size()) {
      used_.resize(std::size_t{page} + 1);
    }
    program_.pages += used_[page] ? 0 : 1;
    used_[page] = true;
    ++program_.references;
    push(page, event);
  }

  // A thread goes on where the thread that started it, or handed its work over, has got to.
  void note_thread(const Event& event, std::uint32_t process) {
    constexpr std::uint64_t kNever = UINT64_MAX;
    while (program_.threads.size() <= event.thread) {
      program_.threads.push_back({kNever, ProgramThread::kNone});
    }
    if (latest_.size() <= process) {
      latest_.resize(std::size_t{process} + 1, ProgramThread::kNone);
    }
    ProgramThread& thread = program_.threads[event.thread];
    if (thread.first_step == kNever) {
      thread = {program_.steps.size() - 1, latest_[process]};
    }
    latest_[process] = event.thread;
  }

  Program& program_;
  trace::PageIndex pages_;
  std::vector<bool> used_;
  std::vector<std::uint32_t> latest_;                  ///< thread of each process
  std::map<std::uint32_t, std::uint64_t> moved_from_;  ///< page, by process
};

}  // namespace

Result<Tape> read_tape(const std::string& path) {
  DIME_TRY(trace::Reader reader, trace::Reader::open(path));
  Tape tape;
  std::vector<Event> block;
  bool any = false;
  while (reader.next(block)) {
    for (const Event& event : block) {
      if (event.why != Why::kDemand && event.why != Why::kPrefetch &&
          event.why != Why::kReference) {
        continue;
      }
      const std::uint32_t process = reader.meta().threads[event.thread].process;
      if (process >= tape.size()) {
        tape.resize(std::size_t{process} + 1);
      }
      std::vector<std::uint64_t>& own = tape[process];
      if (own.empty() || own.back() != event.page) {
        own.push_back(event.page);
      }
      any = true;
    }
  }
  if (!any) {
    return fail(0, "{}: no fetch of a page in it", path);
  }
  return tape;
}

Result<Program> read_program(const std::string& path, const std::function<void(double)>& progress) {
  DIME_TRY(trace::Reader reader, trace::Reader::open(path));
  Program program;
  Builder builder(program);
  std::vector<Event> block;
  std::uint64_t last = 0;
  while (reader.next(block)) {
    program.meta.info = reader.meta().info;
    for (const Event& event : block) {
      builder.add(event, reader.meta());
      last = std::max(last, event.time_ns);
    }
    progress(reader.part());
  }
  builder.finish();
  program.meta = reader.meta();
  program.problem = reader.problem();
  if (program.references == 0) {
    return fail(0, "{}: no access to a page in it", path);
  }
  if (program.numbers >= kMoved) {
    return fail(0, "{}: {} pages; allowed: less than {}", path, program.numbers, kMoved);
  }
  const trace::End& end = program.meta.end;
  program.good_from = trace::good_from(program.meta, program.pages);
  program.pages = program.meta.info.whole(program.pages);
  program.references = program.meta.info.whole(program.references);
  program.wall_ns = std::max(end.wall_ns, last);
  program.stall_ns =
      end.stalls == 0 ? 0 : static_cast<double>(end.stall_ns) / static_cast<double>(end.stalls);
  return program;
}

}  // namespace dime::prediction
