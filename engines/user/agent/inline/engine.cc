// SPDX-License-Identifier: GPL-2.0
// Life of the inline path. A forked child has a copy of everything, its parent's page records and
// remote pages included, so it goes on with that: descriptors, member slot and maintenance thread
// of its own are all that it lacks.
//
// A process that is let go keeps its handlers and the hook (let_go_calls.cc): a thread may be on
// its way to one of them at any time, and nobody can tell when the last one has passed.
#include "engines/user/agent/inline/engine.h"

#include <new>

#include "core/atomic.h"
#include "engines/user/agent/inline/calls.h"
#include "engines/user/agent/inline/maintenance.h"
#include "engines/user/agent/inline/own_descriptors.h"
#include "engines/user/agent/inline/signal_frame.h"
#include "engines/user/agent/inline/signals.h"
#include "engines/user/agent/mappings.h"

namespace dime::agent::inline_engine {
namespace {

constexpr std::uint64_t kMainStack = 8 << 20;

Host host;
InlinePath* path = nullptr;
std::uint8_t dispatch = 0;  ///< 1: system calls outside patch::raw_code() are signals
bool is_running = false;

void follow_management() {
  atomic::store(dispatch, static_cast<std::uint8_t>(path->manages() ? 1 : 0));
}

/// Everything is at home, and the process runs as it would natively from here on.
void come_home_for_good() {
  const InlinePath::Exclusive alone(*path);
  path->come_home();
  path->retire();
  atomic::store(dispatch, std::uint8_t{0});
  signals::let_go();
}

/// In the maintenance thread, or where there is none.
void detach() {
  Membership& membership = *host.membership;
  atomic::store_release(membership.member().state, std::uint32_t{DIME_MEMBER_LEAVING});
  atomic::store_release(*host.left, 1u);
  is_running = false;
  come_home_for_good();
  own_descriptors::abandon();
  path->manager().stop();
  membership.leave(DIME_MEMBER_DETACHED);
}

long start_maintenance() {
  const long started = maintenance::start();
  if (!failed(started)) {
    atomic::store_release(host.membership->member().state, std::uint32_t{DIME_MEMBER_ACTIVE});
  }
  return started;
}

Site site_of(const std::uint64_t* registers) {
  return {registers[signals::kRip], registers[signals::kRbp], registers[signals::kRsp]};
}

/// Where the program faults. The agent's own code does so in a system call of the program's, or on
/// its way there on a stack that is managed.
Site site_of_fault(Thread& thread, const signals::Context& interrupted) {
  const Site site = site_of(interrupted.registers);
  if (host.image.contains(site.pc) && thread.site.pc != 0) {
    return thread.site;
  }
  if (thread.readable.empty() && thread.stack.contains(site.stack_pointer)) {
    thread.readable = readable_stack(site.stack_pointer, thread.pointer).intersection(thread.stack);
  }
  return site;
}

void arm() {
  constexpr long kSetDispatch = 59;  // PR_SET_SYSCALL_USER_DISPATCH
  const AddressRange allowed = patch::raw_code();
  system_call(__NR_prctl, kSetDispatch, 1L, allowed.begin, allowed.bytes(), &dispatch);
}

/// A thread that the C library did not begin, or is still beginning: nobody has seen it so far. It
/// gets no alternate stack here, because the kernel would take that back at the end of the handler;
/// its own is not managed.
void meet(Thread& thread) {
  if (!thread.prepared && !thread.met && !Threads::is_shared(thread)) {
    thread.met = true;
    arm();
  }
}

/// A fault where nothing is managed any more may have been raised while something was: then it does
/// not come again.
bool may_have_passed(Thread& thread, std::uint64_t address) {
  const bool again = thread.retried == address;
  thread.retried = again ? 0 : address;
  return !again;
}

bool on_fault(std::uint64_t address, bool writes, const signals::Context& interrupted) {
  Thread& thread = path->threads().current();
  if (path->manager().retired() || !path->managed().contains(address)) {
    return may_have_passed(thread, address);
  }
  meet(thread);
  if (!path->wants_stacks()) {
    path->fault(address, writes, thread, &interrupted.mask);
  } else {
    const AtSite at(&thread, site_of_fault(thread, interrupted));
    path->fault(address, writes, thread, &interrupted.mask);
  }
  maintenance::attend();
  return true;
}

// Flags of clone and clone3.
constexpr std::uint64_t kSharesMemory = 0x100;
constexpr std::uint64_t kSharesDescriptors = 0x400;
constexpr std::uint64_t kSetsThreadPointer = 0x80000;
constexpr std::uint64_t kDefaultHandlers = std::uint64_t{1} << 32;  // CLONE_CLEAR_SIGHAND

struct CloneArguments {
  std::uint64_t flags, pidfd, child, parent, exit_signal, stack, stack_bytes, thread_pointer;
  std::uint64_t rest[24];  // of this kernel's interface, and of later ones'
};

/// What clone3() was given, or why the kernel would refuse it.
long read_clone3(Thread& thread, const long (&arguments)[6], CloneArguments& given) {
  constexpr std::uint64_t kFirstVersion = 64;
  const auto bytes = static_cast<std::uint64_t>(arguments[1]);
  if (bytes < kFirstVersion || bytes > sizeof(given)) {
    return bytes < kFirstVersion ? -EINVAL : -E2BIG;
  }
  return calls::read_program(*path, thread, static_cast<std::uint64_t>(arguments[0]), &given, bytes)
             ? 0
             : -EFAULT;
}

/// The child of a clone() begins on a stack that ends at `top`, of a size that is not told. More
/// than this is not used in what programs do there.
AddressRange stack_below(std::uint64_t top) {
  constexpr std::uint64_t kUsual = std::uint64_t{1} << 20;
  const AddressRange around = path->managed().around(top - 1);
  return around.intersection({top - kUsual, top});
}

/// What lies around the thread pointer, which handlers and the kernel use: its TLS in front, which
/// begins where the stack ends, if that is near, and the beginning of the C library's record of the
/// thread behind it.
AddressRange around_thread_pointer(std::uint64_t pointer, std::uint64_t stack_top) {
  constexpr std::uint64_t kMostTls = std::uint64_t{1} << 20;
  constexpr std::uint64_t kRecord = 1024;  // with the word that is cleared and the robust list
  const bool near = stack_top <= pointer && pointer - stack_top < kMostTls;
  return {near ? stack_top : pointer - kPageBytes, pointer + kRecord};
}

void keep_local(AddressRange range) {
  range = range.whole_pages();
  if (!range.empty() && path->managed().intersects(range)) {
    const InlinePath::Exclusive alone(*path);
    path->unmanage(range);
  }
}

/// A child or thread begins on a stack of the program's own making. It has no alternate stack yet,
/// so its stack must not be managed.
void prepare_stack(std::uint64_t flags, AddressRange stack, std::uint64_t thread_pointer) {
  keep_local(stack);
  if ((flags & kSetsThreadPointer) != 0) {
    keep_local(around_thread_pointer(thread_pointer, stack.end));
  }
}

void prepare_stack(const CloneArguments& given) {
  const AddressRange stack{given.stack, given.stack + given.stack_bytes};
  prepare_stack(given.flags, given.stack == 0 ? AddressRange{} : stack, given.thread_pointer);
}

bool before_raw(long number, const long (&arguments)[6]) {
  constexpr long kClone = 56;
  constexpr long kClone3 = 435;
  if (number == kClone) {
    const auto top = static_cast<std::uint64_t>(arguments[1]);
    const bool managed = top != 0 && path->managed().contains(top - 1);
    prepare_stack(static_cast<std::uint64_t>(arguments[0]),
                  managed ? stack_below(top) : AddressRange{top, top},
                  static_cast<std::uint64_t>(arguments[4]));
    return true;
  }
  if (number != kClone3) {
    return true;
  }
  CloneArguments given{};
  if (failed(read_clone3(path->threads().current(), arguments, given)) ||
      (given.flags & kSharesMemory) == 0) {
    return false;
  }
  prepare_stack(given);
  return true;
}

long on_dispatched(long number, long (&arguments)[6], std::uint64_t* registers) {
  const bool wanted = path->wants_stacks();
  const AtSite at(wanted ? &path->threads().current() : nullptr, site_of(registers));
  patch::Frame frame{};
  __builtin_memcpy(frame.arguments, arguments, sizeof(arguments));
  frame.number = number;
  const long result = calls::on_call(number, &frame);
  if (frame.stack != 0) {
    registers[signals::kRsp] = frame.stack;
  }
  return result;
}

/// The first thread's stack and TLS, and what of the agent's own lies outside its image.
void leave_own_alone() {
  MappingReader reader;
  Mapping mapping{};
  Thread& thread = path->threads().current();
  while (reader.next(mapping)) {
    if (mapping.kind == DIME_KIND_STACK) {
      thread.stack = {mapping.range.end - kMainStack, mapping.range.end};
    }
    // The thread pointer's mapping: its TLS is used in handlers, and by the kernel (rseq).
    if (patch::covers(mapping.range) || mapping.range.contains(thread.pointer)) {
      path->leave_alone(mapping.range);
    }
  }
}

long start_path() {
  void* const memory = host.arena->allocate(sizeof(InlinePath));
  if (memory == nullptr) {
    return -ENOMEM;
  }
  path = ::new (memory) InlinePath(*host.arena, *host.membership);
  if (!maintenance::prepare(*host.arena, *path, detach, follow_management)) {
    return -ENOMEM;
  }
  if (const long started = path->start(*host.arena, host.image); failed(started)) {
    return started;
  }
  own_descriptors::hide(*path);
  calls::start(*path);
  patch::set_hook(calls::on_call);
  patch::set_before_raw([](long number, patch::Frame* frame) {
    static_cast<void>(before_raw(number, frame->arguments));
  });
  signals::start({on_fault, before_raw, on_dispatched}, path->threads());
  prepare_thread(path->threads().current());
  {
    const InlinePath::Exclusive alone(*path);
    leave_own_alone();
    path->manager().start_managing();
  }
  follow_management();
  return start_maintenance();
}

/// False where the child cannot become a member: it has no slot then.
bool join_in_child(Thread& thread) {
  Membership& membership = *host.membership;
  if (failed(membership.take_slot())) {
    return false;
  }
  if (!failed(path->continue_in_child(thread))) {
    own_descriptors::hide(*path);
    arm();
    follow_management();
    if (!failed(start_maintenance())) {
      return true;
    }
  }
  membership.leave(DIME_MEMBER_FREE);
  return false;
}

/// Emulates for a child that fork() has just made. Under Exclusive. A child that shares its
/// parent's descriptors cannot have the agent's, and must not close them.
void continue_in_child(Thread& thread, bool shares_descriptors) {
  Membership& membership = *host.membership;
  const bool follow =
      (atomic::load(membership.control().parameters.flags) & DIME_FOLLOW_CHILDREN) != 0;
  signals::continue_in_child(thread);
  maintenance::continue_in_child();
  atomic::store(dispatch, std::uint8_t{0});
  if (follow && !shares_descriptors && join_in_child(thread)) {
    return;
  }
  // Not followed: all of its memory comes home, and it runs as if nothing had been.
  if (follow) {
    membership.note_problem("a forked child could not become a member: its memory is all local");
  }
  atomic::store(*host.left, 1u);
  path->leave_in_child(thread, shares_descriptors);
  constexpr long kSetDispatch = 59;  // PR_SET_SYSCALL_USER_DISPATCH
  system_call(__NR_prctl, kSetDispatch, 0L, 0L, 0L, 0L);
  patch::set_hook(nullptr);
}

/// A child that copies the memory: the kernel is asked with `wanted`, the program has asked with
/// `arguments`. `flags` are the program's.
long make_child(Thread& thread, long number, const long (&arguments)[6],
                const calls::Arguments& wanted, std::uint64_t flags, patch::Frame& frame) {
  const calls::PinnedBuffers pinned(*path, thread, number, arguments);
  const InlinePath::Exclusive alone(*path);
  const long child = calls::raw(number, wanted);
  if (child != 0) {
    frame.stack = 0;
    return child;
  }
  continue_in_child(thread, (flags & kSharesDescriptors) != 0);
  if ((flags & kDefaultHandlers) != 0) {
    signals::forget_handlers();
  }
  return 0;
}

}  // namespace

long patch_libraries(const dime_control& control) {
  long result = -ENOENT;
  for (const auto& table : control.site_tables) {
    if (table[0] == '\0' || table[DIME_PATH_BYTES - 1] != '\0') {
      continue;
    }
    result = patch::apply(table);
    if (failed(result)) {
      patch::remove(/*only_thread=*/true);
      return result;
    }
  }
  return result;
}

long start(const Host& with) {
  host = with;
  const long started = start_path();
  is_running = !failed(started);
  if (!is_running) {
    patch::set_hook(nullptr);
    patch::remove(/*only_thread=*/true);
  }
  return is_running ? 0 : started;
}

bool running() {
  return is_running;
}

void let_go(const char* why) {
  maintenance::end();
  come_home_for_good();
  path->manager().stop();
  host.membership->note_problem(why);
}

void end() {
  if (path->manager().retired()) {
    // The program's filter may not allow what looking takes. `dime run` sees this.
    atomic::store(host.membership->member().ending, std::uint64_t{1});
    return;
  }
  path->count_pages();
  host.membership->remove_if_last();
}

int place(AddressRange range, unsigned tier) {
  const InlinePath::Exclusive alone(*path);
  return path->place(range, tier);
}

void named(AddressRange range, const char* name) {
  const InlinePath::Exclusive alone(*path);
  path->named(range, name);
}

void mark(const char* name) {
  const InlinePath::Exclusive alone(*path);
  path->mark(name);
}

void prepare_thread(Thread& thread) {
  if (thread.prepared) {
    return;
  }
  thread.prepared = true;
  const auto here = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
  if (path->manager().retired()) {
    return;
  }
  {
    const InlinePath::Exclusive alone(*path);
    signals::prepare(thread);
    path->leave_alone(thread.signal_stack);
    const AddressRange around = path->excluded().around(here);
    if (!around.empty()) {
      thread.stack = around;
    }
  }
  arm();
}

long fork_natively(long number, const long (&arguments)[6], patch::Frame& frame) {
  calls::Arguments wanted;
  __builtin_memcpy(wanted, arguments, sizeof(wanted));
  if (number == __NR_clone && wanted[1] != 0) {
    frame.stack = static_cast<std::uint64_t>(wanted[1]);
    wanted[1] = 0;
  }
  const long child = calls::raw(number, wanted);
  if (child != 0) {
    frame.stack = 0;
  } else if (is_running) {
    atomic::store(*host.left, 1u);
  }
  return child;
}

long fork(Thread& thread, long number, const long (&arguments)[6], patch::Frame& frame) {
  calls::Arguments wanted;
  __builtin_memcpy(wanted, arguments, sizeof(wanted));
  const std::uint64_t flags = number == __NR_clone ? static_cast<std::uint64_t>(wanted[0]) : 0;
  if (number == __NR_clone && wanted[1] != 0) {
    frame.stack = static_cast<std::uint64_t>(wanted[1]);
    wanted[1] = 0;
  }
  return make_child(thread, number, arguments, wanted, flags, frame);
}

long clone3(Thread& thread, long number, const long (&arguments)[6], patch::Frame& frame) {
  CloneArguments given{};
  if (const long read = read_clone3(thread, arguments, given); failed(read)) {
    return read;
  }
  if ((given.flags & kSharesMemory) != 0) {
    prepare_stack(given);
    frame.stack = patch::kRunRaw;
    return 0;
  }
  const std::uint64_t flags = given.flags;
  if (given.stack != 0) {
    frame.stack = given.stack + given.stack_bytes;
    given.stack = given.stack_bytes = 0;
  }
  given.flags &= ~kDefaultHandlers;
  calls::Arguments wanted;
  __builtin_memcpy(wanted, arguments, sizeof(wanted));
  wanted[0] = reinterpret_cast<long>(&given);
  return make_child(thread, number, arguments, wanted, flags, frame);
}

}  // namespace dime::agent::inline_engine
