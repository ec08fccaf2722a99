// SPDX-License-Identifier: GPL-2.0
// Writes a trace, block by block: a file is whole up to its last block whenever the writer is
// killed.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "trace/event.h"
#include "trace/meta.h"

struct ZSTD_CCtx_s;

namespace dime::trace {

/// Not thread-safe. After an error nothing more is written.
class Writer {
 public:
  /// Opens `path`, or creates it. What is there stays until begin(): before that, what is written
  /// is kept in memory. Times are kept in units of `unit_ns`.
  static Result<Writer> prepare(const std::string& path, const Info& info,
                                std::uint32_t unit_ns = kUnitNs);

  /// The same, begun.
  static Result<Writer> create(const std::string& path, const Info& info,
                               std::uint32_t unit_ns = kUnitNs);

  /// Removes a file that it created and did not begin.
  ~Writer();
  Writer(Writer&&) = default;

  /// Replaces what is there by what was written so far; what follows goes to the file.
  Result<void> begin();
  [[nodiscard]] bool has_begun() const { return begun_; }

  /// The index of a new process or thread. Its line stands before the events that refer to it.
  std::uint32_t add(const Process& process);
  std::uint32_t add(const Thread& thread);
  void add(const Range& range);
  void add(const Phase& phase);
  std::uint32_t add(const CodeFile& file);
  std::uint32_t add(const Frame& frame);
  /// The number of a new node of the call stacks, from 1. REQUIRES: its frame and its caller were
  /// added.
  std::uint32_t add(const StackNode& node);

  /// `stack` 0 = none. REQUIRES: the thread was added, and the stack.
  Result<void> append(const Event& event, std::uint32_t stack = 0);

  /// Writes what was added so far as blocks, whole or not.
  Result<void> flush();

  /// Writes what was added and the end. `end.events` is filled in. Nothing may follow. REQUIRES:
  /// it has begun.
  Result<void> finish(End end);

  [[nodiscard]] std::uint64_t events() const { return events_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  static constexpr std::uint32_t kUnitNs = 100;

 private:
  struct FreeContext {
    void operator()(ZSTD_CCtx_s* context) const;
  };

  Writer(UniqueFd fd, std::string path, std::uint32_t unit_ns);
  Result<void> write_all(const void* data, std::size_t bytes);
  Result<void> write_out(const void* data, std::size_t bytes);
  Result<void> write_block(const void* data, std::size_t bytes);
  Result<void> write_lines();
  Result<void> write_stacks();

  UniqueFd fd_;
  std::string path_;
  std::uint32_t unit_ns_;
  std::unique_ptr<ZSTD_CCtx_s, FreeContext> context_;
  std::vector<Event> pending_;
  Stacks stacks_;  ///< not written yet
  std::string lines_;
  std::vector<std::uint8_t> packed_;
  std::uint32_t processes_ = 0;
  std::uint32_t threads_ = 0;
  std::uint32_t files_ = 0;
  std::uint32_t frames_ = 0;
  std::uint32_t nodes_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t bytes_ = 0;
  std::string early_;  ///< written before begin()
  bool is_new_ = false;
  bool begun_ = false;
};

}  // namespace dime::trace
