// SPDX-License-Identifier: GPL-2.0
// One faulting thread: the handler shares its CPU. A page fault then costs two context switches and
// no interrupt between CPUs, which on virtual machines is the dearest part (30-50 us each way). Two
// things are needed for that:
//   - the handler follows: its affinity is the CPU on which the thread last ran, read from the
//     thread's rseq area (a load) or, for other threads than the first, from /proc: at every fault
//     whose stall leaves time for it, or every 32;
//   - the thread stays: the handler runs under SCHED_IDLE. The scheduler then takes the handler's
//     CPU for idle when it places the woken thread (sched_idle_cpu() in select_idle_sibling()) and
//     lets it preempt at once. The program's own affinity is never touched.
// Under SCHED_IDLE the handler starves when somebody else wants the CPU, for seconds at each
// wake-up, and then SCHED_OTHER is the better choice anyway, since no other CPU is idle. So it
// starts under SCHED_OTHER and changes only while nothing else runs on the machine (/proc/loadavg,
// looked at every 64 faults), and goes back when more runs than there are CPUs (looked at every
// tick, too: there may be no faults, and its process cannot end as long as it starves). It also
// watches its own run delay (/proc/self/task/TID/schedstat), and how long it takes to serve what is
// there: when either grew by more than a millisecond, it goes back to SCHED_OTHER for 64 faults,
// for twice as many each time this comes back soon (up to 4,096).
//
// Several faulting threads: no CPU is right for all, so the handler runs wherever the scheduler
// puts it, under SCHED_IDLE while there is a CPU for everything that runs. So it does, but never
// under SCHED_IDLE, for a user who could not go back from there: that takes CAP_SYS_NICE or an
// RLIMIT_NICE that few have.
#include "engines/user/agent/handler_affinity.h"

#include <linux/fcntl.h>

#include "core/atomic.h"
#include "engines/user/agent/syscalls.h"

namespace dime::agent {
namespace {

constexpr int kSchedOther = 0;
constexpr int kSchedIdle = 5;
constexpr std::uint32_t kRseqCpuOffset = 4;  // struct rseq: cpu_id_start, cpu_id
constexpr std::uint32_t kCheckEvery = 32;
constexpr std::uint32_t kLookEvery = 64;
constexpr Nanos kLookTakes{8'000};
constexpr std::uint32_t kFirstPenalty = 64;
constexpr std::uint32_t kLastPenalty = 4'096;
constexpr std::uint32_t kCalm = 1'024;
constexpr std::uint32_t kSettled = 64;  // faults of one thread in a row that make it the only one

unsigned append(char* to, unsigned at, const char* text) {
  while (*text != '\0') {
    to[at++] = *text++;
  }
  return at;
}

unsigned append(char* to, unsigned at, std::uint32_t number) {
  char digits[12];
  unsigned count = 0;
  do {
    digits[count++] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  while (count != 0) {
    to[at++] = digits[--count];
  }
  return at;
}

/// Reads /proc/self/task/THREAD/FILE. Returns the bytes read, at most `capacity` - 1, with a NUL
/// behind them.
long read_task_file(std::uint32_t thread, const char* file, char* text, long capacity) {
  char path[64];
  unsigned at = append(path, 0, "/proc/self/task/");
  at = append(path, at, thread);
  at = append(path, at, file);
  path[at] = '\0';
  const long fd = system_call(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (failed(fd)) {
    text[0] = '\0';
    return 0;
  }
  const long bytes = system_call(__NR_read, fd, text, capacity - 1);
  system_call(__NR_close, fd);
  text[bytes > 0 ? bytes : 0] = '\0';
  return bytes > 0 ? bytes : 0;
}

std::uint64_t number_at(const char* text) {
  std::uint64_t value = 0;
  for (; *text >= '0' && *text <= '9'; ++text) {
    value = value * 10 + static_cast<std::uint64_t>(*text - '0');
  }
  return value;
}

/// The time that `thread` has waited for a CPU while it could have run: second number of schedstat.
std::uint64_t run_delay_of(std::uint32_t thread) {
  char text[96];
  if (read_task_file(thread, "/schedstat", text, sizeof(text)) == 0) {
    return 0;
  }
  const char* at = text;
  while (*at != '\0' && *at != ' ') {
    ++at;
  }
  return *at == ' ' ? number_at(at + 1) : 0;
}

/// The threads of the machine that run or are ready to run, the caller's among them; many where
/// that is not told.
std::uint64_t running_threads() {
  const long fd = system_call(__NR_openat, AT_FDCWD, "/proc/loadavg", O_RDONLY | O_CLOEXEC);
  if (failed(fd)) {
    return UINT64_MAX;
  }
  char text[64];
  const long bytes = system_call(__NR_read, fd, text, sizeof(text) - 1);
  system_call(__NR_close, fd);
  text[bytes > 0 ? bytes : 0] = '\0';
  const char* at = text;
  for (unsigned field = 1; field < 4 && *at != '\0'; ++at) {  // 4 = running/all
    field += *at == ' ' ? 1 : 0;
  }
  return number_at(at);
}

/// Whether the calling thread may raise its priority: the kernel asks the same of those who leave
/// SCHED_IDLE.
bool may_raise_priority() {
  constexpr long kThread = 0;  // PRIO_PROCESS
  constexpr long kLowest = 20;
  const long found = system_call(__NR_getpriority, kThread, 0L);
  const long nice = kLowest - found;
  if (failed(found) || failed(system_call(__NR_setpriority, kThread, 0L, nice - 1))) {
    return false;
  }
  system_call(__NR_setpriority, kThread, 0L, nice);
  return true;
}

}  // namespace

void HandlerAffinity::start(std::uint64_t main_rseq, std::uint32_t main_thread,
                            const dime_calibration& calibration) {
  main_rseq_ = main_rseq;
  main_thread_ = main_thread;
  single_lead_ = calibration.lead_ns;
  read_saves_ = Nanos{calibration.lead_ns} - Nanos{calibration.lead_read_ns};
  shared_lead_ = calibration.lead_multi_ns != 0 ? calibration.lead_multi_ns : calibration.lead_ns;
  mask_bytes_ = system_call(__NR_sched_getaffinity, 0L, sizeof(all_cpus_), all_cpus_);
  for (std::uint64_t word : all_cpus_) {
    for (; word != 0; word &= word - 1) {
      ++cpu_count_;
    }
  }
  can_go_back_ = may_raise_priority();
  mode_ = can_go_back_ ? Mode::kFollowing : Mode::kShared;
  own_thread_ = static_cast<std::uint32_t>(system_call(__NR_gettid));
  run_delay_ = run_delay_of(own_thread_);
}

void HandlerAffinity::set_idle_policy(bool idle) {
  if (idle == idle_policy_) {
    return;
  }
  const std::int32_t priority = 0;
  if (!failed(system_call(__NR_sched_setscheduler, 0L,
                          static_cast<long>(idle ? kSchedIdle : kSchedOther), &priority))) {
    idle_policy_ = idle;
  }
}

void HandlerAffinity::go_to(std::int32_t cpu) {
  if (cpu < 0 || cpu == cpu_ || cpu >= static_cast<std::int32_t>(kMaskWords * 64)) {
    return;
  }
  std::uint64_t mask[kMaskWords] = {};
  const auto bit = static_cast<unsigned>(cpu);
  mask[bit / 64] = std::uint64_t{1} << (bit % 64);
  if (!failed(system_call(__NR_sched_setaffinity, 0L, sizeof(mask), mask))) {
    cpu_ = cpu;
  }
}

std::int32_t HandlerAffinity::cpu_of(std::uint32_t thread, Nanos spare) {
  if (thread == main_thread_ && main_rseq_ != 0) {
    return atomic::load(*reinterpret_cast<const std::int32_t*>(main_rseq_ + kRseqCpuOffset));
  }
  char text[512];
  const bool look = spare > kLookTakes || faults_ % kCheckEvery == 0;
  if (!look || read_task_file(thread, "/stat", text, sizeof(text)) == 0) {
    return cpu_;
  }
  const char* at = text;
  for (const char* c = text; *c != '\0'; ++c) {
    at = *c == ')' ? c : at;
  }
  for (unsigned field = 2; field < 39 && *at != '\0'; ++at) {  // 39 = processor
    field += *at == ' ' ? 1 : 0;
  }
  return static_cast<std::int32_t>(number_at(at));
}

void HandlerAffinity::set_mode(Mode mode) {
  if (mode == mode_) {
    return;
  }
  mode_ = mode;
  if (mode == Mode::kShared) {
    if (mask_bytes_ > 0) {
      system_call(__NR_sched_setaffinity, 0L, mask_bytes_, all_cpus_);
    }
    cpu_ = -1;
  }
}

/// Goes back to SCHED_OTHER for a while.
void HandlerAffinity::leave_idle_policy() {
  set_idle_policy(false);
  penalty_ = faults_ - busy_until_ > kCalm ? kFirstPenalty : penalty_ * 2;
  penalty_ = penalty_ < kLastPenalty ? penalty_ : kLastPenalty;
  busy_until_ = faults_ + penalty_;
}

void HandlerAffinity::watch_starvation(Nanos now) {
  const bool rarely = now - last_fault_ > Nanos{100'000};
  if (faults_ % kLookEvery != 0 && !rarely) {
    return;
  }
  const std::uint64_t delay = run_delay_of(own_thread_);
  const bool starved = delay - run_delay_ > kStarved.value;
  run_delay_ = delay;
  if (!idle_policy_) {
    if (can_go_back_ && faults_ % kLookEvery == 0 && faults_ >= busy_until_ && is_calm()) {
      set_idle_policy(true);
    }
    return;
  }
  if (starved) {
    leave_idle_policy();
  } else if (faults_ % kLookEvery == 0 && !is_calm()) {
    set_idle_policy(false);
  }
}

/// Nothing else than the thread that faults wants this CPU.
bool HandlerAffinity::is_calm() const {
  return running_threads() <= (mode_ == Mode::kFollowing ? 1 : cpu_count_);
}

void HandlerAffinity::on_tick() {
  // A tick that had to wait for the program's own work is no starvation.
  run_delay_ = run_delay_of(own_thread_);
  if (idle_policy_ && running_threads() > cpu_count_) {
    set_idle_policy(false);
  }
}

void HandlerAffinity::on_fault(std::uint32_t thread, Nanos now, Nanos spare) {
  ++faults_;
  same_thread_faults_ = thread == last_thread_ ? same_thread_faults_ + 1 : 0;
  const bool first = last_thread_ == 0;
  last_thread_ = thread;
  if (can_go_back_ && (same_thread_faults_ >= kSettled || first)) {
    set_mode(Mode::kFollowing);
  } else if (same_thread_faults_ == 0) {
    set_mode(Mode::kShared);
  }
  if (mode_ == Mode::kFollowing) {
    go_to(cpu_of(thread, spare));
  }
  watch_starvation(now);
  last_fault_ = now;
}

Nanos HandlerAffinity::lead(bool writes) const {
  const Nanos lead{mode_ == Mode::kFollowing ? single_lead_ : shared_lead_};
  return writes ? lead : lead - read_saves_;
}

}  // namespace dime::agent
