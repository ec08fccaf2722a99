// SPDX-License-Identifier: GPL-2.0
// Limits of the address space and of data that the program sets for itself.
//
// The kernel counts what the agent has reserved. So it gets a limit that is higher by as much, and
// the program is told what it asked for.
#include "engines/user/agent/inline/calls.h"
#include "engines/user/agent/process.h"

namespace dime::agent::calls {
namespace {

constexpr long kData = 2;                           // RLIMIT_DATA
constexpr long kAddressSpace = 9;                   // RLIMIT_AS
constexpr std::uint64_t kNone = ~std::uint64_t{0};  // RLIM_INFINITY

struct Limit {
  std::uint64_t current;
  std::uint64_t most;
};

/// What the kernel was told last, and what the program had asked for. Of this process and of what
/// it forks; a program that it starts has a limit with room for an agent, as its own.
struct Said {
  Limit given;
  Limit asked;
};
Said said[16] = {};

/// What counts besides the reserved area is small: the control block, stacks for signals.
std::uint64_t own_bytes(long resource) {
  constexpr std::uint64_t kRest = std::uint64_t{2} << 20;
  return process::own_memory().bytes() + (resource == kAddressSpace ? kRest : 0);
}

std::uint64_t more(std::uint64_t value, std::uint64_t own) {
  return value >= kNone - own ? kNone : value + own;
}

std::uint64_t smaller(std::uint64_t one, std::uint64_t other) {
  return one < other ? one : other;
}

/// As the kernel has it, unless somebody else changed it since.
Limit limit_for_program(long resource, const Limit& now) {
  const Said& last = said[resource];
  const bool ours =
      last.given.most != 0 && now.current == last.given.current && now.most == last.given.most;
  return ours ? last.asked : now;
}

/// Sets it so that the program has as much as it asked for, or as much as this process may have.
long set_limit(long resource, const Limit& asked) {
  if (asked.current > asked.most) {
    return -EINVAL;
  }
  Limit now{};
  system_call(__NR_prlimit64, 0L, resource, 0L, &now);
  const std::uint64_t own = own_bytes(resource);
  Limit given{more(asked.current, own), more(asked.most, own)};
  long done = system_call(__NR_prlimit64, 0L, resource, &given, 0L);
  if (done == -EPERM && asked.most <= limit_for_program(resource, now).most) {
    given.most = smaller(given.most, now.most);
    given.current = smaller(given.current, given.most);
    done = system_call(__NR_prlimit64, 0L, resource, &given, 0L);
  }
  if (!failed(done)) {
    said[resource] = {given, asked};
  }
  return done;
}

}  // namespace

long limit_call(InlinePath& path, Thread& thread, long number, const Arguments& arguments) {
  const bool any = number == __NR_prlimit64;
  const auto whose = any ? static_cast<std::int32_t>(arguments[0]) : 0;
  const long resource = static_cast<std::uint32_t>(arguments[any ? 1 : 0]);
  const bool own = whose == 0 || whose == system_call(__NR_getpid);
  if (!own || (resource != kData && resource != kAddressSpace) || process::own_memory().empty()) {
    return pinned_call(path, thread, number, arguments);
  }
  const auto fresh = static_cast<std::uint64_t>(
      any ? arguments[2] : (number == __NR_setrlimit ? arguments[1] : 0));
  const auto old = static_cast<std::uint64_t>(any ? arguments[3]
                                                  : (number == __NR_getrlimit ? arguments[1] : 0));
  Limit now{};
  system_call(__NR_prlimit64, 0L, resource, 0L, &now);
  const Limit before = limit_for_program(resource, now);
  if (fresh != 0 || number == __NR_setrlimit) {
    Limit asked{};
    if (!read_program(path, thread, fresh, &asked, sizeof(asked))) {
      return -EFAULT;
    }
    if (const long set = set_limit(resource, asked); failed(set)) {
      return set;
    }
  }
  const bool wanted = old != 0 || number == __NR_getrlimit;
  return wanted && !write_program(path, thread, old, &before, sizeof(before)) ? -EFAULT : 0;
}

}  // namespace dime::agent::calls
