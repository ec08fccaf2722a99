// SPDX-License-Identifier: GPL-2.0
#include "trace/text.h"

#include <charconv>
#include <istream>
#include <string_view>

#include "trace/writer.h"

namespace dime::trace {
namespace {

constexpr const char* kWhys[kWhyCount] = {
    "reference",   "first-touch",   "demand",  "coalesced",  "adopted",  "evict-clean",
    "evict-dirty", "evict-unknown", "dropped", "moved-from", "moved-to", "prefetch"};
constexpr const char* kAccesses[] = {"-", "read", "write"};

// Addresses have at most 64 bits.
constexpr std::uint64_t kMostPage = UINT64_MAX >> DIME_PAGE_SHIFT;

std::string_view trimmed(std::string_view line) {
  line = line.substr(0, line.find('#'));
  constexpr const char* kBlank = " \t\r\v\f";
  const std::size_t begin = line.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) {
    return {};
  }
  return line.substr(begin, line.find_last_not_of(kBlank) - begin + 1);
}

bool read_page(std::string_view word, std::uint64_t& page) {
  int base = 10;
  if (word.starts_with("0x")) {
    base = 16;
    word.remove_prefix(2);
  }
  const char* const end = word.data() + word.size();
  const auto [at, problem] = std::from_chars(word.data(), end, page, base);
  return problem == std::errc{} && at == end && page <= kMostPage;
}

}  // namespace

const char* name_of(Why why) {
  return kWhys[static_cast<unsigned>(why)];
}

const char* name_of(Access access) {
  return kAccesses[static_cast<unsigned>(access)];
}

const char* column_names() {
  return "# seconds pid tid page what access";
}

std::string line_of(const Event& event, const Meta& meta) {
  const Thread& thread = meta.threads[event.thread];
  return fmt::format("{}.{:09} {} {} {:#x} {} {}\n", event.time_ns / kNanosPerSecond,
                     event.time_ns % kNanosPerSecond, meta.processes[thread.process].pid,
                     thread.tid, event.page, name_of(event.why), name_of(event.access));
}

std::string json_line_of(const Event& event, const Meta& meta) {
  const Thread& thread = meta.threads[event.thread];
  const std::string access = event.access == Access::kUnknown
                                 ? std::string("null")
                                 : fmt::format("\"{}\"", name_of(event.access));
  return fmt::format(
      "{{\"time_ns\":{},\"pid\":{},\"tid\":{},\"page\":{},\"what\":\"{}\",\"access\":{}}}\n",
      event.time_ns, meta.processes[thread.process].pid, thread.tid, event.page, name_of(event.why),
      access);
}

Result<std::uint64_t> convert(std::istream& from, const std::string& name, Nanos step,
                              const std::string& to) {
  Info info;
  info.source = Source::kReferences;
  const auto unit = static_cast<std::uint32_t>(step.value);
  DIME_TRY(Writer writer, Writer::create(to, info, unit));
  const std::uint32_t process = writer.add(Process{0, 0, name});
  const std::uint32_t thread = writer.add(Thread{process, 0});
  std::string line;
  std::uint64_t number = 0;
  while (std::getline(from, line)) {
    ++number;
    const std::string_view word = trimmed(line);
    if (word.empty()) {
      continue;
    }
    std::uint64_t page = 0;
    if (!read_page(word, page)) {
      return fail(0, "{}, line {}: '{}' is no page number", name, number, word.substr(0, 40));
    }
    DIME_TRY_VOID(writer.append(
        {writer.events() * step.value, page, thread, Why::kReference, Access::kUnknown}));
  }
  if (from.bad()) {
    return fail(EIO, "reading {}", name);
  }
  if (writer.events() == 0) {
    return fail(0, "{}: no page number in it", name);
  }
  End end;
  end.wall_ns = writer.events() * step.value;
  DIME_TRY_VOID(writer.finish(end));
  return writer.events();
}

}  // namespace dime::trace
