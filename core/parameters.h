// SPDX-License-Identifier: GPL-2.0
// Everything that can be asked for of an instance, in one table: how it is spelled in configuration
// strings and on the command line, its kind, bounds and default, and where its value lies.
//
// Whatever handles parameters is a loop over kParameters: reading and writing strings, options and
// their help, defaults, comparing, the result as JSON. A new parameter is a field in
// <dime/abi.h>, a Key, a row, and the code that honours it.
//
// A Plan is what a string or a command line asks for; apply() puts it into an instance, and is the
// only way in which parameters change, in every engine. Pure; nothing here allocates.
#pragma once

#include "core/jitter.h"
#include "core/text.h"
#include "core/units.h"

namespace dime::config {

/// In the order of kParameters.
enum class Key : std::uint8_t {
  kInstanceId,
  kLatencyNs,
  kBandwidthBps,
  kLocalNpages,
  kLocalShare,
  kPid,
  kPolicy,
  kPrefetch,
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
  kWriteBandwidthBps,
  kBelowFloor,
  kKeep,
  kPageFaultCount,
  kRemove,
};
inline constexpr unsigned kKeys = 26;

inline constexpr std::uint64_t kMaxInstanceId = INT32_MAX;  // the table prints it as %d
inline constexpr std::uint64_t kMaxLatencyNs = 60 * kNanosPerSecond;
inline constexpr std::uint64_t kMinBandwidthBps = 1'000;  // a page in 33 s
inline constexpr std::uint64_t kMaxBandwidthBps = 1'000'000'000'000'000;
inline constexpr std::uint64_t kMaxLocalNpages = 1ull << 35;  // a 47-bit address space
inline constexpr std::uint64_t kMaxWritebackDepth = 1u << 20;
inline constexpr std::uint64_t kMaxLocalShare = 10'000;
inline constexpr std::uint64_t kMaxPid = 1u << 22;  // the kernel's PID_MAX_LIMIT
inline constexpr const char* kDefaultPolicy = "fifo";
inline constexpr const char* kDefaultPrefetch = "none";

/// What a value is. In strings numbers are plain decimal; as options they have units.
enum class Kind : std::uint8_t {
  kNumber,
  kTime,       ///< nanoseconds
  kRate,       ///< bits per second
  kWriteRate,  ///< bits per second, or '-' for as in the other direction
  kPages,      ///< the option takes a share as well, which goes to local_share
  kSwitch,     ///< a flag of dime_parameters; the option has no value, and --no-... means 0
  kChoice,     ///< one of `words`, stored as its place among them
  kPolicy,
  kPrefetch,
  kLink,  ///< a name, or '-' for none
  kPids,
  kJitter,
  kFetchTimes,
  kSchedule,
};

/// Where a value lies: at an offset in dime_parameters or in Plan. 0 bytes: elsewhere in Plan.
struct Field {
  std::uint16_t offset = 0;
  std::uint16_t bytes = 0;
  bool of_parameters = false;
};

/// In the order in which a row reads, whatever that costs in padding.
struct Parameter {  // NOLINT(clang-analyzer-optin.performance.Padding)
  Key key;
  Kind kind;
  const char* name;              ///< in strings
  const char* option = nullptr;  ///< as it is given, with its dashes; null = there is none
  const char* form = nullptr;    ///< of the option's value, for the help
  const char* help = nullptr;    ///< of the option
  const char* allowed;           ///< what the value in a string may be, for messages
  Field field = {};
  std::uint32_t flag = 0;     ///< of a switch
  std::uint64_t initial = 0;  ///< what holds where nothing is asked for
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  bool or_zero = false;                ///< 0 is allowed next to [least, most]
  const char* const* words = nullptr;  ///< of a choice: most + 1 of them
};

extern const Parameter kParameters[kKeys];

/// The row with this name, or null.
const Parameter* find(Text name);

/// True for a row whose value is text in dime_parameters.
constexpr bool is_name(const Parameter& row) {
  return row.kind == Kind::kPolicy || row.kind == Kind::kPrefetch || row.kind == Kind::kLink;
}

inline const Parameter& row_of(Key key) {
  return kParameters[static_cast<unsigned>(key)];
}

constexpr std::uint32_t bit_of(Key key) {
  return 1u << static_cast<unsigned>(key);
}

/// What the unloaded stall depends on.
inline constexpr std::uint32_t kStallKeys =
    bit_of(Key::kLatencyNs) | bit_of(Key::kBandwidthBps) | bit_of(Key::kOneWay);

/// The word for a choice; the first where there is no such one.
inline const char* word_of(const Parameter& row, std::uint64_t choice) {
  return row.words[choice <= row.most ? choice : 0];
}

enum class PidOperation : std::uint8_t { kReplace, kAdd, kRemove };

/// What a string or a command line asks for. What was not given has its default.
struct Plan {
  Plan() { reset(); }
  /// As a new one. In place, because a kernel's stack has no room for another.
  void reset();

  std::uint32_t given = 0;  ///< bit_of() the keys
  std::uint32_t instance_id = 0;
  dime_parameters parameters = {};
  jitter::Spec jitter;  ///< as long as the text that it was read from
  std::uint64_t seed = 0;
  dime_fetch_times fetch_times = {};
  dime_schedule schedule = {};  ///< its steps and its longest wait
  std::uint32_t keep = 0;
  std::uint32_t page_fault_count = 0;
  std::uint32_t remove = 0;

  PidOperation pid_operation = PidOperation::kReplace;
  std::uint32_t pid_count = 0;
  std::uint32_t pids[DIME_MAX_MEMBERS] = {};  ///< each once

  [[nodiscard]] bool has(Key key) const { return (given & bit_of(key)) != 0; }
  void give(Key key) { given |= bit_of(key); }
};
static_assert(kKeys <= 32);

/// Asks for all of `parameters`.
Plan plan_for(const dime_parameters& parameters);

/// The value of a number, a switch or a choice.
std::uint64_t number_of(const Parameter& row, const dime_parameters& parameters);
std::uint64_t number_of(const Parameter& row, const Plan& plan);
void set_number(const Parameter& row, Plan& plan, std::uint64_t number);

/// The same as the result shows it, where what was asked for depends on another parameter.
std::uint64_t shown_number(const Parameter& row, const dime_parameters& parameters);

/// The value of a policy, a prefetcher or a link, closed by a NUL. REQUIRES: such a row.
inline const char* name_in(const Parameter& row, const dime_parameters& parameters) {
  return reinterpret_cast<const char*>(&parameters) + row.field.offset;
}
/// Copies what fits. REQUIRES: such a row.
void set_name(const Parameter& row, dime_parameters& parameters, Text name);

dime_parameters default_parameters();

/// A new instance's records: defaults, no tiers, a link of its own. REQUIRES: zeroed memory.
void init(dime_control& control);

/// What was given, over what is there.
void apply(const Plan& plan, dime_parameters& parameters);

/// The same for all that is the instance's own: parameters, network (a schedule starts at `now`),
/// counts, and the target. Policy and links have to be taken up by the engine. REQUIRES: the
/// instance's lock.
void apply(const Plan& plan, dime_control& control, Nanos now);

/// The first parameter that the plan would change in `parameters`, or null.
const Parameter* first_difference(const Plan& plan, const dime_parameters& parameters);

/// Writes the string that asks for what was given, in the order of the table.
void write(TextWriter& out, const Plan& plan);

/// Writes the parameters as they lie there, one line with a name and a value for each field:
/// `latency_ns 5000`, `policy fifo`, `flags 12`. read_line() takes one such line back; it is false
/// where the value is none, and skips other names.
void write_lines(TextWriter& out, const dime_parameters& parameters);
bool read_line(Text name, Text value, dime_parameters& parameters);

}  // namespace dime::config
