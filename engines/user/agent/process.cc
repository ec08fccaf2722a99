// SPDX-License-Identifier: GPL-2.0
// Life of the agent in a process: start (preloaded or injected), fork, exec, end.
//
// Everything that the handler's thread uses lies in the arena, which a child does not get. What is
// here is the little that outlives a fork: which instance, which agent file, whether children are
// followed. It is written before the handler runs and by the thread that forks, never by the
// handler.
#include "engines/user/agent/process.h"

#include <linux/mman.h>

#include <new>

#include "core/atomic.h"
#include "core/placement.h"
#include "dime/call.h"
#include "engines/user/agent/clock.h"
#include "engines/user/agent/entry.h"
#include "engines/user/agent/environment.h"
#include "engines/user/agent/handler.h"
#include "engines/user/agent/hooks.h"
#include "engines/user/agent/inline/engine.h"
#include "engines/user/agent/mappings.h"
#include "engines/user/agent/own_thread.h"
#include "engines/user/agent/process_stat.h"
#include "engines/user/agent/program_memory.h"

extern "C" {
// Of the target's C library and loader; null where absent.
__attribute__((weak)) int __register_atfork(void (*)(), void (*)(), void (*)(), void*);  // NOLINT
__attribute__((weak)) const char* gnu_get_libc_version();
__attribute__((weak)) extern const long __rseq_offset;        // NOLINT
__attribute__((weak)) extern const unsigned int __rseq_size;  // NOLINT
// Bounds of the agent's own image, from the linker.
__attribute__((visibility("hidden"))) extern const char __ehdr_start[];  // NOLINT
__attribute__((visibility("hidden"))) extern const char _end[];          // NOLINT
}

namespace dime::agent::process {
namespace {

constexpr std::uint64_t kHeapBytes = std::uint64_t{4} << 30;
constexpr std::uint64_t kStackBytes = 256 << 10;
constexpr unsigned kPathBytes = 256;

Arena arena;
Membership membership;
Mailbox mailbox;
HandlerStart handler_start;
std::uint32_t left = 1;  // 1: not a member (any more); the hooks do nothing
bool follow = false;
bool fork_events = false;
bool follows_nobody = false;
std::uint32_t* not_in_children = nullptr;  ///< thread path: 1, and 0 in forked children
bool comes_home = false;  ///< of the fork that is being made; the C library makes one at a time
// Memory that the program wants wiped in children. One behind is empty.
constexpr unsigned kMostLocal = 64;
AddressRange local[kMostLocal + 1];
std::uint32_t local_count = 0;
char agent_path[kPathBytes];

std::uint64_t memory_of_machine() {
  struct {
    long uptime;
    unsigned long loads[3], total, rest[7];
    unsigned short processes, padding;
    unsigned long high_total, high_free;
    unsigned int unit;
    char tail[16];
  } info{};
  system_call(__NR_sysinfo, &info);
  return info.total * (info.unit == 0 ? 1 : info.unit);
}

/// Twice the memory: half of it is for single pages, half for pages that go together.
std::uint64_t shadow_bytes() {
  return 2 * (memory_of_machine() & ~(kPageBytes - 1));
}

int handler_main(void* memory) {
  auto* const handler = ::new (memory) Handler(handler_start);
  return handler->run();
}

AddressRange image() {
  return {reinterpret_cast<std::uint64_t>(__ehdr_start), reinterpret_cast<std::uint64_t>(_end)};
}

AddressRange mapping_of(std::uint64_t address) {
  MappingReader reader;
  Mapping mapping{};
  while (reader.next(mapping)) {
    if (mapping.range.contains(address)) {
      return mapping.range;
    }
  }
  return {};
}

/// Arena, slot and handler for this process. 0 or a negative errno, and then nothing is left
/// behind.
long begin(bool inherited) {
  if (const long made = arena.create(kHeapBytes, shadow_bytes(), /*for_children=*/false);
      failed(made)) {
    return made;
  }
  if (const long taken = membership.take_slot(); failed(taken)) {
    arena.destroy();
    return taken;
  }
  void* const stack = arena.allocate(kStackBytes);
  void* const memory = arena.allocate(sizeof(Handler));
  const auto box = reinterpret_cast<std::uint64_t>(arena.allocate(Mailbox::kPages * kPageBytes));
  mailbox.open({box, box + Mailbox::kPages * kPageBytes});
  std::uint64_t thread_area = 0;
  __asm__("mov %%fs:0, %0" : "=r"(thread_area));
  const auto thread = static_cast<std::uint32_t>(system_call(__NR_gettid));
  const bool main_thread = thread == static_cast<std::uint32_t>(system_call(__NR_getpid));
  const bool rseq =
      main_thread && &__rseq_offset != nullptr && &__rseq_size != nullptr && __rseq_size != 0;
  handler_start = {&arena,
                   &membership,
                   &mailbox,
                   image(),
                   rseq ? mapping_of(thread_area) : AddressRange{},
                   rseq ? thread_area + static_cast<std::uint64_t>(__rseq_offset) : 0,
                   thread,
                   inherited,
                   /*ready=*/0,
                   /*result=*/0,
                   /*fork_events=*/false,
                   local,
                   &left};
  long result = 0;
  {
    const SignalsBlocked blocked;
    result = own_thread::start(reinterpret_cast<std::uint64_t>(stack) + kStackBytes, handler_main,
                               memory);
    while (!failed(result) && atomic::load_acquire(handler_start.ready) == 0) {
      system_call(__NR_futex, &handler_start.ready, /*FUTEX_WAIT_PRIVATE=*/128L, 0L, 0L);
    }
  }
  result = failed(result) ? result : handler_start.result;
  if (failed(result)) {
    mailbox.close();
    membership.member().attach_error = static_cast<std::uint64_t>(-result);
    membership.leave(DIME_MEMBER_FREE);
    return result;
  }
  fork_events = handler_start.fork_events;
  if (not_in_children != nullptr) {
    atomic::store(*not_in_children, 1u);
  }
  atomic::add(membership.control().counters.thread_path_members, std::uint64_t{1});
  atomic::store_release(left, 0u);
  return 0;
}

/// The same with the inline path. -EOPNOTSUPP where it was not asked for.
long begin_inline() {
  if (membership.control().fault_path != DIME_FAULT_PATH_INLINE) {
    return -EOPNOTSUPP;
  }
  if (const long patched = inline_engine::patch_libraries(membership.control()); failed(patched)) {
    return patched;
  }
  if (const long made = arena.create(kHeapBytes, shadow_bytes(), /*for_children=*/true);
      failed(made)) {
    patch::remove(/*only_thread=*/true);
    return made;
  }
  long result = membership.take_slot();
  if (!failed(result)) {
    result = inline_engine::start({&arena, &membership, image(), &left});
    if (failed(result)) {
      membership.leave(DIME_MEMBER_FREE);
    }
  }
  if (failed(result)) {
    arena.destroy();
    return result;
  }
  atomic::store_release(left, 0u);
  return 0;
}

bool is_pid_of_member() {
  return membership.member().pid == static_cast<std::uint32_t>(system_call(__NR_getpid));
}

/// A word that is 1 here and 0 in every copy that a fork makes, also by a raw system call. A
/// program may filter its system calls, so the number of the process is not always to be had.
void map_word_of_process() {
  constexpr long kWipeOnFork = 18;  // MADV_WIPEONFORK
  const long at = system_call(__NR_mmap, 0L, kPageBytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1L, 0L);
  if (failed(at)) {
    return;
  }
  if (failed(system_call(__NR_madvise, at, kPageBytes, kWipeOnFork))) {
    system_call(__NR_munmap, at, kPageBytes);
    return;
  }
  not_in_children = reinterpret_cast<std::uint32_t*>(at);
  const auto begin = static_cast<std::uint64_t>(at);
  local[local_count++] = {begin, begin + kPageBytes};
}

/// The handler is told of a fork by a descriptor, for which there must be room below the limit.
bool has_descriptors() {
  constexpr long kDescriptors = 7;  // RLIMIT_NOFILE
  constexpr std::uint64_t kEnough = 16;
  struct {
    std::uint64_t current, most;
  } limit{};
  return failed(system_call(__NR_prlimit64, 0L, kDescriptors, 0L, &limit)) ||
         limit.current >= kEnough;
}

void before_fork() {
  const bool told = fork_events && has_descriptors();
  comes_home = atomic::load(left) == 0 && !told;
  if (comes_home) {
    mailbox.send({fork_events ? RequestKind::kLetGo : RequestKind::kComeHome, 0, 0});
  }
}

void after_fork_in_parent() {
  if (comes_home) {
    mailbox.send({RequestKind::kForkDone, 0, 0});
  }
}

void after_fork_in_child() {
  const bool was_member = atomic::load(left) == 0;
  mailbox.close();
  left = 1;
  follow = was_member && follow &&
           (atomic::load(membership.control().parameters.flags) & DIME_FOLLOW_CHILDREN) != 0;
  if (follow && failed(begin(/*inherited=*/true))) {
    membership.note_problem("a forked child could not become a member");
    follow = false;
  }
}

}  // namespace

bool is_member() {
  if (atomic::load(left) != 0) {
    return false;
  }
  if (not_in_children != nullptr) {
    return atomic::load(*not_in_children) != 0;
  }
  return follows_nobody || is_pid_of_member();
}

namespace {

/// Begins on the inline path where the agent is `preloaded` and the kernel allows it, and on the
/// thread path otherwise.
long begin_on_a_path(bool preloaded) {
  const long inlined = preloaded ? begin_inline() : -EOPNOTSUPP;
  if (!failed(inlined)) {
    return 0;
  }
  if (membership.control().mechanism == DIME_MECHANISM_COPY) {
    // A handler that drops pages would wait for itself, and could not tell which are in use.
    membership.note_problem(
        "the mechanism copy needs the inline fault path, which cannot start here");
    return inlined;
  }
  if (inlined != -EOPNOTSUPP) {
    membership.note_problem("the inline fault path could not start here; the thread path serves");
  }
  hooks::install();
  if (not_in_children == nullptr) {
    map_word_of_process();
  }
  // ps and others read these by way of the kernel, which cannot wait for a page.
  if (const AddressRange arguments = own_process_stat().arguments; !arguments.empty()) {
    local[local_count++] = arguments.whole_pages();
  }
  if (const long begun = begin(/*inherited=*/false); failed(begun)) {
    hooks::remove();
    return begun;
  }
  if (__register_atfork != nullptr) {
    __register_atfork(before_fork, after_fork_in_parent, after_fork_in_child, nullptr);
  }
  return 0;
}

}  // namespace

long start(const char* control_path, const char* path, bool preloaded) {
  clock::prepare();
  if (const long mapped = membership.map(control_path); failed(mapped)) {
    return mapped;
  }
  environment::append(agent_path, agent_path + sizeof(agent_path), path);
  follow = true;
  const long begun = begin_on_a_path(preloaded);
  if (failed(begun)) {
    if (preloaded) {
      note_not_followed();
    }
    membership.unmap();
    left = 1;
    follow = false;
  }
  return begun;
}

AddressRange own_memory() {
  return arena.all();
}

void end(Ending how) {
  if (!is_member() || atomic::load(membership.member().ending) != 0) {
    return;
  }
  // A child of vfork() has this process's memory, and ends by _exit() only.
  if (how == Ending::kAtOnce && not_in_children != nullptr && !is_pid_of_member()) {
    return;
  }
  if (inline_engine::running()) {
    inline_engine::end();
  } else {
    mailbox.send({RequestKind::kLeave, 0, 0});
  }
}

void on_mapped(AddressRange range, bool writable, bool stack) {
  if (is_member()) {
    mailbox.send({.kind = writable ? RequestKind::kMappedWritable : RequestKind::kMapped,
                  .begin = range.begin,
                  .end = range.end,
                  .stack = stack});
  }
}

void on_heap_grown(AddressRange range) {
  if (is_member()) {
    mailbox.send({RequestKind::kHeapGrown, range.begin, range.end});
  }
}

void on_dropped(AddressRange range) {
  if (is_member()) {
    mailbox.send({RequestKind::kDropped, range.begin, range.end});
  }
}

void on_advised(AddressRange range, Advice effect) {
  if (effect == Advice::kGuards) {
    on_dropped(range);
  } else if (effect == Advice::kWipes && is_member()) {
    mailbox.send({RequestKind::kStayLocal, range.begin, range.end});
    const std::uint32_t place = atomic::add(local_count, 1u) - 1;
    if (place < kMostLocal) {
      local[place] = range;
    } else {
      membership.note_problem("more ranges are to be wiped in children than can be remembered");
    }
  }
}

void on_named(AddressRange range, const char* name) {
  if (!is_member() || range.empty() || range.end > kAddressSpaceEnd) {
    return;
  }
  Request request{RequestKind::kNamed, range.begin, range.end};
  // A kernel without names does not look at the pointer: it may be any.
  struct {
    char* text;
    std::uint64_t bytes;
  } to{request.name, sizeof request.name - 1}, from{const_cast<char*>(name), to.bytes};
  system_call(__NR_process_vm_readv, system_call(__NR_getpid), &to, 1L, &from, 1L, 0L);
  if (inline_engine::running()) {
    inline_engine::named(range, request.name);
  } else {
    mailbox.send(request);
  }
}

int on_call(std::uint64_t operation, std::uint64_t address, std::uint64_t bytes, const char* name) {
  if (!is_member()) {
    return 0;
  }
  Request request{RequestKind::kMark, address, address + bytes};
  // A copy: the handler must not touch memory of the program's, which may be remote.
  TextWriter(request.name, sizeof request.name).put(Text(name));
  if (operation == DIME_CALL_PLACE) {
    request.kind = RequestKind::kPlace;
    request.tier = placement::find_tier(membership.control().placement, Text(name));
    const bool usable = request.tier < DIME_MAX_TIERS && *name != '\0';
    if (!usable || bytes == 0 || address + bytes < address || address + bytes > kAddressSpaceEnd) {
      return usable ? EINVAL : ENOENT;
    }
  } else if (operation != DIME_CALL_MARK) {
    return EINVAL;
  }
  if (!inline_engine::running()) {
    return mailbox.send(request);
  }
  if (request.kind == RequestKind::kPlace) {
    return inline_engine::place({request.begin, request.end}, request.tier);
  }
  inline_engine::mark(request.name);
  return 0;
}

bool follows() {
  const std::uint32_t flags = membership.mapped() ? membership.control().parameters.flags : 0;
  return follow && !follows_nobody && atomic::load(left) == 0 &&
         (is_member() || (flags & DIME_FOLLOW_CHILDREN) != 0);
}

void follow_nobody() {
  follows_nobody = true;
  program_memory::ask_no_more();
}

bool counts_started_programs() {
  return atomic::load(left) == 0 && (follows_nobody || follows());
}

void note_not_followed() {
  atomic::add(membership.control().counters.not_followed, std::uint64_t{1});
}

const char* agent_file() {
  return agent_path;
}
const char* control_file() {
  return membership.path();
}

}  // namespace dime::agent::process

using namespace dime::agent;  // NOLINT(google-build-using-namespace): the C entry points of this
                              // file

extern "C" __attribute__((visibility("default"))) int dime_agent_start(const char* control_path,
                                                                       const char* path) {
  return static_cast<int>(process::start(control_path, path, /*preloaded=*/false));
}

namespace {

__attribute__((constructor)) void preloaded(int /*count*/, char** /*arguments*/,
                                            char** environment) {
  // Other C libraries (musl) hand nothing over to constructors.
  if (gnu_get_libc_version == nullptr) {
    return;
  }
  char* control = nullptr;
  const char* preload = nullptr;
  for (char** variable = environment; variable != nullptr && *variable != nullptr; ++variable) {
    if (char* const found = environment::value_of(*variable, DIME_ENV_CONTROL)) {
      control = found;
    } else if (const char* const list = environment::value_of(*variable, "LD_PRELOAD")) {
      preload = list;
    }
  }
  if (control == nullptr || preload == nullptr) {
    return;
  }
  char path[256];
  environment::find_agent(preload, path, sizeof(path));
  const bool required = environment::take_required(control);
  if (failed(process::start(control, path, /*preloaded=*/true)) && required) {
    system_call(__NR_exit_group, DIME_STATUS_NOT_STARTED);
  }
}

__attribute__((destructor)) void ended() {
  process::end(process::Ending::kOrderly);
}

}  // namespace
