// SPDX-License-Identifier: GPL-2.0
#include "control/event_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/directory.h"
#include "control/runtime_directory.h"

namespace dime {

Result<EventFile> EventFile::create(const ControlBlock& block, const EventsWanted& wanted) {
  DIME_TRY(const std::string directory, ensure_runtime_directory());
  const UniqueFd fd(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd.valid()) {
    return fail(errno, "creating a file for events in {}", directory);
  }
  // A full file system is an error here, and no SIGBUS in a member.
  if (const int error = ::posix_fallocate(fd.get(), 0, sizeof(dime_events)); error != 0) {
    return fail(error, "creating a file for events in {}", directory);
  }
  void* const at =
      ::mmap(nullptr, sizeof(dime_events), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (at == MAP_FAILED) {
    return fail(errno, "mapping a file for events in {}", directory);
  }
  auto* const events = static_cast<dime_events*>(at);
  events->version = DIME_EVENTS_VERSION;
  events->bytes = sizeof(dime_events);
  events->created_ns = block->created_ns;
  events->sample = wanted.sample;
  events->stacks = wanted.stacks;
  events->magic = DIME_EVENTS_MAGIC;
  std::string path = event_path(block.id());
  ::unlink(path.c_str());
  EventFile file(events, std::move(path));
  const std::string unnamed = fmt::format("/proc/self/fd/{}", fd.get());
  if (::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, file.path_.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    return fail(errno, "creating {}", file.path_);
  }
  return file;
}

EventFile::EventFile(EventFile&& other) noexcept
    : events_(std::exchange(other.events_, nullptr)), path_(std::move(other.path_)) {}

EventFile::~EventFile() {
  if (events_ != nullptr) {
    close();
    ::munmap(events_, sizeof(dime_events));
    ::unlink(path_.c_str());
  }
}

}  // namespace dime
