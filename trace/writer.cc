// SPDX-License-Identifier: GPL-2.0
#include "trace/writer.h"

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <utility>

#include "trace/block.h"
#include "trace/format.h"

namespace dime::trace {
namespace {

constexpr int kLevel = 3;  // higher ones take longer than events take to come
constexpr std::size_t kMostLines = std::size_t{256} << 10;
constexpr std::size_t kMostNodes = kMostBlockNodes / 2;  // one event more adds few

}  // namespace

void Writer::FreeContext::operator()(ZSTD_CCtx_s* context) const {
  ::ZSTD_freeCCtx(context);
}

Writer::Writer(UniqueFd fd, std::string path, std::uint32_t unit_ns)
    : fd_(std::move(fd)), path_(std::move(path)), unit_ns_(unit_ns), context_(::ZSTD_createCCtx()) {
  pending_.reserve(kBlockEvents);
}

Writer::~Writer() {
  if (fd_.valid() && is_new_ && !begun_) {
    ::unlink(path_.c_str());
  }
}

Result<Writer> Writer::prepare(const std::string& path, const Info& info, std::uint32_t unit_ns) {
  constexpr int kMode = 0666;
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  const bool is_new = !fd.valid() && errno == ENOENT;
  if (is_new) {
    fd.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, kMode));
  }
  if (!fd.valid()) {
    return fail(errno, "creating {}", path);
  }
  Writer writer(std::move(fd), path, unit_ns);
  writer.is_new_ = is_new;
  if (writer.context_ == nullptr) {
    return fail(ENOMEM, "creating {}", path);
  }
  ::ZSTD_CCtx_setParameter(writer.context_.get(), ZSTD_c_compressionLevel, kLevel);
  ::ZSTD_CCtx_setParameter(writer.context_.get(), ZSTD_c_checksumFlag, 1);
  Header header;
  header.unit_ns = unit_ns;
  DIME_TRY_VOID(writer.write_all(&header, sizeof header));
  writer.lines_ = line_of(info);
  DIME_TRY_VOID(writer.write_lines());
  return writer;
}

Result<Writer> Writer::create(const std::string& path, const Info& info, std::uint32_t unit_ns) {
  DIME_TRY(Writer writer, prepare(path, info, unit_ns));
  DIME_TRY_VOID(writer.begin());
  return writer;
}

Result<void> Writer::begin() {
  if (::ftruncate(fd_.get(), 0) != 0) {
    return fail(errno, "creating {}", path_);
  }
  begun_ = true;
  const std::string early = std::exchange(early_, {});
  return write_out(early.data(), early.size());
}

std::uint32_t Writer::add(const Process& process) {
  lines_ += line_of(process, processes_);
  return processes_++;
}

std::uint32_t Writer::add(const Thread& thread) {
  lines_ += line_of(thread, threads_);
  return threads_++;
}

void Writer::add(const Range& range) {
  lines_ += line_of(range);
}

void Writer::add(const Phase& phase) {
  lines_ += line_of(phase);
}

std::uint32_t Writer::add(const CodeFile& file) {
  lines_ += line_of(file, files_);
  return files_++;
}

std::uint32_t Writer::add(const Frame& frame) {
  lines_ += line_of(frame, frames_);
  return frames_++;
}

std::uint32_t Writer::add(const StackNode& node) {
  stacks_.nodes.push_back(node);
  return ++nodes_;
}

Result<void> Writer::append(const Event& event, std::uint32_t stack) {
  if (stack != 0) {
    stacks_.events.push_back({static_cast<std::uint32_t>(pending_.size()), stack});
  }
  pending_.push_back(event);
  ++events_;
  const bool full = pending_.size() >= kBlockEvents || lines_.size() >= kMostLines ||
                    stacks_.nodes.size() >= kMostNodes;
  return full ? flush() : Result<void>{};
}

Result<void> Writer::flush() {
  DIME_TRY_VOID(write_lines());
  DIME_TRY_VOID(write_stacks());
  if (!pending_.empty()) {
    const auto block = encode_events(pending_, unit_ns_);
    pending_.clear();
    DIME_TRY_VOID(write_block(block.data(), block.size()));
  }
  return {};
}

Result<void> Writer::finish(End end) {
  DIME_TRY_VOID(flush());
  end.events = events_;
  lines_ = line_of(end);
  return write_lines();
}

// Lines are never split over two blocks.
Result<void> Writer::write_lines() {
  if (lines_.empty()) {
    return {};
  }
  std::string block(1, static_cast<char>(kMetaBlock));
  block += lines_;
  lines_.clear();
  if (block.size() > kMostBlockBytes) {
    return fail(EFBIG, "writing {}: names of processes and memory", path_);
  }
  return write_block(block.data(), block.size());
}

// In front of the events that they belong to.
Result<void> Writer::write_stacks() {
  if (stacks_.nodes.empty() && stacks_.events.empty()) {
    return {};
  }
  const auto count = static_cast<std::uint32_t>(stacks_.nodes.size());
  const auto block = encode_stacks(stacks_, nodes_ - count + 1);
  stacks_ = {};
  return write_block(block.data(), block.size());
}

Result<void> Writer::write_block(const void* data, std::size_t bytes) {
  packed_.resize(::ZSTD_compressBound(bytes));
  const std::size_t packed =
      ::ZSTD_compress2(context_.get(), packed_.data(), packed_.size(), data, bytes);
  if (::ZSTD_isError(packed) != 0) {
    return fail(0, "writing {}: {}", path_, ::ZSTD_getErrorName(packed));
  }
  return write_all(packed_.data(), packed);
}

Result<void> Writer::write_all(const void* data, std::size_t bytes) {
  bytes_ += bytes;
  if (!begun_) {
    early_.append(static_cast<const char*>(data), bytes);
    return {};
  }
  return write_out(data, bytes);
}

Result<void> Writer::write_out(const void* data, std::size_t bytes) {
  const auto* at = static_cast<const char*>(data);
  while (bytes != 0) {
    const ssize_t written = ::write(fd_.get(), at, bytes);
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return fail(written == 0 ? ENOSPC : errno, "writing {}", path_);
    }
    at += written;
    bytes -= static_cast<std::size_t>(written);
  }
  return {};
}

}  // namespace dime::trace
