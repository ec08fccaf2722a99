// SPDX-License-Identifier: GPL-2.0
#include "trace/reader.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <zstd.h>

#include <algorithm>

#include "base/unique_fd.h"
#include "trace/block.h"
#include "trace/format.h"

namespace dime::trace {
namespace {

Result<std::shared_ptr<void>> map_file(const std::string& path, std::size_t& bytes) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about {};
  if (!fd.valid() || ::fstat(fd.get(), &about) != 0) {
    return fail(errno, "opening {}", path);
  }
  if (!S_ISREG(about.st_mode)) {
    return fail(0, "{}: not a regular file, so not a trace", path);
  }
  bytes = static_cast<std::size_t>(about.st_size);
  if (bytes == 0) {
    return fail(0, "{}: empty, so not a trace", path);
  }
  void* const at = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (at == MAP_FAILED) {
    return fail(errno, "mapping {}", path);
  }
  return std::shared_ptr<void>(at, [bytes](void* block) { ::munmap(block, bytes); });
}

}  // namespace

void Reader::FreeContext::operator()(ZSTD_DCtx_s* context) const {
  ::ZSTD_freeDCtx(context);
}

Result<Reader> Reader::open(const std::string& path) {
  std::size_t bytes = 0;
  DIME_TRY(std::shared_ptr<void> mapping, map_file(path, bytes));
  const auto* const begin = static_cast<const std::uint8_t*>(mapping.get());
  DIME_TRY(Reader reader, of({begin, bytes}, path));
  reader.mapping_ = std::move(mapping);
  return reader;
}

Result<Reader> Reader::of(std::span<const std::uint8_t> bytes, const std::string& name) {
  Header header;
  if (bytes.size() < sizeof header) {
    return fail(0, "{}: not a trace of dime", name);
  }
  std::memcpy(&header, bytes.data(), sizeof header);
  if (!header.is_trace()) {
    return fail(0, "{}: not a trace of dime", name);
  }
  if (header.version != kVersion) {
    return fail(0, "{}: a trace of format version {}; this dime reads version {}", name,
                header.version, kVersion);
  }
  if (header.page_shift != DIME_PAGE_SHIFT) {
    return fail(0, "{}: a trace of pages of 2^{} bytes; this dime reads pages of {} bytes", name,
                header.page_shift, DIME_PAGE_BYTES);
  }
  if (header.unit_ns == 0) {
    return fail(0, "{}: its header is damaged", name);
  }
  Reader reader;
  reader.bytes_ = bytes;
  reader.at_ = sizeof header;
  reader.unit_ns_ = header.unit_ns;
  reader.name_ = name;
  reader.context_.reset(::ZSTD_createDCtx());
  if (reader.context_ == nullptr) {
    return fail(ENOMEM, "reading {}", name);
  }
  return reader;
}

double Reader::part() const {
  return static_cast<double>(at_) / static_cast<double>(bytes_.size());
}

bool Reader::stop(std::string problem) {
  problem_ = std::move(problem);
  at_ = bytes_.size();
  return false;
}

bool Reader::next_block(std::vector<std::uint8_t>& block) {
  if (at_ == bytes_.size()) {
    return problem_.empty() && !meta_.ended ? stop("it has no end: the recorder was stopped")
                                            : false;
  }
  const auto rest = bytes_.subspan(at_);
  const std::size_t frame = ::ZSTD_findFrameCompressedSize(rest.data(), rest.size());
  if (::ZSTD_isError(frame) != 0) {
    return stop(fmt::format("it is cut or damaged at byte {}", at_));
  }
  // What these return where they do not know is larger than any size that is allowed.
  const unsigned long long bytes = ::ZSTD_getFrameContentSize(rest.data(), rest.size());
  if (bytes == 0 || bytes > kMostBlockBytes) {
    return stop(fmt::format("the block at byte {} is damaged", at_));
  }
  block.resize(static_cast<std::size_t>(bytes));
  const std::size_t unpacked =
      ::ZSTD_decompressDCtx(context_.get(), block.data(), block.size(), rest.data(), frame);
  if (unpacked != block.size()) {
    return stop(fmt::format("the block at byte {} is damaged", at_));
  }
  at_ += frame;
  return true;
}

bool Reader::take_stacks() {
  const auto first = static_cast<std::uint32_t>(meta_.stacks.size() + 1);
  auto decoded = decode_stacks(block_, first, meta_.frames.size());
  if (!decoded) {
    return false;
  }
  meta_.stacks.insert(meta_.stacks.end(), decoded->nodes.begin(), decoded->nodes.end());
  stacked_ = std::move(decoded->events);
  return true;
}

bool Reader::match_stacks(std::size_t events) {
  if (stacked_.empty()) {
    return true;
  }
  if (stacked_.back().event >= events) {
    return false;
  }
  stacks_.resize(events);
  for (const StackedEvent& event : stacked_) {
    stacks_[event.event] = event.stack;
  }
  stacked_.clear();
  return true;
}

bool Reader::next(std::vector<Event>& events) {
  events.clear();
  stacks_.clear();
  while (next_block(block_)) {
    if (block_[0] == kMetaBlock) {
      const auto* const text = reinterpret_cast<const char*>(block_.data());
      if (!take_lines({text + 1, block_.size() - 1}, meta_)) {
        return stop(fmt::format("the block before byte {} is damaged", at_));
      }
      continue;
    }
    if (block_[0] == kStackBlock) {
      if (!take_stacks()) {
        return stop(fmt::format("the block before byte {} is damaged", at_));
      }
      continue;
    }
    if (block_[0] != kEventBlock) {
      continue;  // of a kind that this version does not know
    }
    auto decoded = decode_events(block_, unit_ns_);
    const auto known = [this](const Event& event) { return event.thread < meta_.threads.size(); };
    if (!decoded || !std::all_of(decoded->begin(), decoded->end(), known) ||
        !match_stacks(decoded->size())) {
      return stop(fmt::format("the block before byte {} is damaged", at_));
    }
    events = std::move(*decoded);
    events_ += events.size();
    return true;
  }
  return false;
}

Result<Trace> load(const std::string& path) {
  DIME_TRY(Reader reader, Reader::open(path));
  Trace trace;
  std::vector<Event> block;
  while (reader.next(block)) {
    trace.events.insert(trace.events.end(), block.begin(), block.end());
  }
  trace.meta = reader.meta();
  trace.problem = reader.problem();
  return trace;
}

}  // namespace dime::trace
