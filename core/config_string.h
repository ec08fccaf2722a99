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

#include "core/parameters.h"
#include "core/text.h"

namespace dime::config {

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
  kNoSuchInstance,  ///< neither an instance nor an id that may be created
  kTooFewPages,     ///< with scope=all
  kNoSuchScope,     ///< not one that the engine manages
  kNoSuchPolicy,
  kNoSuchProcess,
  kNotPermitted,   ///< the process belongs to somebody else
  kPidTaken,       ///< the process is a member of another instance
  kNotAMember,     ///< pid=- of a process that is not in the instance
  kCannotEmulate,  ///< the process is static, 32-bit or a kernel thread
  kNoSuchPrefetcher,
  kCannotPrefetch,  ///< the engine fetches nothing ahead
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

/// What is known of the instance that a string names.
struct Present {
  const dime_parameters* parameters = nullptr;  ///< null: there is no such instance
  std::uint32_t next_id = 0;                    ///< one above the highest id that there is
};

/// What is there, as the caller knows it. Questions return kNone or the reason to refuse.
class Validator {
 public:
  virtual Present instance(std::uint32_t id) = 0;
  virtual Reason policy(const char* name) = 0;
  virtual Reason prefetch(const char* name) = 0;
  virtual Reason scope(std::uint32_t scope) = 0;
  virtual Reason pid(std::uint32_t instance_id, PidOperation operation, std::uint32_t pid) = 0;

 protected:
  ~Validator() = default;
};

/// Asks `validator` about everything in a parsed plan and returns the first refusal. `text` is what
/// was parsed.
Error check(const Plan& plan, Text text, Validator& validator);

/// Whether an instance may be created with this id where the highest is `next_id` - 1. One that
/// stays without members is created in order, so that a mistyped id leaves nothing behind; one that
/// goes with its last member may have any.
bool may_create(const Plan& plan, std::uint32_t next_id);

/// Reads the value of one key into `plan`, which then has it. `part` becomes the part of it that is
/// refused, and `why` what is to be said of it, if there is more than the reason.
Reason read_value(Key key, Text value, Plan& plan, Text& part, const char*& why);

const char* text_of(Reason reason);

/// Writes one line for a person: the key, the value, the reason, and what is allowed. Always closed
/// by a NUL; returns the length that the whole line has.
std::uint64_t describe(const Error& error, char* buffer, std::uint64_t size);

/// True if `text` can be the name of a policy or a link: letters, digits, '-', '_' and '.', first a
/// letter or digit, shorter than DIME_NAME_BYTES.
bool is_name(Text text);

}  // namespace dime::config
