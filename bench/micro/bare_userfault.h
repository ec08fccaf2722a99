// SPDX-License-Identifier: GPL-2.0
// A userfaultfd without an emulator around it. Each failure ends the process with a message.
#pragma once

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "bench/workloads/ring.h"
#include "engines/user/userfault_move.h"

namespace dime::bench {

constexpr int kSkipped = 77;

inline void require(bool done, const char* what, int status = 1) {
  if (!done) {
    std::perror(what);
    std::_Exit(status);
  }
}

inline std::uint64_t address_of(const char* memory) {
  return reinterpret_cast<std::uint64_t>(memory);
}

/// For the missing pages of one range. Any thread.
class Userfault {
 public:
  enum class Faults : std::uint8_t { kMessages, kSignals };

  /// Status 77 where the kernel refuses userfaultfd or has no UFFDIO_MOVE (before 6.8). Faults of
  /// system calls are left out: any user may have such a userfaultfd.
  Userfault(const char* memory, std::size_t pages, Faults faults)
      : fd_(static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY))) {
    require(fd_ >= 0, "userfaultfd", kSkipped);
    uffdio_api api{};
    api.api = UFFD_API;
    api.features = kUserfaultFeatureMove | (faults == Faults::kSignals ? UFFD_FEATURE_SIGBUS : 0U);
    require(ioctl(fd_, UFFDIO_API, &api) == 0, "userfaultfd with UFFDIO_MOVE", kSkipped);
    uffdio_register range{};
    range.range = {address_of(memory), pages * kPage};
    range.mode = UFFDIO_REGISTER_MODE_MISSING;
    require(ioctl(fd_, UFFDIO_REGISTER, &range) == 0, "UFFDIO_REGISTER");
  }
  Userfault(const Userfault&) = delete;
  Userfault& operator=(const Userfault&) = delete;
  ~Userfault() { close(fd_); }

  /// Waits for the next fault and returns its address.
  [[nodiscard]] std::uint64_t next_fault() const {
    uffd_msg message{};
    require(read(fd_, &message, sizeof(message)) == sizeof(message), "read of a userfaultfd");
    return message.arg.pagefault.address;
  }

  /// Fills the holes at `to` and wakes who waits there. The kernel may hold a page for a moment,
  /// for instance on its way to a list of pages to be aged. EEXIST is what Linux 6.18 answers now
  /// and then to a move that it has made.
  void move(const char* to, const char* from, std::size_t pages = 1) const {
    UserfaultMove request{address_of(to), address_of(from), pages * kPage, 0, 0};
    while (ioctl(fd_, kUserfaultMove, &request) != 0) {
      if (errno == EEXIST) {
        uffdio_range waiting{address_of(to), pages * kPage};
        require(ioctl(fd_, UFFDIO_WAKE, &waiting) == 0, "UFFDIO_WAKE");
        return;
      }
      require(errno == EAGAIN || errno == EBUSY, "UFFDIO_MOVE");
    }
  }

  void zero(const char* to) const {
    static const std::vector<char> zeros(kPage);
    uffdio_copy request{};
    request.dst = address_of(to);
    request.src = address_of(zeros.data());
    request.len = kPage;
    require(ioctl(fd_, UFFDIO_COPY, &request) == 0, "UFFDIO_COPY");
  }

 private:
  int fd_;
};

}  // namespace dime::bench
