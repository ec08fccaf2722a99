// SPDX-License-Identifier: GPL-2.0
#include "control/control_block.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "base/monotonic.h"
#include "base/own_file.h"
#include "control/runtime_directory.h"
#include "core/atomic.h"
#include "core/clamp.h"
#include "core/link.h"

namespace dime {
namespace {

Result<dime_control*> map_block(int fd, const std::string& path) {
  void* const at = ::mmap(nullptr, sizeof(dime_control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) {
    return fail(errno, "mapping {}", path);
  }
  return static_cast<dime_control*>(at);
}

// An agent keeps paths in buffers of this size; one that it had to cut would name another file.
Result<void> check_path_length(const std::string& path) {
  if (path.size() < DIME_PATH_BYTES) {
    return {};
  }
  return fail_with_hint("set DIME_RUNTIME_DIR to a folder with a shorter path",
                        "the path of a control block would have {} bytes; allowed: up to {}: {}",
                        path.size(), DIME_PATH_BYTES - 1, path);
}

void fill(dime_control& control, std::uint32_t instance_id, const NewInstance& content) {
  config::init(control);
  control.bytes = sizeof(dime_control);
  control.engine = DIME_ENGINE_USER;
  control.instance_id = instance_id;
  control.owner_pid = static_cast<std::uint32_t>(content.owner.pid);
  control.owner_start_time = content.owner.start_time;
  control.namespaces = own_namespaces();
  control.owner_namespaces = control.namespaces;
  control.keep = content.keep ? 1 : 0;
  control.fault_path = content.fault_path.kind;
  control.mechanism = content.fault_path.mechanism;
  std::size_t table = 0;
  for (const std::string& path : content.fault_path.site_tables) {
    path.copy(control.site_tables[table++], DIME_PATH_BYTES - 1);
  }
  control.parameters = content.parameters;
  control.parameters.sequence = 0;
  control.calibration = content.calibration;
  control.target_ns = link::unloaded_stall(content.parameters).value;
  control.created_ns = monotonic_ns();
  if (content.placement != nullptr) {
    control.placement = *content.placement;
  }
  control.magic = DIME_CONTROL_MAGIC;
}

}  // namespace

std::string control_path(std::uint32_t instance_id) {
  return fmt::format("{}/dime-{}-{}", runtime_directory(), ::geteuid(), instance_id);
}

ControlBlock::ControlBlock(UniqueFd fd, dime_control* control, std::string path)
    : fd_(std::move(fd)), control_(control), path_(std::move(path)) {}

ControlBlock::ControlBlock(ControlBlock&& other) noexcept
    : fd_(std::move(other.fd_)),
      control_(std::exchange(other.control_, nullptr)),
      path_(std::move(other.path_)),
      id_(other.id_) {}

ControlBlock& ControlBlock::operator=(ControlBlock&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(control_, other.control_);
  std::swap(path_, other.path_);
  std::swap(id_, other.id_);
  return *this;
}

ControlBlock::~ControlBlock() {
  if (control_ != nullptr) {
    ::munmap(control_, sizeof(dime_control));
  }
}

Result<ControlBlock> ControlBlock::create(std::uint32_t instance_id, const NewInstance& content) {
  DIME_TRY(const std::string directory, ensure_runtime_directory());
  std::string path = control_path(instance_id);
  DIME_TRY_VOID(check_path_length(path));
  UniqueFd fd(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd.valid()) {
    return fail(errno, "creating a control block in {}", directory);
  }
  // posix_fallocate, so that a full file system is an error here and not a SIGBUS in a member.
  if (const int error = ::posix_fallocate(fd.get(), 0, sizeof(dime_control)); error != 0) {
    return fail(error, "creating a control block in {}", directory);
  }
  DIME_TRY(dime_control* const control, map_block(fd.get(), path));
  const std::string unnamed = fmt::format("/proc/self/fd/{}", fd.get());
  ControlBlock block(std::move(fd), control, path);
  block.id_ = instance_id;
  fill(*control, instance_id, content);
  if (::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    return fail(errno, "creating {}", path);
  }
  return block;
}

Result<ControlBlock> ControlBlock::create_private(const NewInstance& content) {
  UniqueFd fd(::memfd_create("dime-control", MFD_CLOEXEC));
  // An agent believes a block only that nobody else can write.
  if (!fd.valid() || ::fchmod(fd.get(), S_IRUSR | S_IWUSR) != 0 ||
      ::ftruncate(fd.get(), sizeof(dime_control)) != 0) {
    return fail(errno, "creating a control block");
  }
  std::string path = fmt::format("/proc/{}/fd/{}", ::getpid(), fd.get());
  DIME_TRY(dime_control* const control, map_block(fd.get(), path));
  ControlBlock block(std::move(fd), control, std::move(path));
  fill(*control, 0, content);
  return block;
}

Result<ControlBlock> ControlBlock::create_next(const NewInstance& content) {
  for (std::uint32_t id = 0;; ++id) {
    auto block = create(id, content);
    if (block || block.error().code != EEXIST) {
      return block;
    }
  }
}

Result<ControlBlock> ControlBlock::open(const std::string& path) {
  constexpr FileSizes kWhole{sizeof(dime_control), sizeof(dime_control)};
  DIME_TRY(UniqueFd fd, open_own_file(path, O_RDWR, kWhole));
  DIME_TRY(dime_control* const control, map_block(fd.get(), path));
  ControlBlock block(std::move(fd), control, path);
  block.id_ = atomic::load(control->instance_id);
  if (control->magic != DIME_CONTROL_MAGIC || control->abi_version != DIME_ABI_VERSION ||
      control->bytes != sizeof(dime_control)) {
    return fail(EPROTO, "{} is not a control block of this version of dime", path);
  }
  if (!path.ends_with(fmt::format("-{}", block.id_))) {
    return fail(EPROTO, "{} says that it is instance {}", path, block.id_);
  }
  return block;
}

dime_parameters ControlBlock::parameters() const {
  dime_parameters& shared = control_->parameters;
  dime_parameters copy{};
  // A writer holds the file's lock for some dozen instructions; one that died there leaves an odd
  // number for ever, and its half-written values are then as good as any.
  constexpr int kTries = 1'000'000;
  for (int tries = 0; tries < kTries; ++tries) {
    const std::uint64_t before = atomic::load_acquire(shared.sequence);
    std::memcpy(&copy, &shared, sizeof copy);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (before % 2 == 0 && atomic::load(shared.sequence) == before) {
      break;
    }
  }
  clamp::parameters(copy);
  return copy;
}

ControlBlock::Writing::Writing(Writing&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

ControlBlock::Writing::~Writing() {
  if (fd_ >= 0) {
    ::flock(fd_, LOCK_UN);
  }
}

Result<ControlBlock::Writing> ControlBlock::write() const {
  if (::flock(fd_.get(), LOCK_EX) != 0) {
    return fail(errno, "locking {}", path_);
  }
  return Writing(fd_.get());
}

void ControlBlock::apply(const Writing& /*held*/, const config::Plan& plan,
                         const dime_placement* placement) {
  std::uint64_t& sequence = control_->parameters.sequence;
  const std::uint64_t odd = atomic::load(sequence) | 1;
  atomic::store(sequence, odd);
  __atomic_thread_fence(__ATOMIC_RELEASE);
  config::apply(plan, *control_, {monotonic_ns()});
  if (placement != nullptr) {
    std::memcpy(&control_->placement, placement, sizeof *placement);
  }
  atomic::store_release(sequence, odd + 1);
}

Result<void> ControlBlock::apply(const config::Plan& plan) {
  DIME_TRY(const Writing writing, write());
  apply(writing, plan);
  return {};
}

void ControlBlock::remove() {
  struct stat named {};
  struct stat mapped {};
  if (::stat(path_.c_str(), &named) == 0 && ::fstat(fd_.get(), &mapped) == 0 &&
      named.st_ino == mapped.st_ino && named.st_dev == mapped.st_dev) {
    ::unlink(path_.c_str());
  }
}

}  // namespace dime
