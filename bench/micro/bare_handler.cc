// SPDX-License-Identifier: GPL-2.0
// What userfaultfd costs without an emulator around it: bare_handler THREADS PAGES ACCESSES LOCAL.
//
// The pattern of workloads/ring.h under the plainest far memory there can be: one thread reads the
// faults one after the other and resolves each; when LOCAL pages are there, the oldest is moved out
// before (FIFO). No link, no counters, no events, no children. Ends with status 77 and the reason
// where the kernel refuses userfaultfd or has no UFFDIO_MOVE (before 6.8).
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "bench/workloads/ring.h"
#include "engines/user/userfault_move.h"

namespace {

using dime::bench::kPage;

constexpr int kSkipped = 77;

void require(bool done, const char* what, int status = 1) {
  if (!done) {
    std::perror(what);
    std::_Exit(status);
  }
}

std::uint64_t address_of(const char* memory) {
  return reinterpret_cast<std::uint64_t>(memory);
}

// A userfaultfd for the missing pages of one range.
class Userfault {
 public:
  // Faults of system calls are left out: any user may have such a userfaultfd.
  Userfault(const char* memory, std::size_t pages)
      : fd_(static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY))) {
    require(fd_ >= 0, "userfaultfd", kSkipped);
    uffdio_api api{};
    api.api = UFFD_API;
    api.features = dime::kUserfaultFeatureMove;
    require(ioctl(fd_, UFFDIO_API, &api) == 0, "userfaultfd with UFFDIO_MOVE", kSkipped);
    uffdio_register range{};
    range.range = {address_of(memory), pages * kPage};
    range.mode = UFFDIO_REGISTER_MODE_MISSING;
    require(ioctl(fd_, UFFDIO_REGISTER, &range) == 0, "UFFDIO_REGISTER");
  }
  Userfault(const Userfault&) = delete;
  Userfault& operator=(const Userfault&) = delete;
  ~Userfault() { close(fd_); }

  // Waits for the next fault and returns its address.
  [[nodiscard]] std::uint64_t next_fault() const {
    uffd_msg message{};
    require(read(fd_, &message, sizeof(message)) == sizeof(message), "read of a userfaultfd");
    return message.arg.pagefault.address;
  }

  // Fills the hole at `to` and wakes who waits there. The kernel may hold a page for a moment, for
  // instance on its way to a list of pages to be aged. EEXIST is what Linux 6.18 answers now and
  // then to a move that it has made.
  void move(const char* to, const char* from) const {
    dime::UserfaultMove request{address_of(to), address_of(from), kPage, 0, 0};
    while (ioctl(fd_, dime::kUserfaultMove, &request) != 0) {
      if (errno == EEXIST) {
        uffdio_range waiting{address_of(to), kPage};
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

// The rings lie one behind the other. A page that is out lies in the shadow, at its own offset; the
// shadow has a userfaultfd too, because UFFDIO_MOVE asks for one at its destination. The page
// behind the last ring is touched at the end: it tells the handler thread to return.
class HandledMemory : public dime::bench::Memory {
 public:
  HandledMemory(const dime::bench::Pattern& pattern, std::size_t local)
      : ring_pages_(pattern.pages),
        total_(pattern.threads * pattern.pages),
        rings_(dime::bench::map_pages(total_ + 1)),
        shadow_(dime::bench::map_pages(total_)),
        is_out_(total_),
        fifo_(local),
        to_rings_(rings_, total_ + 1),
        to_shadow_(shadow_, total_),
        handler_([this] { handle(); }) {}

  ~HandledMemory() override {
    *static_cast<volatile char*>(rings_ + total_ * kPage) = 1;
    handler_.join();
  }

  char* ring(std::size_t thread) override { return rings_ + thread * ring_pages_ * kPage; }
  void before_round(char*) override {}

 private:
  void handle() {
    while (true) {
      const std::size_t page = (to_rings_.next_fault() - address_of(rings_)) / kPage;
      if (page == total_) {
        to_rings_.zero(rings_ + page * kPage);
        return;
      }
      resolve(page);
    }
  }

  void resolve(std::size_t page) {
    std::size_t& slot = fifo_[arrivals_ % fifo_.size()];
    if (arrivals_ >= fifo_.size()) {
      to_shadow_.move(shadow_ + slot * kPage, rings_ + slot * kPage);
      is_out_[slot] = true;
    }
    slot = page;
    ++arrivals_;
    if (is_out_[page]) {
      is_out_[page] = false;
      to_rings_.move(rings_ + page * kPage, shadow_ + page * kPage);
    } else {
      to_rings_.zero(rings_ + page * kPage);
    }
  }

  std::size_t ring_pages_;
  std::size_t total_;
  char* rings_;
  char* shadow_;
  std::vector<bool> is_out_;
  std::vector<std::size_t> fifo_;
  std::size_t arrivals_ = 0;
  Userfault to_rings_;
  Userfault to_shadow_;
  std::thread handler_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 || std::stoul(argv[4]) == 0) {
    static_cast<void>(std::fprintf(stderr, "arguments: THREADS PAGES ACCESSES LOCAL\n"));
    return 2;
  }
  const dime::bench::Pattern pattern = dime::bench::pattern_of(argv + 1);
  HandledMemory memory(pattern, std::stoul(argv[4]));
  dime::bench::measure(pattern, memory);
  return 0;
}
