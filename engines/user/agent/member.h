// SPDX-License-Identifier: GPL-2.0
// This process's place in its instance's control block.
#pragma once

#include "core/units.h"
#include "dime/abi.h"
#include "dime/events.h"

struct stat;

namespace dime::agent {

/// Maps the control block and owns one member slot of it. Used by one thread at a time.
class Membership {
 public:
  /// Maps the block at `path`. 0, -EPROTO for another version of the layout, -EPERM for a file that
  /// others can write, -ENAMETOOLONG, or a negative errno.
  long map(const char* path);
  /// Takes a slot for this process (its own from before an exec, or a free one). 0 or -EUSERS.
  long take_slot();
  /// Ends the membership: gives back what the slot counts, and leaves it in `state`.
  void leave(dime_member_state state);
  void unmap();

  [[nodiscard]] bool mapped() const { return control_ != nullptr; }
  [[nodiscard]] dime_control& control() const { return *control_; }
  [[nodiscard]] dime_member& member() const { return *member_; }
  [[nodiscard]] const char* path() const { return path_; }

  /// Gives back what members count whose process is gone. Returns how many there were.
  unsigned reap() const;

  /// Removes the control block's file if this is its last member and no `dime run` waits for the
  /// result.
  void remove_if_last() const;

  /// Maps the link file `<runtime>/dime-<uid>-link-<name>` beside the control block; null where
  /// there is none. Maps it anew at each call: for set-up and changes only.
  [[nodiscard]] dime_link* named_link(const char* name) const;

  /// False for a process that is known to have ended; true for one that cannot be judged from here.
  [[nodiscard]] bool may_run(std::uint32_t pid, std::uint64_t start_time,
                             std::uint64_t namespaces) const;

  /// The ring beside the control block; null: nobody records.
  [[nodiscard]] dime_events* events() const { return events_; }

  // Kinds of files beside the control block: what the user has written for the instance.
  static constexpr const char* kPolicyFile = "policy-";
  static constexpr const char* kPrefetcherFile = "prefetcher-";

  /// Opens the file dime-UID-KIND-NAME beside the control block, as open_own_file() does.
  long open_beside(const char* kind, const char* name, long access, std::uint64_t least,
                   std::uint64_t most, struct stat& about) const;
  /// The instance's id as names of files beside its block end.
  [[nodiscard]] const char* instance_name() const { return path_ + id_in_path(); }

  /// Notes a problem for the summary, if none is noted yet.
  void note_problem(const char* text) const;

 private:
  static constexpr unsigned kPathBytes = 256;
  static constexpr unsigned kBesideBytes = kPathBytes + DIME_NAME_BYTES + 8;  ///< of name_beside()

  /// Where the instance's id begins in the path of its control block: after the last dash.
  [[nodiscard]] unsigned id_in_path() const;

  bool name_beside(char* path, const char* kind, const char* name) const;
  void remove_beside(const char* kind) const;

  /// Maps the file dime-UID-KIND-NAME beside the control block, of exactly `bytes`. Its address, or
  /// a negative errno.
  [[nodiscard]] long map_beside(const char* kind, const char* name, std::uint64_t bytes) const;
  void map_events();

  dime_control* control_ = nullptr;
  dime_events* events_ = nullptr;
  dime_member* member_ = nullptr;
  /// Of the block, and so of its links: the program may change its own user after the start.
  std::uint32_t owner_ = 0;
  char path_[kPathBytes] = {};
};

}  // namespace dime::agent
