// SPDX-License-Identifier: GPL-2.0
// Frame pointers of code that keeps none lead anywhere: a chain ends at the first address that is
// not in code.
#include "cli/recorded_stacks.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/monotonic.h"
#include "trace/fold.h"

namespace dime {
namespace {

constexpr std::uint64_t kBetweenMisses = 50'000'000;  // ns

// Anonymous code is what just-in-time compilers have made; the kernel's has a name in brackets.
bool is_file(const std::string& name) {
  return name.starts_with('/');
}

}  // namespace

std::size_t ProcessCode::Hash::operator()(const std::vector<std::uint64_t>& words) const {
  std::uint64_t hash = words.size();
  for (const std::uint64_t word : words) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
  }
  return hash;
}

void ProcessCode::take(const std::vector<ProcessMapping>& mappings) {
  std::vector<Mapped> now;
  for (const ProcessMapping& mapping : mappings) {
    if (mapping.executable) {
      now.push_back(
          {mapping.range.begin.value, mapping.range.end.value, mapping.offset, mapping.name});
    }
  }
  if (now != mapped_) {
    mapped_ = std::move(now);
    known_.clear();
  }
}

void RecordedStacks::take(const dime_page_event& part) {
  if (part.access == 0) {
    parts_.clear();
    places_ = 0;
  } else if (parts_.empty() || part.access != places_) {
    return;  // one before it was given up
  }
  ++places_;
  parts_.push_back(part.page);
  if (part.access == 0 || part.time_ns != 0) {
    parts_.push_back(part.time_ns);
  }
}

std::uint32_t RecordedStacks::finish(std::uint32_t pid, ProcessCode& code) {
  if (parts_.empty()) {
    return 0;
  }
  const auto known = code.known_.find(parts_);
  std::uint32_t stack = known == code.known_.end() ? 0 : known->second;
  if (stack == 0) {
    stack = add(pid, code);
    code.known_.emplace(parts_, stack);
  }
  parts_.clear();
  return stack;
}

std::uint32_t RecordedStacks::add(std::uint32_t pid, ProcessCode& code) {
  const Place leaf = find_anew(pid, code, parts_[0]);
  std::vector<std::uint32_t> frames = {frame_of(pid, leaf)};
  // A return address may be behind its function, where that call does not return.
  const auto caller_at = [&](std::uint64_t address) { return find_anew(pid, code, address - 1); };
  if (returns_to_top(pid, leaf)) {
    if (const Place caller = caller_at(parts_[1]); caller.mapped != nullptr) {
      frames.push_back(frame_of(pid, caller));
    }
  }
  for (std::size_t i = 2; i < parts_.size(); ++i) {
    const Place caller = caller_at(parts_[i]);
    if (caller.mapped == nullptr) {
      break;
    }
    frames.push_back(frame_of(pid, caller));
  }
  std::uint32_t node = 0;
  for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame) {
    node = node_of(node, *frame);
  }
  return node;
}

RecordedStacks::Place RecordedStacks::find(const ProcessCode& code, std::uint64_t address) {
  const auto next = std::upper_bound(
      code.mapped_.begin(), code.mapped_.end(), address,
      [](std::uint64_t at, const ProcessCode::Mapped& mapped) { return at < mapped.begin; });
  if (next == code.mapped_.begin() || address >= std::prev(next)->end) {
    return {nullptr, 0};
  }
  const ProcessCode::Mapped& mapped = *std::prev(next);
  return {&mapped, address - mapped.begin + mapped.offset};
}

/// Code may have come since its mappings were read.
RecordedStacks::Place RecordedStacks::find_anew(std::uint32_t pid, ProcessCode& code,
                                                std::uint64_t address) {
  const Place found = find(code, address);
  const std::uint64_t now = monotonic_ns();
  if (found.mapped != nullptr || now - code.missed_ns_ < kBetweenMisses) {
    return found;
  }
  code.missed_ns_ = now;
  if (const auto mappings = read_maps(static_cast<pid_t>(pid)); mappings && !mappings->empty()) {
    code.take(*mappings);
  }
  return find(code, address);
}

bool RecordedStacks::returns_to_top(std::uint32_t pid, const Place& place) {
  return place.mapped != nullptr && is_file(place.mapped->name) &&
         file_of(pid, *place.mapped).code->returns_to_top(place.offset);
}

RecordedStacks::File& RecordedStacks::file_of(std::uint32_t pid,
                                              const ProcessCode::Mapped& mapped) {
  const auto found = files_.find(mapped.name);
  if (found != files_.end()) {
    return found->second;
  }
  // As the process sees it: it may live in a container.
  std::string path = fmt::format("/proc/{}/root{}", pid, mapped.name);
  if (::access(path.c_str(), R_OK) != 0) {
    path = mapped.name;
  }
  auto code = std::make_unique<CodeFile>(path);
  const std::uint32_t index = writer_.add(trace::CodeFile{mapped.name, code->build_id()});
  return files_.emplace(mapped.name, File{index, std::move(code), {}}).first->second;
}

std::uint32_t RecordedStacks::frame_of(std::uint32_t pid, const Place& place) {
  if (place.mapped == nullptr) {
    return nameless_frame("");
  }
  const std::string& name = place.mapped->name;
  if (!is_file(name)) {
    return nameless_frame(name.empty() ? "[anonymous]" : name);
  }
  File& file = file_of(pid, *place.mapped);
  const auto [at, is_new] = file.frames.try_emplace(place.offset, 0);
  if (is_new) {
    std::string function = file.code->function_at(place.offset);
    if (function.empty()) {
      function = trace::nameless(name, file.code->begin_of(place.offset));
    }
    at->second = writer_.add(trace::Frame{file.index, place.offset, std::move(function)});
  }
  return at->second;
}

std::uint32_t RecordedStacks::nameless_frame(const std::string& name) {
  const auto [at, is_new] = nameless_.try_emplace(name, 0);
  if (is_new) {
    at->second = writer_.add(trace::Frame{trace::Frame::kNoFile, 0, name});
  }
  return at->second;
}

std::uint32_t RecordedStacks::node_of(std::uint32_t caller, std::uint32_t frame) {
  const auto [at, is_new] = nodes_.try_emplace(std::uint64_t{caller} << 32 | frame, 0);
  if (is_new) {
    at->second = writer_.add(trace::StackNode{caller, frame});
  }
  return at->second;
}

}  // namespace dime
