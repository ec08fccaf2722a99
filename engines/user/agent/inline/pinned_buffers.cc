// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/inline/pinned_buffers.h"

#include "core/atomic.h"
#include "engines/user/agent/inline/buffers.h"
#include "engines/user/agent/program_memory.h"

namespace dime::agent::calls {
namespace {

struct Reading {
  InlinePath& path;
  Thread& thread;
};

bool reader(void* context, std::uint64_t address, void* to, std::uint64_t bytes) {
  const auto& reading = *static_cast<const Reading*>(context);
  return read_program(reading.path, reading.thread, address, to, bytes);
}

std::uint64_t stack_pointer() {
  return reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
}

/// Where a stack pointer lies: signal handlers run on another stack than what they interrupt.
enum class Stack : std::uint8_t { kThread, kSignals, kAgents, kUnknown };

Stack stack_of(const Thread& thread, std::uint64_t pointer) {
  if (thread.stack.contains(pointer)) {
    return Stack::kThread;
  }
  if (thread.program_signal_stack.contains(pointer)) {
    return Stack::kSignals;
  }
  return thread.signal_stack.contains(pointer) ? Stack::kAgents : Stack::kUnknown;
}

/// With the caller at `here`, a call at `level` is over: a longjmp has left it, or a child of
/// vfork() made it on a stack of its own.
bool is_over(const Thread& thread, std::uint64_t level, std::uint64_t here) {
  const Stack stack = stack_of(thread, level);
  const Stack now = stack_of(thread, here);
  return stack == now ? level <= here : stack == Stack::kUnknown && now == Stack::kThread;
}

/// On the used part of the thread's stack, which is not managed.
bool on_stack(const Thread& thread, std::uint64_t address, std::uint64_t bytes) {
  const std::uint64_t here = stack_pointer();
  return thread.stack.contains(here) && address >= here && address <= thread.stack.end &&
         bytes <= thread.stack.end - address;
}

struct Piece {
  std::uint64_t address;
  std::uint64_t bytes;
};

/// Copies within the process, by the kernel: a bad pointer is an answer, not a signal.
bool copy(long number, std::uint64_t ours, std::uint64_t address, std::uint64_t bytes) {
  const Piece local{ours, bytes};
  const Piece remote{address, bytes};
  // A program that filters its system calls may not allow this one.
  const long copied = !program_memory::asks() ? -EPERM
                                              : system_call(number, system_call(__NR_getpid),
                                                            &local, 1L, &remote, 1L, 0L);
  if (copied == -ENOSYS || copied == -EPERM) {
    const bool reads = number == __NR_process_vm_readv;
    __builtin_memcpy(reinterpret_cast<void*>(reads ? ours : address),
                     reinterpret_cast<const void*>(reads ? address : ours), bytes);
    return true;
  }
  return copied == static_cast<long>(bytes);
}

}  // namespace

bool read_program(InlinePath& path, Thread& thread, std::uint64_t address, void* to,
                  std::uint64_t bytes) {
  if (on_stack(thread, address, bytes)) {
    __builtin_memcpy(to, reinterpret_cast<const void*>(address), bytes);
    return true;
  }
  path.make_resident({address, address + bytes}, thread);
  return copy(__NR_process_vm_readv, reinterpret_cast<std::uint64_t>(to), address, bytes);
}

bool write_program(InlinePath& path, Thread& thread, std::uint64_t address, const void* from,
                   std::uint64_t bytes) {
  if (on_stack(thread, address, bytes)) {
    __builtin_memcpy(reinterpret_cast<void*>(address), from, bytes);
    return true;
  }
  path.make_resident({address, address + bytes}, thread);
  return copy(__NR_process_vm_writev, reinterpret_cast<std::uint64_t>(from), address, bytes);
}

PinnedBuffers::PinnedBuffers(InlinePath& path, Thread& thread)
    : path_(path), thread_(thread), first_(thread.pinned_count), pinned_all_(thread.pins_all) {
  const std::uint64_t here = stack_pointer();
  while (thread.depth != 0) {
    const std::uint32_t last = (thread.depth < Thread::kDepth ? thread.depth : Thread::kDepth) - 1;
    const std::uint64_t level = thread.level_stack[last];
    if (!is_over(thread, level, here)) {
      break;
    }
    thread.depth = last;
    first_ = thread.level_before[last];
    pinned_all_ = false;
  }
  atomic::store(thread.pinned_count, first_);
  thread.pins_all = pinned_all_;
  if (thread.depth < Thread::kDepth) {
    thread.level_stack[thread.depth] = here;
    thread.level_before[thread.depth] = first_;
  }
  ++thread.depth;
}

PinnedBuffers::PinnedBuffers(InlinePath& path, Thread& thread, long number,
                             const Arguments& arguments)
    : PinnedBuffers(path, thread) {
  add_buffers(number, arguments);
  fetch_pinned();
}

PinnedBuffers::PinnedBuffers(InlinePath& path, Thread& thread, AddressRange range)
    : PinnedBuffers(path, thread) {
  hold(range);
}

void PinnedBuffers::hold(AddressRange range) {
  add(range);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  path_.make_resident(range, thread_);
}

void PinnedBuffers::hold_stack(std::uint64_t top, std::uint64_t touched) {
  constexpr std::uint64_t kHeldBytes = std::uint64_t{32} << 10;
  const std::uint64_t here = stack_pointer();
  add({here - kHeldBytes, top});
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  for (std::uint64_t at = top - 1; at > here - touched; at -= kPageBytes) {
    Backoff backoff;
    while (!path_.is_resident(at)) {
      __asm__ volatile("testb $0, (%0)" : : "r"(at) : "cc", "memory");
      backoff.pause();
    }
  }
}

PinnedBuffers::~PinnedBuffers() {
  atomic::store_release(thread_.pinned_count, first_);
  thread_.pins_all = pinned_all_;
  thread_.depth = thread_.depth == 0 ? 0 : thread_.depth - 1;
}

void PinnedBuffers::add(AddressRange range) {
  if (thread_.pinned_count == Thread::kPinned) {
    thread_.pins_all = true;
    return;
  }
  thread_.pinned[thread_.pinned_count] = range.whole_pages();
  atomic::store_release(thread_.pinned_count, thread_.pinned_count + 1);
}

void PinnedBuffers::add_buffers(long number, const Arguments& arguments) {
  BufferList list;
  Reading reading{path_, thread_};
  for (bool more = true; more;) {
    collect_buffers(number, arguments, reader, &reading, list);
    for (const BufferRange& range : list) {
      if (on_stack(thread_, range.begin, range.bytes)) {
        continue;
      }
      add({range.begin, range.begin + range.bytes});
      if (thread_.pins_all) {
        path_.make_resident({range.begin, range.begin + range.bytes}, thread_);
      }
    }
    more = list.next_batch();
  }
}

void PinnedBuffers::fetch_pinned() {
  // PinnedBuffers first, looked at then: who evicts does it the other way round.
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  for (std::uint32_t i = first_; i < thread_.pinned_count; ++i) {
    path_.make_resident(thread_.pinned[i], thread_);
  }
}

long call_with_buffers_pinned(InlinePath& path, Thread& thread, long number,
                              const Arguments& arguments) {
  const PinnedBuffers pinned(path, thread, number, arguments);
  return raw(number, arguments);
}

bool is_on_unknown_stack(const Thread& thread) {
  return stack_of(thread, stack_pointer()) == Stack::kUnknown;
}

}  // namespace dime::agent::calls
