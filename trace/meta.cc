// SPDX-License-Identifier: GPL-2.0
#include "trace/meta.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

namespace dime::trace {
namespace {

using Json = nlohmann::ordered_json;

// Names come from the kernel and need not be UTF-8.
std::string written(const char* kind, Json content) {
  Json line;
  line[kind] = std::move(content);
  return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::uint64_t number(const Json& from, const char* key) {
  const auto found = from.find(key);
  return found != from.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::uint32_t small(const Json& from, const char* key) {
  return static_cast<std::uint32_t>(number(from, key));
}

std::string text(const Json& from, const char* key) {
  const auto found = from.find(key);
  return found != from.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Info info_of(const Json& from) {
  Info info;
  info.source = text(from, "source") == "faults" ? Source::kFaults : Source::kReferences;
  info.version = text(from, "version");
  if (const auto command = from.find("command"); command != from.end() && command->is_array()) {
    for (const Json& word : *command) {
      info.command.push_back(word.is_string() ? word.get<std::string>() : std::string());
    }
  }
  info.local_npages = number(from, "local_npages");
  info.local_share = small(from, "local_share");
  info.policy = text(from, "policy");
  if (const auto sample = from.find("sample"); sample != from.end() && sample->is_number()) {
    constexpr double kLeast = 1e-6;
    info.sample = std::clamp(sample->get<double>(), kLeast, 1.0);
  }
  info.stacks = number(from, "stacks");
  return info;
}

bool take(const std::string& kind, const Json& content, Meta& meta) {
  if (kind == "info") {
    meta.info = info_of(content);
  } else if (kind == "process") {
    if (number(content, "index") != meta.processes.size()) {
      return false;
    }
    meta.processes.push_back(
        {small(content, "pid"), small(content, "parent"), text(content, "comm")});
  } else if (kind == "thread") {
    const Thread thread{small(content, "process"), small(content, "tid")};
    if (number(content, "index") != meta.threads.size() ||
        thread.process >= meta.processes.size()) {
      return false;
    }
    meta.threads.push_back(thread);
  } else if (kind == "range") {
    meta.ranges.push_back({small(content, "process"), number(content, "begin"),
                           number(content, "pages"), text(content, "name")});
  } else if (kind == "phase") {
    meta.phases.push_back(
        {number(content, "time_ns"), small(content, "process"), text(content, "name")});
  } else if (kind == "file") {
    if (number(content, "index") != meta.files.size()) {
      return false;
    }
    meta.files.push_back({text(content, "path"), text(content, "build_id")});
  } else if (kind == "frame") {
    const bool in_file = content.contains("file");
    if (number(content, "index") != meta.frames.size() ||
        (in_file && number(content, "file") >= meta.files.size())) {
      return false;
    }
    meta.frames.push_back({in_file ? small(content, "file") : Frame::kNoFile,
                           number(content, "offset"), text(content, "function")});
  } else if (kind == "end") {
    meta.end = {number(content, "events"),      number(content, "lost"),
                number(content, "limit_pages"), number(content, "wall_ns"),
                number(content, "stalls"),      number(content, "stall_ns"),
                number(content, "floor_ns")};
    meta.ended = true;
  }
  return true;
}

}  // namespace

std::string line_of(const Info& info) {
  Json content = {{"source", info.source == Source::kFaults ? "faults" : "references"},
                  {"version", info.version},
                  {"command", info.command},
                  {"local_npages", info.local_npages},
                  {"local_share", info.local_share},
                  {"policy", info.policy},
                  {"sample", info.sample}};
  if (info.stacks != 0) {
    content["stacks"] = info.stacks;
  }
  return written("info", std::move(content));
}

std::string line_of(const Process& process, std::uint32_t index) {
  return written(
      "process",
      {{"index", index}, {"pid", process.pid}, {"parent", process.parent}, {"comm", process.comm}});
}

std::string line_of(const Thread& thread, std::uint32_t index) {
  return written("thread", {{"index", index}, {"process", thread.process}, {"tid", thread.tid}});
}

std::string line_of(const Range& range) {
  return written("range", {{"process", range.process},
                           {"begin", range.begin},
                           {"pages", range.pages},
                           {"name", range.name}});
}

std::string line_of(const Phase& phase) {
  return written("phase",
                 {{"time_ns", phase.time_ns}, {"process", phase.process}, {"name", phase.name}});
}

std::string line_of(const CodeFile& file, std::uint32_t index) {
  return written("file", {{"index", index}, {"path", file.path}, {"build_id", file.build_id}});
}

std::string line_of(const Frame& frame, std::uint32_t index) {
  Json content = {{"index", index}};
  if (frame.file != Frame::kNoFile) {
    content["file"] = frame.file;
    content["offset"] = frame.offset;
  }
  if (!frame.function.empty()) {
    content["function"] = frame.function;
  }
  return written("frame", std::move(content));
}

std::string line_of(const End& end) {
  return written("end", {{"events", end.events},
                         {"lost", end.lost},
                         {"limit_pages", end.limit_pages},
                         {"wall_ns", end.wall_ns},
                         {"stalls", end.stalls},
                         {"stall_ns", end.stall_ns},
                         {"floor_ns", end.floor_ns}});
}

bool take_lines(std::string_view text, Meta& meta) {
  while (!text.empty()) {
    const std::size_t length = text.find('\n');
    if (length == std::string_view::npos) {
      return false;
    }
    const Json line = Json::parse(text.substr(0, length), nullptr, /*allow_exceptions=*/false);
    if (!line.is_object()) {
      return false;
    }
    for (const auto& [kind, content] : line.items()) {
      if (!content.is_object() || !take(kind, content, meta)) {
        return false;
      }
    }
    text.remove_prefix(length + 1);
  }
  return true;
}

}  // namespace dime::trace
