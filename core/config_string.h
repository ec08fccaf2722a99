// SPDX-License-Identifier: GPL-2.0
// The configuration strings of /proc/dime_config and `dime config`, and the table that they show.
//
//   instance_id=0 latency_ns=1000 bandwidth_bps=1000000000 local_npages=2000 pid=1234,5678
//
// parse() turns text into a Plan, which says what is to change and changes nothing itself; check()
// asks the caller for what text alone cannot tell (which instances, policies and processes there
// are). Only a plan that passed both is applied, so a string is applied whole or not at all.
//
// Grammar: `key=value` words in any order between blanks, tabs or newlines; each key at most once;
// instance_id is mandatory. Numbers are plain decimal. `pid=1,2` replaces the list, `pid=+1,2` adds
// to it, `pid=-1,2` removes from it; the closing comma of the table is allowed. Nothing here
// allocates, and slices in a Plan or an Error point into the text that was parsed.
#pragma once

#include "core/jitter.h"
#include "core/text.h"
#include "core/units.h"

namespace dime::config {

enum class Key : std::uint8_t {
  kInstanceId,
  kLatencyNs,
  kBandwidthBps,
  kLocalNpages,
  kLocalShare,
  kPid,
  kPolicy,
  kLink,
  kOneWay,
  kChargeFirstTouch,
  kWriteback,
  kFollowChildren,
  kScope,
  kWait,
  kJitter,
  kSeed,
  kFetchTimes,
  kSchedule,
  kOutageMaxNs,
  kWritebackDepth,
  kKeep,
  kPageFaultCount,
  kRemove,
};
inline constexpr unsigned kKeys = 23;

inline constexpr std::uint64_t kMaxInstanceId = INT32_MAX;  // the table prints it as %d
inline constexpr std::uint64_t kMaxLatencyNs = 60 * kNanosPerSecond;
inline constexpr std::uint64_t kMinBandwidthBps = 1'000;  // a page in 33 s
inline constexpr std::uint64_t kMaxBandwidthBps = 1'000'000'000'000'000;
inline constexpr std::uint64_t kMaxLocalNpages = 1ull << 35;  // a 47-bit address space
inline constexpr std::uint64_t kMaxWritebackDepth = 1u << 20;
inline constexpr std::uint64_t kMaxLocalShare = 10'000;
inline constexpr std::uint64_t kMaxPid = 1u << 22;  // the kernel's PID_MAX_LIMIT

enum class PidOperation : std::uint8_t { kReplace, kAdd, kRemove };

/// What a string asks for. A field counts only if its key was given; the others are 0.
struct Plan {
  Text given[kKeys];  ///< the value of each key as it stands in the text; no data = not given

  std::uint32_t instance_id = 0;
  std::uint64_t latency_ns = 0;
  std::uint64_t bandwidth_bps = 0;
  std::uint64_t local_npages = 0;
  std::uint32_t local_share = 0;  ///< as in dime_parameters
  std::uint32_t wait = 0;         ///< enum dime_wait
  std::uint32_t scope = 0;        ///< enum dime_scope
  std::uint32_t flags_on = 0;     ///< DIME_ONE_WAY ... that were given as 1
  std::uint32_t flags_off = 0;    ///< ... as 0
  char policy[DIME_NAME_BYTES] = {};
  char link[DIME_NAME_BYTES] = {};  ///< empty: the instance's own
  jitter::Spec jitter;
  std::uint64_t seed = 0;
  dime_fetch_times fetch_times = {};
  dime_schedule schedule = {};  ///< its steps
  std::uint64_t outage_max_ns = 0;
  std::uint32_t writeback_depth = 0;
  bool reset_page_fault_count = false;
  bool keep = false;
  bool remove = false;

  PidOperation pid_operation = PidOperation::kReplace;
  std::uint32_t pid_count = 0;
  std::uint32_t pids[DIME_MAX_MEMBERS] = {};  ///< each once

  [[nodiscard]] bool has(Key key) const {
    return given[static_cast<unsigned>(key)].data != nullptr;
  }
};

enum class Reason : std::uint8_t {
  kNone,
  // What text alone tells.
  kNotKeyValue,  ///< a word without '='
  kUnknownKey,
  kDuplicateKey,
  kMissingKey,  ///< instance_id
  kEmptyValue,
  kNotANumber,  ///< a sign, a unit, a letter
  kOutOfRange,  ///< also numbers that no integer holds
  kNotAChoice,  ///< not one of the words allowed
  kBadForm,     ///< not of the form that the key wants; `why` may say more
  kBadName,     ///< characters or length
  kBadPidList,  ///< empty entry, sign inside the list
  kDuplicatePid,
  kTooManyPids,
  kNotTogether,  ///< remove=1 next to another change, local_share next to local_npages
  // What a Validator tells.
  kNoSuchInstance,  ///< neither an instance nor the next free id
  kNoSuchPolicy,
  kNoSuchLink,
  kNoSuchProcess,
  kNotPermitted,   ///< the process belongs to somebody else
  kPidTaken,       ///< the process is a member of another instance
  kNotAMember,     ///< pid=- of a process that is not in the instance
  kCannotEmulate,  ///< the process is static, 32-bit or a kernel thread
};

/// Why a string is refused. `key` and `value` are slices of the text (empty where there is none);
/// `position` is where the offending word or part begins, in characters from the start.
struct Error {
  Reason reason = Reason::kNone;
  std::uint32_t position = 0;
  Text key;
  Text value;
  const char* why = nullptr;  ///< stands for reason and what is allowed, where there is more to say

  [[nodiscard]] bool ok() const { return reason == Reason::kNone; }
};

/// Reads `text` into `plan`. On an error `plan` holds nothing that may be used.
Error parse(Text text, Plan& plan);

/// What is there, as the caller knows it. Each question returns kNone or the reason to refuse.
class Validator {
 public:
  virtual Reason instance(std::uint32_t id, bool remove) = 0;
  virtual Reason policy(const char* name) = 0;
  virtual Reason link(const char* name) = 0;
  virtual Reason pid(std::uint32_t instance_id, PidOperation operation, std::uint32_t pid) = 0;

 protected:
  ~Validator() = default;
};

/// Asks `validator` about everything in a parsed plan and returns the first refusal. `text` is what
/// was parsed.
Error check(const Plan& plan, Text text, Validator& validator);

/// The key as it is spelled, and what its value may be.
const char* name_of(Key key);
const char* allowed_for(Key key);
const char* text_of(Reason reason);

/// Writes one line for a person: the key, the value, the reason, and what is allowed. Always closed
/// by a NUL; returns the length that the whole line has.
std::uint64_t describe(const Error& error, char* buffer, std::uint64_t size);

/// True if `text` can be the name of a policy or a link: letters, digits, '-', '_' and '.', first a
/// letter or digit, shorter than DIME_NAME_BYTES.
bool is_name(Text text);

}  // namespace dime::config
