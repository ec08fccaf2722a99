// SPDX-License-Identifier: GPL-2.0
#include "engines/user/calibration/machine_probes.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "base/clock_source.h"
#include "base/sysctl.h"
#include "base/unique_fd.h"

namespace dime {
namespace {

// Newer than the headers of Debian 12: Linux 6.8 and 6.1.
constexpr std::uint64_t kFeatureMove = 1u << 16;
constexpr unsigned long kNewDescriptor = _IO(UFFDIO, 0x00);
constexpr const char* kDevice = "/dev/userfaultfd";

std::string error_text(int code) {
  return std::strerror(code);  // NOLINT(concurrency-mt-unsafe)
}

bool is_filtered_by_seccomp() {
  const auto status = read_small_file("/proc/self/status");
  return status && status->find("\nSeccomp:\t2") != std::string::npos;
}

UniqueFd from_system_call() {
  return UniqueFd(static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK)));
}

UniqueFd from_device() {
  const UniqueFd device(::open(kDevice, O_RDWR | O_CLOEXEC));
  return UniqueFd(device.valid() ? ::ioctl(device.get(), kNewDescriptor, O_CLOEXEC | O_NONBLOCK)
                                 : -1);
}

// For faults of the program itself, which the inline path needs: everybody may have it.
UniqueFd for_own_faults() {
  constexpr int kUserModeOnly = 1;
  return UniqueFd(
      static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | kUserModeOnly)));
}

UniqueFd open_userfaultfd() {
  UniqueFd fd = from_system_call();
  if (!fd.valid()) {
    fd = from_device();
  }
  return fd.valid() ? std::move(fd) : for_own_faults();
}

// 0, or the errno with which the features were refused; ENOENT without a userfaultfd to ask.
int try_features(std::uint64_t features) {
  const UniqueFd fd = open_userfaultfd();
  if (!fd.valid()) {
    return ENOENT;
  }
  uffdio_api api{};
  api.api = UFFD_API;
  api.features = features;
  return ::ioctl(fd.get(), UFFDIO_API, &api) != 0 ? errno : 0;
}

Finding probe_userfaultfd() {
  Finding finding{"userfaultfd", false, /*required=*/true, {}, {}};
  if (from_system_call().valid()) {
    finding.available = true;
    finding.detail = "by the system call";
    return finding;
  }
  const int refused = errno;
  if (from_device().valid()) {
    finding.available = true;
    finding.detail = fmt::format("by {}", kDevice);
    return finding;
  }
  if (for_own_faults().valid()) {
    finding.available = true;
    finding.detail = "for the inline fault path only";
    finding.hint = "for the thread path: sudo sysctl -w vm.unprivileged_userfaultfd=1";
    return finding;
  }
  if (refused == ENOSYS) {
    finding.detail = "this kernel was built without CONFIG_USERFAULTFD";
    finding.hint = "boot a kernel that has it, such as Debian's";
    return finding;
  }
  const auto allowed = read_sysctl("vm.unprivileged_userfaultfd");
  if (is_filtered_by_seccomp() && (::geteuid() == 0 || (allowed && *allowed != 0))) {
    finding.detail = fmt::format("refused by a seccomp filter: {}", error_text(refused));
    finding.hint = "allow userfaultfd in the container's seccomp profile (docs/howto/container.md)";
    return finding;
  }
  finding.detail = fmt::format("{} (vm.unprivileged_userfaultfd = {}, {} not accessible)",
                               error_text(refused), allowed ? *allowed : -1, kDevice);
  finding.hint = "sudo sysctl -w vm.unprivileged_userfaultfd=1";
  return finding;
}

Finding probe_move() {
  Finding finding{"moving pages", false, /*required=*/true, {}, {}};
  const int error = try_features(kFeatureMove);
  const bool copies = try_features(UFFD_FEATURE_PAGEFAULT_FLAG_WP) == 0;
  finding.available = error == 0 || copies;
  finding.detail =
      error == 0 ? copies ? "UFFDIO_MOVE; mechanisms: move, copy" : "UFFDIO_MOVE; mechanisms: move"
      : copies   ? "mechanisms: copy, with the inline fault path only (move: Linux 6.8)"
      : error == ENOENT ? "cannot be told without userfaultfd"
      : error == EINVAL ? "this kernel has no UFFDIO_MOVE (Linux 6.8 and later)"
                        : error_text(error);
  finding.hint =
      error == EINVAL && !copies ? "sudo apt install -t bookworm-backports linux-image-amd64" : "";
  return finding;
}

Finding probe_fork_events() {
  Finding finding{"fork events", false, /*required=*/false, {}, {}};
  const int error = try_features(UFFD_FEATURE_EVENT_FORK);
  finding.available = error == 0;
  finding.detail =
      error == ENOENT ? "cannot be told without userfaultfd"
      : error == 0    ? "forks by raw system call are followed too"
                   : fmt::format("forks by raw system call are not covered: {}", error_text(error));
  finding.hint = error == EPERM ? "run dime as root or with CAP_SYS_PTRACE" : "";
  return finding;
}

// Runs `action` in a child; its exit status, or -1.
int in_child(const std::function<int()>& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(action());
  }
  int status = 0;
  const bool ended = child > 0 && ::waitpid(child, &status, 0) == child;
  return ended && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// One child traces another: what yama allows between a process and its own child says nothing.
Finding probe_ptrace() {
  Finding finding{"ptrace", false, /*required=*/false, {}, {}};
  const pid_t target = ::fork();
  if (target == 0) {
    ::pause();
    ::_exit(0);
  }
  const int error =
      in_child([target] { return ::ptrace(PTRACE_SEIZE, target, 0, 0) == 0 ? 0 : errno; });
  ::kill(target, SIGKILL);
  ::waitpid(target, nullptr, 0);
  const auto scope = read_sysctl("kernel.yama.ptrace_scope");
  finding.available = error == 0;
  finding.detail =
      error == 0
          ? "dime attach can join running processes"
          : fmt::format("dime attach cannot join running processes: {}{}", error_text(error),
                        scope ? fmt::format(" (kernel.yama.ptrace_scope = {})", *scope) : "");
  finding.hint = error == 0             ? ""
                 : scope && *scope != 0 ? "sudo sysctl -w kernel.yama.ptrace_scope=0"
                                        : "run dime as root or with CAP_SYS_PTRACE";
  return finding;
}

Finding probe_seccomp() {
  const bool filtered = is_filtered_by_seccomp();
  return {"seccomp",
          true,
          /*required=*/false,
          filtered ? "a filter is active and lets through what was tried" : "no filter",
          {}};
}

Finding probe_huge_pages() {
  const auto setting = read_small_file("/sys/kernel/mm/transparent_hugepage/enabled");
  return {"huge pages",
          true,
          /*required=*/false,
          fmt::format("{}; managed memory uses 4 KiB pages in any case",
                      setting ? *setting : "not built in"),
          {}};
}

Finding probe_clock() {
  const auto current =
      read_small_file("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  constexpr int kReadings = 1'000;
  const std::uint64_t start = mark_clocks().monotonic_ns;
  for (int i = 0; i < kReadings; ++i) {
    mark_clocks();
  }
  const std::uint64_t each = (mark_clocks().monotonic_ns - start) / kReadings;
  constexpr std::uint64_t kSlow = 500;  // a system call; stalls are then off by about as much
  Finding finding{"clock", each < kSlow, /*required=*/false, {}, {}};
  finding.detail = fmt::format("{}, {} ns a reading", current ? *current : "unknown", each);
  finding.hint = finding.available ? "" : "boot with clocksource=tsc tsc=reliable";
  return finding;
}

}  // namespace

const char* userfault_privileges() {
  return from_system_call().valid() || from_device().valid() ? "full"
         : for_own_faults().valid()                          ? "user-mode"
                                                             : "none";
}

std::vector<dime_mechanism> available_mechanisms() {
  std::vector<dime_mechanism> present;
  if (try_features(kFeatureMove) == 0) {
    present.push_back(DIME_MECHANISM_MOVE);
  }
  if (try_features(UFFD_FEATURE_PAGEFAULT_FLAG_WP) == 0) {
    present.push_back(DIME_MECHANISM_COPY);
  }
  return present;
}

std::vector<Finding> probe_machine() {
  return {probe_userfaultfd(), probe_move(),       probe_fork_events(), probe_ptrace(),
          probe_seccomp(),     probe_huge_pages(), probe_clock()};
}

}  // namespace dime
