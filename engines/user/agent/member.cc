// SPDX-License-Identifier: GPL-2.0
// A process may end without notice (SIGKILL, exec), so every slot says what it counts towards the
// instance's levels, and whoever finds the process gone gives that back. The one who changes the
// state does it, so it happens once.
#include "engines/user/agent/member.h"

#include <linux/fcntl.h>
#include <linux/mman.h>

#include "core/atomic.h"
#include "core/member_levels.h"
#include "core/namespaces.h"
#include "engines/user/agent/own_file.h"
#include "engines/user/agent/process_stat.h"
#include "engines/user/agent/syscalls.h"

namespace dime::agent {
namespace {}  // namespace

long Membership::map(const char* path) {
  // A path that had to be cut would name the file of another instance.
  unsigned length = 0;
  while (path[length] != '\0') {
    ++length;
  }
  if (length >= kPathBytes) {
    return -ENAMETOOLONG;
  }
  struct stat about {};
  const long fd = open_own_file(path, O_RDWR, effective_user(), sizeof(dime_control),
                                sizeof(dime_control), about);
  if (failed(fd)) {
    return fd;
  }
  const long at =
      system_call(__NR_mmap, 0L, sizeof(dime_control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L);
  system_call(__NR_close, fd);
  if (failed(at)) {
    return at;
  }
  auto* const control = reinterpret_cast<dime_control*>(at);
  if (control->magic != DIME_CONTROL_MAGIC || control->abi_version != DIME_ABI_VERSION ||
      control->bytes != sizeof(dime_control)) {
    system_call(__NR_munmap, at, sizeof(dime_control));
    return -EPROTO;
  }
  control_ = control;
  owner_ = about.st_uid;
  __builtin_memcpy(path_, path, length + 1);
  map_events();
  return 0;
}

void Membership::unmap() {
  if (control_ != nullptr) {
    system_call(__NR_munmap, control_, sizeof(dime_control));
  }
  if (events_ != nullptr) {
    system_call(__NR_munmap, events_, sizeof(dime_events));
  }
  control_ = nullptr;
  events_ = nullptr;
  member_ = nullptr;
}

long Membership::take_slot() {
  const auto pid = static_cast<std::uint32_t>(system_call(__NR_getpid));
  const std::uint64_t started = own_process_stat().start_time;
  const std::uint64_t namespaces = own_namespaces();
  dime_member* taken = nullptr;
  for (dime_member& member : control_->members) {
    std::uint32_t state = atomic::load_acquire(member.state);
    if (member.pid == pid && member.start_time == started && member.namespaces == namespaces &&
        state != DIME_MEMBER_FREE &&
        atomic::compare_exchange(member.state, state, std::uint32_t{DIME_MEMBER_STARTING})) {
      member_levels::give_back(*control_, member);  // the same process before its exec
      atomic::store(member.ending, std::uint64_t{0});
      taken = &member;
      break;
    }
  }
  // Free slots first, so that the results of ended processes are kept as long as there is room.
  constexpr std::uint32_t kUsable[] = {DIME_MEMBER_FREE, DIME_MEMBER_ENDED};
  for (const std::uint32_t wanted : kUsable) {
    for (dime_member& member : control_->members) {
      std::uint32_t state = wanted;
      if (taken == nullptr &&
          atomic::compare_exchange(member.state, state, std::uint32_t{DIME_MEMBER_STARTING})) {
        taken = &member;
        __builtin_memset(&member.start_time, 0, sizeof(member) - offsetof(dime_member, start_time));
        member.pid = pid;
        member.start_time = started;
        member.namespaces = namespaces;
        break;
      }
    }
  }
  if (taken == nullptr) {
    return -EUSERS;
  }
  member_ = taken;
  member_->parent_pid = static_cast<std::uint32_t>(system_call(__NR_getppid));
  const long fd = system_call(__NR_openat, AT_FDCWD, "/proc/self/comm", O_RDONLY | O_CLOEXEC);
  if (!failed(fd)) {
    const long bytes = system_call(__NR_read, fd, member_->comm, DIME_COMM_BYTES - 1L);
    member_->comm[bytes > 0 ? bytes - 1 : 0] = '\0';
    system_call(__NR_close, fd);
  }
  return 0;
}

void Membership::leave(dime_member_state state) {
  member_levels::give_back(*control_, *member_);
  atomic::store_release(member_->state, std::uint32_t{state});
}

bool Membership::may_run(std::uint32_t pid, std::uint64_t start_time,
                         std::uint64_t namespaces) const {
  const std::uint64_t own = member_->namespaces;
  if (pid == 0 || !namespaces::same_pids(namespaces, own) || !shows_own_namespace()) {
    return true;
  }
  const ProcessStat process = process_stat(pid);
  const bool comparable = start_time != 0 && namespaces::same_times(namespaces, own);
  return process.hidden || (!process.ended() && (!comparable || process.start_time == start_time));
}

unsigned Membership::reap() const {
  unsigned found = 0;
  for (dime_member& member : control_->members) {
    std::uint32_t state = atomic::load_acquire(member.state);
    if (&member == member_ || !member_levels::counts(state) ||
        may_run(member.pid, member.start_time, member.namespaces)) {
      continue;
    }
    if (atomic::compare_exchange(member.state, state, std::uint32_t{DIME_MEMBER_REAPED})) {
      member_levels::give_back(*control_, member);
      // Only now may another process take the slot.
      atomic::store_release(member.state, std::uint32_t{DIME_MEMBER_ENDED});
      ++found;
    }
  }
  return found;
}

// Several may end at the same time, and all are alive while they look. Each says that it ends
// before it looks, so the last to say so sees nobody who will look again.
void Membership::remove_if_last() const {
  atomic::store(member_->ending, std::uint64_t{1});
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  reap();
  for (const dime_member& member : control_->members) {
    if (&member != member_ && member_levels::counts(atomic::load(member.state)) &&
        atomic::load(member.ending) == 0) {
      return;
    }
  }
  const bool awaited =
      control_->owner_pid != 0 &&
      may_run(control_->owner_pid, control_->owner_start_time, control_->owner_namespaces);
  if (!awaited && control_->keep == 0) {
    system_call(__NR_unlink, path_);
    remove_beside(kPolicyFile);
    remove_beside(kPrefetcherFile);
  }
}

/// Removes the instance's file of this kind, if there is one.
void Membership::remove_beside(const char* kind) const {
  char path[kBesideBytes] = {};
  if (name_beside(path, kind, instance_name())) {
    system_call(__NR_unlink, path);
  }
}

unsigned Membership::id_in_path() const {
  unsigned at = 0;
  for (unsigned i = 0; path_[i] != '\0'; ++i) {
    at = path_[i] == '-' ? i + 1 : at;
  }
  return at;
}

/// Writes the path of dime-UID-KIND-NAME. False for a name with a slash.
bool Membership::name_beside(char* path, const char* kind, const char* name) const {
  unsigned end = id_in_path();
  __builtin_memcpy(path, path_, end);
  for (const char* c = kind; *c != '\0'; ++c) {
    path[end++] = *c;
  }
  for (unsigned i = 0; i < DIME_NAME_BYTES && name[i] != '\0'; ++i) {
    if (name[i] == '/') {
      return false;
    }
    path[end++] = name[i];
  }
  path[end] = '\0';
  return true;
}

long Membership::open_beside(const char* kind, const char* name, long access, std::uint64_t least,
                             std::uint64_t most, struct stat& about) const {
  char path[kBesideBytes] = {};
  if (!name_beside(path, kind, name)) {
    return -ENOENT;  // of a private block, which has no folder
  }
  return open_own_file(path, access, owner_, least, most, about);
}

long Membership::map_beside(const char* kind, const char* name, std::uint64_t bytes) const {
  struct stat about {};
  const long fd = open_beside(kind, name, O_RDWR, bytes, bytes, about);
  if (failed(fd)) {
    return fd;
  }
  const long at = system_call(__NR_mmap, 0L, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L);
  system_call(__NR_close, fd);
  return at;
}

dime_link* Membership::named_link(const char* name) const {
  const long at = map_beside("link-", name, sizeof(dime_link));
  auto* const link = reinterpret_cast<dime_link*>(at);
  return failed(at) || link->magic != DIME_LINK_MAGIC || link->abi_version != DIME_ABI_VERSION
             ? nullptr
             : link;
}

void Membership::map_events() {
  const long at = map_beside("events-", instance_name(), sizeof(dime_events));
  if (failed(at)) {
    return;
  }
  // One that was left behind is of another instance, which had the same id.
  auto* const events = reinterpret_cast<dime_events*>(at);
  if (events->magic != DIME_EVENTS_MAGIC || events->version != DIME_EVENTS_VERSION ||
      events->created_ns != control_->created_ns) {
    system_call(__NR_munmap, at, sizeof(dime_events));
    return;
  }
  events_ = events;
}

void Membership::note_problem(const char* text) const {
  if (control_->last_problem[0] != '\0') {
    return;
  }
  for (unsigned i = 0; i + 1 < sizeof(control_->last_problem) && text[i] != '\0'; ++i) {
    control_->last_problem[i] = text[i];
  }
}

}  // namespace dime::agent
