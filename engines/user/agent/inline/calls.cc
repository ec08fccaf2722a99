// SPDX-License-Identifier: GPL-2.0
// What every call goes through, and those with buffers.
#include "engines/user/agent/inline/calls.h"

#include "core/atomic.h"
#include "engines/user/agent/inline/engine.h"

namespace dime::agent::calls {
namespace {

constexpr std::uint64_t kLeastPiece = 16 * kPageBytes;
constexpr unsigned kRepeats = 4;  // of a call that met a page which had gone again

InlinePath* current_path = nullptr;

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
  const long copied =
      current_path->keeper().retired()
          ? -EPERM
          : system_call(number, system_call(__NR_getpid), &local, 1L, &remote, 1L, 0L);
  if (copied == -ENOSYS || copied == -EPERM) {
    const bool reads = number == __NR_process_vm_readv;
    __builtin_memcpy(reinterpret_cast<void*>(reads ? ours : address),
                     reinterpret_cast<const void*>(reads ? address : ours), bytes);
    return true;
  }
  return copied == static_cast<long>(bytes);
}

/// Brings what arguments point to, where nothing better is known. True if something was brought.
bool bring_arguments(InlinePath& path, Thread& thread, const Arguments& arguments) {
  bool any = false;
  for (const long argument : arguments) {
    const auto address = static_cast<std::uint64_t>(argument);
    if (address >= kPageBytes && address < kAddressSpaceEnd &&
        (!path.is_settled(address) || !path.is_settled(address + kPageBytes))) {
      path.bring({address, address + kPageBytes}, thread);
      any = true;
    }
  }
  return any;
}

/// held_raw(), and what the table does not know is met by repeating the call.
long held_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments) {
  const Held held(path, thread, number, arguments);
  long result = raw(number, arguments);
  for (unsigned i = 0; result == -EFAULT && i < kRepeats; ++i) {
    // Nested pointers that the table does not know.
    if (!bring_arguments(path, thread, arguments)) {
      break;
    }
    result = raw(number, arguments);
  }
  return result;
}

enum class Pieces : std::uint8_t { kNone, kAll, kFirst };

/// Whether a transfer on this descriptor may be made in pieces: on a file all of them; where a read
/// answers with what there is, only the first.
Pieces pieces_of(long number, long descriptor) {
  struct {
    std::uint64_t device, inode, links;
    std::uint32_t mode, rest[25];
    std::uint64_t room[8];
  } facts{};
  if (failed(system_call(__NR_fstat, descriptor, &facts))) {
    return Pieces::kNone;
  }
  constexpr std::uint32_t kTypes = 0170000;
  constexpr std::uint32_t kRegular = 0100000;
  constexpr std::uint32_t kCharacters = 0020000;
  constexpr std::uint32_t kBlocks = 0060000;
  constexpr std::uint32_t kPipe = 0010000;
  const std::uint32_t type = facts.mode & kTypes;
  if (type == kRegular || type == kBlocks || type == kCharacters) {
    return Pieces::kAll;
  }
  if (type == kPipe) {
    return number == __NR_write ? Pieces::kAll : Pieces::kFirst;
  }
  long kind = 0;
  std::uint32_t bytes = 4;
  constexpr long kSocketLevel = 1;
  constexpr long kSocketType = 3;
  constexpr long kStream = 1;
  if (failed(system_call(__NR_getsockopt, descriptor, kSocketLevel, kSocketType, &kind, &bytes)) ||
      kind != kStream) {
    return Pieces::kNone;
  }
  return number == __NR_write || number == __NR_sendto ? Pieces::kAll : Pieces::kFirst;
}

/// A transfer of more than a part of the limit, piece by piece, so that the limit holds.
long transfer_in_pieces(InlinePath& path, Thread& thread, long number, const Arguments& arguments,
                        std::uint64_t piece) {
  const Transfer transfer = transfer_of(number);
  const Pieces pieces = pieces_of(number, arguments[0]);
  if (pieces == Pieces::kNone) {
    return held_call(path, thread, number, arguments);
  }
  Arguments part;
  __builtin_memcpy(part, arguments, sizeof(part));
  auto left = static_cast<std::uint64_t>(arguments[transfer.length]);
  long done = 0;
  do {
    const std::uint64_t now = left < piece ? left : piece;
    part[transfer.length] = static_cast<long>(now);
    const long result = held_call(path, thread, number, part);
    if (failed(result)) {
      return done != 0 ? done : result;
    }
    done += result;
    left -= static_cast<std::uint64_t>(result);
    part[transfer.buffer] += result;
    if (transfer.offset >= 0) {
      part[transfer.offset] += result;
    }
    if (static_cast<std::uint64_t>(result) < now || pieces == Pieces::kFirst) {
      break;
    }
  } while (left != 0);
  return done;
}

/// Shortens a read into a buffer that is not all here to what there is to read: pages that get
/// nothing are not fetched. Where nothing is there yet, nobody knows how much it will be.
void shorten_read(InlinePath& path, long number, Arguments& arguments) {
  const Transfer transfer = transfer_of(number);
  const auto begin = static_cast<std::uint64_t>(arguments[transfer.buffer]);
  const auto bytes = static_cast<std::uint64_t>(arguments[transfer.length]);
  const bool reads = number == __NR_read || number == __NR_recvfrom;
  if (!reads || bytes <= kPageBytes || bytes > kLongestTransfer ||
      path.are_settled({begin, begin + bytes}) ||
      pieces_of(number, arguments[0]) != Pieces::kFirst) {
    return;
  }
  constexpr long kBytesThere = 0x541b;  // FIONREAD
  std::int32_t there = 0;
  if (!failed(system_call(__NR_ioctl, arguments[0], kBytesThere, &there)) && there > 0 &&
      static_cast<std::uint64_t>(there) < bytes) {
    arguments[transfer.length] = there;
  }
}

/// Shortens an array for events that is not all here to a page or two: the kernel tells of the
/// rest, if there is any, with the next call.
void shorten_events(InlinePath& path, long number, Arguments& arguments) {
  const bool events =
      number == __NR_epoll_wait || number == __NR_epoll_pwait || number == __NR_epoll_pwait2;
  constexpr std::uint64_t kEventBytes = 12;
  constexpr std::uint64_t kEnough = kPageBytes / kEventBytes;
  const auto begin = static_cast<std::uint64_t>(arguments[1]);
  const auto most = static_cast<std::int32_t>(arguments[2]);
  if (events && most > static_cast<std::int32_t>(kEnough) &&
      !path.are_settled({begin, begin + static_cast<std::uint64_t>(most) * kEventBytes})) {
    arguments[2] = kEnough;
  }
}

long buffers_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments,
                  bool chunkable) {
  Arguments shortened;
  __builtin_memcpy(shortened, arguments, sizeof(shortened));
  shorten_events(path, number, shortened);
  if (!chunkable) {
    return held_call(path, thread, number, shortened);
  }
  shorten_read(path, number, shortened);
  const std::uint64_t quarter = path.keeper().instance().limit() * kPageBytes / 4;
  const std::uint64_t piece = quarter < kLeastPiece ? kLeastPiece : quarter & ~(kPageBytes - 1);
  const auto bytes = static_cast<std::uint64_t>(shortened[transfer_of(number).length]);
  if (bytes > piece && bytes <= kLongestTransfer) {
    return transfer_in_pieces(path, thread, number, shortened, piece);
  }
  return held_call(path, thread, number, shortened);
}

/// Words of a futex are read when the call begins, and not used afterwards.
long futex_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments) {
  long result = -EFAULT;
  for (unsigned i = 0; result == -EFAULT && i < kRepeats; ++i) {
    {
      const Held held(path, thread, number, arguments);
    }
    result = raw(number, arguments);
  }
  return result;
}

long call_of_kind(InlinePath& path, Thread& thread, const CallClass& what, long number,
                  patch::Frame& frame) {
  const Arguments& arguments = frame.arguments;
  switch (what.kind) {
    case CallKind::kBuffers:
      return buffers_call(path, thread, number, arguments, what.chunkable);
    case CallKind::kFutex:
      return futex_call(path, thread, number, arguments);
    case CallKind::kExec:
      return exec_call(path, thread, number, arguments);
    case CallKind::kMemoryMap:
      return map_call(path, thread, number, arguments);
    case CallKind::kSignal:
      return signal_call(path, thread, number, arguments);
    case CallKind::kProcess:
      return process_call(path, thread, number, arguments, frame);
    case CallKind::kAsynchronous:
      path.keeper().membership().note_problem(
          "asynchronous I/O (io_uring, AIO) was refused: use --fault-path thread for it");
      return -ENOSYS;
    case CallKind::kUnknown:
    case CallKind::kPlain:
      break;
  }
  return held_call(path, thread, number, arguments);
}

}  // namespace

bool read_program(InlinePath& path, Thread& thread, std::uint64_t address, void* to,
                  std::uint64_t bytes) {
  if (on_stack(thread, address, bytes)) {
    __builtin_memcpy(to, reinterpret_cast<const void*>(address), bytes);
    return true;
  }
  path.bring({address, address + bytes}, thread);
  return copy(__NR_process_vm_readv, reinterpret_cast<std::uint64_t>(to), address, bytes);
}

bool write_program(InlinePath& path, Thread& thread, std::uint64_t address, const void* from,
                   std::uint64_t bytes) {
  if (on_stack(thread, address, bytes)) {
    __builtin_memcpy(reinterpret_cast<void*>(address), from, bytes);
    return true;
  }
  path.bring({address, address + bytes}, thread);
  return copy(__NR_process_vm_writev, reinterpret_cast<std::uint64_t>(from), address, bytes);
}

Held::Held(InlinePath& path, Thread& thread)
    : path_(path), thread_(thread), first_(thread.held_count), held_all_(thread.holds_all) {
  const std::uint64_t here = stack_pointer();
  while (thread.depth != 0) {
    const std::uint32_t last = (thread.depth < Thread::kDepth ? thread.depth : Thread::kDepth) - 1;
    const std::uint64_t level = thread.level_stack[last];
    if (!is_over(thread, level, here)) {
      break;
    }
    thread.depth = last;
    first_ = thread.level_before[last];
    held_all_ = false;
  }
  atomic::store(thread.held_count, first_);
  thread.holds_all = held_all_;
  if (thread.depth < Thread::kDepth) {
    thread.level_stack[thread.depth] = here;
    thread.level_before[thread.depth] = first_;
  }
  ++thread.depth;
}

Held::Held(InlinePath& path, Thread& thread, long number, const Arguments& arguments)
    : Held(path, thread) {
  add_buffers(number, arguments);
  settle();
}

Held::Held(InlinePath& path, Thread& thread, AddressRange range) : Held(path, thread) {
  hold(range);
}

void Held::hold(AddressRange range) {
  add(range);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  path_.bring(range, thread_);
}

void Held::hold_stack(std::uint64_t top, std::uint64_t touched) {
  constexpr std::uint64_t kHeldBytes = std::uint64_t{32} << 10;
  const std::uint64_t here = stack_pointer();
  add({here - kHeldBytes, top});
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  for (std::uint64_t at = top - 1; at > here - touched; at -= kPageBytes) {
    Backoff backoff;
    while (!path_.is_settled(at)) {
      __asm__ volatile("testb $0, (%0)" : : "r"(at) : "cc", "memory");
      backoff.pause();
    }
  }
}

Held::~Held() {
  atomic::store_release(thread_.held_count, first_);
  thread_.holds_all = held_all_;
  thread_.depth = thread_.depth == 0 ? 0 : thread_.depth - 1;
}

void Held::add(AddressRange range) {
  if (thread_.held_count == Thread::kHeld) {
    thread_.holds_all = true;
    return;
  }
  thread_.held[thread_.held_count] = range.whole_pages();
  atomic::store_release(thread_.held_count, thread_.held_count + 1);
}

void Held::add_buffers(long number, const Arguments& arguments) {
  BufferList list;
  Reading reading{path_, thread_};
  for (bool more = true; more;) {
    collect_buffers(number, arguments, reader, &reading, list);
    for (const BufferRange& range : list) {
      if (on_stack(thread_, range.begin, range.bytes)) {
        continue;
      }
      add({range.begin, range.begin + range.bytes});
      if (thread_.holds_all) {
        path_.bring({range.begin, range.begin + range.bytes}, thread_);
      }
    }
    more = list.next_batch();
  }
}

void Held::settle() {
  // Held first, looked at then: who evicts does it the other way round.
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  for (std::uint32_t i = first_; i < thread_.held_count; ++i) {
    path_.bring(thread_.held[i], thread_);
  }
}

long held_raw(InlinePath& path, Thread& thread, long number, const Arguments& arguments) {
  const Held held(path, thread, number, arguments);
  return raw(number, arguments);
}

void start(InlinePath& path) {
  current_path = &path;
}

long on_call(long number, patch::Frame* frame) {
  const Arguments& arguments = frame->arguments;
  InlinePath& path = *current_path;
  switch (number) {
    case __NR_close:
    case __NR_dup2:
    case __NR_dup3:
    case __NR_close_range:
      return descriptor_call(number, arguments);
    case __NR_fstat:
    case __NR_fcntl:
    case __NR_dup:
    case __NR_newfstatat:
      // Programs look for open descriptors that they do not know.
      if (inline_engine::is_own_descriptor(arguments[0])) {
        return -EBADF;
      }
      break;
    default:
      break;
  }
  const CallClass what = classify(number, arguments);
  if (what.kind == CallKind::kPlain) {
    return raw(number, arguments);
  }
  // Where nothing is managed, a call that waits holds its buffers all the same: management may
  // begin meanwhile.
  if (!path.manages() && !what.waits &&
      (what.kind == CallKind::kBuffers || what.kind == CallKind::kUnknown)) {
    return raw(number, arguments);
  }
  Thread& thread = path.threads().current();
  // Known not to be managed?
  if (stack_of(thread, stack_pointer()) != Stack::kUnknown) {
    return call_of_kind(path, thread, what, number, *frame);
  }
  // A stack that the program made itself. How much of it is used with signals blocked: the
  // compiler's -fstack-usage.
  constexpr std::uint64_t kUsual = std::uint64_t{8} << 10;
  constexpr std::uint64_t kToFork = std::uint64_t{16} << 10;
  Held held(path, thread);
  held.hold_stack(reinterpret_cast<std::uint64_t>(frame + 1),
                  what.kind == CallKind::kProcess ? kToFork : kUsual);
  return call_of_kind(path, thread, what, number, *frame);
}

}  // namespace dime::agent::calls
