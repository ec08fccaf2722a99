// SPDX-License-Identifier: GPL-2.0
// Linux 6.18 moves a page and answers EEXIST now and then: when its first attempt finds an entry
// changed, it keeps that error over the successful second one, and makes a third (move_pages() of
// mm/userfaultfd.c). Seen where more threads ran than there were processors, once in about a
// million moves. Who believes the answer, loses the page; so whether it was moved is looked up.
#include "engines/user/agent/userfault.h"

#include <asm/ioctl.h>
#include <linux/fcntl.h>
#include <linux/resource.h>

#include "engines/user/userfault_move.h"

namespace dime::agent {
namespace {

constexpr unsigned long kNewDescriptor = _IO(UFFDIO, 0x00);  // of /dev/userfaultfd

// An unprivileged user gets one from the device if its permissions say so, or for user-mode faults
// only from the system call. Where a thread serves the faults, those that the kernel takes for the
// program must be resolved too, so that is not enough; where faults are signals, the kernel's are
// EFAULT anyway.
long open_descriptor(bool signals) {
  constexpr long kUserModeOnly = 1;
  long fd = system_call(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);
  if (fd == -EPERM && signals) {
    fd = system_call(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK | kUserModeOnly);
  }
  if (!failed(fd)) {
    return fd;
  }
  const long device = system_call(__NR_openat, AT_FDCWD, "/dev/userfaultfd", O_RDWR | O_CLOEXEC);
  if (failed(device)) {
    return fd;
  }
  const long made = system_call(__NR_ioctl, device, kNewDescriptor, O_CLOEXEC | O_NONBLOCK);
  system_call(__NR_close, device);
  return made;
}

/// Room for descriptors above the process's limit, for a moment, as far as it may have any.
class DescriptorRoom {
 public:
  DescriptorRoom() {
    system_call(__NR_prlimit64, 0L, kDescriptors, 0L, &limit_);
    constexpr std::uint64_t kSome = 64;
    rlimit more{limit_.rlim_cur + kSome, limit_.rlim_max};
    more.rlim_max = more.rlim_max < more.rlim_cur ? more.rlim_cur : more.rlim_max;
    if (failed(system_call(__NR_prlimit64, 0L, kDescriptors, &more, 0L))) {
      more = {limit_.rlim_max, limit_.rlim_max};
      system_call(__NR_prlimit64, 0L, kDescriptors, &more, 0L);
    }
  }
  ~DescriptorRoom() { system_call(__NR_prlimit64, 0L, kDescriptors, &limit_, 0L); }
  DescriptorRoom(const DescriptorRoom&) = delete;
  DescriptorRoom& operator=(const DescriptorRoom&) = delete;

 private:
  static constexpr long kDescriptors = 7;  // RLIMIT_NOFILE
  rlimit limit_{};
};

}  // namespace

bool is_present(std::uint64_t address) {
  std::uint8_t present = 0;
  return !failed(system_call(__NR_mincore, address, kPageBytes, &present)) && (present & 1u) != 0;
}

unsigned pages_moved(std::uint64_t to, std::uint64_t from, unsigned pages) {
  unsigned moved = 0;
  while (moved < pages && is_present(to + moved * kPageBytes) &&
         !is_present(from + moved * kPageBytes)) {
    ++moved;
  }
  return moved;
}

long Userfault::open(Events events, Use use) {
  const long fd = open_descriptor(events == Events::kSignals);
  if (failed(fd)) {
    return fd;
  }
  uffdio_api api{};
  api.api = UFFD_API;
  api.features = use == Use::kMoves      ? kUserfaultFeatureMove
                 : use == Use::kProtects ? std::uint64_t{UFFD_FEATURE_PAGEFAULT_FLAG_WP}
                                         : 0;
  if (events == Events::kSignals) {
    api.features |= UFFD_FEATURE_SIGBUS;
  } else {
    api.features |= UFFD_FEATURE_EVENT_REMAP | UFFD_FEATURE_EVENT_REMOVE |
                    UFFD_FEATURE_EVENT_UNMAP | UFFD_FEATURE_THREAD_ID;
  }
  if (events == Events::kAll) {
    api.features |= UFFD_FEATURE_EVENT_FORK;
  }
  const long result = system_call(__NR_ioctl, fd, UFFDIO_API, &api);
  if (failed(result)) {
    system_call(__NR_close, fd);
    return result;
  }
  fd_ = static_cast<int>(fd);
  protects_ = use == Use::kProtects;
  return 0;
}

void Userfault::close() {
  if (fd_ >= 0) {
    system_call(__NR_close, static_cast<long>(fd_));
    fd_ = -1;
  }
}

long Userfault::register_missing(AddressRange range) const {
  uffdio_register request{};
  request.range = {range.begin, range.bytes()};
  request.mode =
      UFFDIO_REGISTER_MODE_MISSING | (protects_ ? UFFDIO_REGISTER_MODE_WP : std::uint64_t{0});
  return system_call(__NR_ioctl, static_cast<long>(fd_), UFFDIO_REGISTER, &request);
}

void Userfault::unregister(AddressRange range) const {
  uffdio_range request{range.begin, range.bytes()};
  system_call(__NR_ioctl, static_cast<long>(fd_), UFFDIO_UNREGISTER, &request);
}

long Userfault::protect(AddressRange range, bool protects) const {
  uffdio_writeprotect request{};
  request.range = {range.begin, range.bytes()};
  request.mode = protects ? UFFDIO_WRITEPROTECT_MODE_WP : UFFDIO_WRITEPROTECT_MODE_DONTWAKE;
  return system_call(__NR_ioctl, static_cast<long>(fd_), UFFDIO_WRITEPROTECT, &request);
}

long Userfault::move(std::uint64_t to, std::uint64_t from, bool wakes) const {
  UserfaultMove request{to, from, kPageBytes, wakes ? 0 : kUserfaultMoveQuietly, 0};
  const long result = system_call(__NR_ioctl, static_cast<long>(fd_), kUserfaultMove, &request);
  if (result != -EEXIST || pages_moved(to, from, 1) == 0) {
    return result;
  }
  if (wakes) {
    wake(to);
  }
  return 0;
}

long Userfault::move_run(std::uint64_t to, std::uint64_t from, unsigned pages) const {
  UserfaultMove request{to, from, pages * kPageBytes, kUserfaultMoveQuietly, 0};
  const long result = system_call(__NR_ioctl, static_cast<long>(fd_), kUserfaultMove, &request);
  if (result == 0) {
    return static_cast<long>(pages);
  }
  auto moved = static_cast<unsigned>(request.moved > 0 ? request.moved >> DIME_PAGE_SHIFT : 0);
  if (result == -EEXIST || moved != 0) {
    moved += pages_moved(to + moved * kPageBytes, from + moved * kPageBytes, pages - moved);
  }
  return moved != 0 ? static_cast<long>(moved) : result;
}

long Userfault::copy(std::uint64_t to, std::uint64_t from, bool wakes) const {
  uffdio_copy request{};
  request.dst = to;
  request.src = from;
  request.len = kPageBytes;
  request.mode = wakes ? 0 : UFFDIO_COPY_MODE_DONTWAKE;
  return system_call(__NR_ioctl, static_cast<long>(fd_), UFFDIO_COPY, &request);
}

long Userfault::copy_run(std::uint64_t to, std::uint64_t from, unsigned pages) const {
  uffdio_copy request{};
  request.dst = to;
  request.src = from;
  request.len = pages * kPageBytes;
  const long result = system_call(__NR_ioctl, static_cast<long>(fd_), UFFDIO_COPY, &request);
  return request.copy > 0 ? static_cast<long>(request.copy >> DIME_PAGE_SHIFT) : result;
}

void Userfault::wake(std::uint64_t address) const {
  uffdio_range request{address & ~(kPageBytes - 1), kPageBytes};
  system_call(__NR_ioctl, static_cast<long>(fd_), UFFDIO_WAKE, &request);
}

long Userfault::read(uffd_msg* messages, unsigned capacity) const {
  const std::uint64_t size = capacity * sizeof(uffd_msg);
  long bytes = system_call(__NR_read, static_cast<long>(fd_), messages, size);
  if (bytes == -EMFILE) {
    // A fork is to be told of, which takes a descriptor.
    const DescriptorRoom room;
    bytes = system_call(__NR_read, static_cast<long>(fd_), messages, size);
  }
  return failed(bytes) ? 0 : bytes / static_cast<long>(sizeof(uffd_msg));
}

}  // namespace dime::agent
