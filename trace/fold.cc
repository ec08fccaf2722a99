// SPDX-License-Identifier: GPL-2.0
#include "trace/fold.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/printable.h"
#include "trace/reader.h"

namespace dime::trace {
namespace {

// What separates frames and lines in the folded form.
std::string folded(std::string name) {
  std::replace(name.begin(), name.end(), ';', ':');
  return printable(name);
}

std::string line_of(std::uint32_t stack, const Meta& meta, const std::vector<std::string>& names) {
  std::vector<std::uint32_t> frames;
  for (std::uint32_t node = stack; node != 0; node = meta.stacks[node - 1].caller) {
    frames.push_back(meta.stacks[node - 1].frame);
  }
  std::string line;
  for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame) {
    line += ';';
    line += names[*frame];
  }
  return line;
}

}  // namespace

std::string nameless(const std::string& path, std::uint64_t offset) {
  return fmt::format("[{}+{:#x}]", path.substr(path.rfind('/') + 1), offset);
}

std::string name_of(const Frame& frame, const Meta& meta) {
  if (!frame.function.empty()) {
    return folded(frame.function);
  }
  if (frame.file == Frame::kNoFile) {
    return "[unknown]";
  }
  return folded(nameless(meta.files[frame.file].path, frame.offset));
}

Result<void> require_stacks(const Meta& meta, const std::string& path, const std::string& wanted) {
  if (meta.info.stacks == 0) {
    return fail_with_hint("dime record --stacks -o TRACE -- PROGRAM",
                          "{}: {} was recorded without call stacks", wanted, path);
  }
  return {};
}

Result<Folded> fold(const std::string& path) {
  DIME_TRY(Reader reader, Reader::open(path));
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> counts;  // by process and stack
  Folded result;
  std::vector<Event> block;
  while (reader.next(block)) {
    for (std::size_t i = 0; i < block.size(); ++i) {
      if (block[i].why != Why::kDemand) {
        continue;
      }
      ++result.remote;
      const std::uint32_t stack = reader.stacks().empty() ? 0 : reader.stacks()[i];
      if (stack != 0) {
        ++result.with_stack;
        ++counts[{reader.meta().threads[block[i].thread].process, stack}];
      }
    }
  }
  const Meta& meta = reader.meta();
  DIME_TRY_VOID(require_stacks(meta, path, "--folded"));
  std::vector<std::string> names;
  names.reserve(meta.frames.size());
  for (const Frame& frame : meta.frames) {
    names.push_back(name_of(frame, meta));
  }
  for (const auto& [of, count] : counts) {
    const auto& [process, stack] = of;
    result.counts[folded(meta.processes[process].comm) + line_of(stack, meta, names)] += count;
  }
  result.events = reader.events();
  result.problem = reader.problem();
  return result;
}

}  // namespace dime::trace
