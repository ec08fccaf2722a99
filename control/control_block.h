// SPDX-License-Identifier: GPL-2.0
// The file of an instance: created, mapped, listed, removed.
//
// A block appears in the directory complete (it is written under no name and then linked), so a
// reader never sees half of one, and two creators of one id cannot both succeed. Changes of the
// parameters are serialised by a lock on the file that the kernel drops when its holder dies; the
// sequence number lets agents read without that lock.
#pragma once

#include <cstdint>
#include <string>

#include "base/process.h"
#include "base/unique_fd.h"
#include "control/fault_path.h"
#include "core/parameters.h"
#include "dime/abi.h"

namespace dime {

/// Where the block of this user's instance lies.
std::string control_path(std::uint32_t instance_id);

/// What a new instance starts with.
struct NewInstance {
  dime_parameters parameters{};
  dime_calibration calibration{};
  ProcessId owner{};  ///< keeps the instance alive while it runs; pid 0 = none
  bool keep = false;  ///< stays without members until it is removed
  const dime_placement* placement = nullptr;  ///< null: no tiers but `default` and `local`
  FaultPath fault_path{};
};

/// One mapped block. Movable; unmaps when it goes. The file stays until remove().
class ControlBlock {
 public:
  /// Creates the block of `instance_id`. Error code EEXIST: there is one already.
  static Result<ControlBlock> create(std::uint32_t instance_id, const NewInstance& content);

  /// Creates the block with the lowest free id.
  static Result<ControlBlock> create_next(const NewInstance& content);

  /// Creates a block without a name in the directory. Its path leads through /proc to this process
  /// and works as long as this object lives.
  static Result<ControlBlock> create_private(const NewInstance& content);

  /// Maps an existing block. Error code ENOENT: no such file; EPERM: not a block of this user;
  /// EPROTO: of another version, or of another instance than its name says.
  static Result<ControlBlock> open(const std::string& path);

  ControlBlock(ControlBlock&& other) noexcept;
  ControlBlock& operator=(ControlBlock&& other) noexcept;
  ControlBlock(const ControlBlock&) = delete;
  ControlBlock& operator=(const ControlBlock&) = delete;
  ~ControlBlock();

  [[nodiscard]] dime_control& operator*() const { return *control_; }
  [[nodiscard]] dime_control* operator->() const { return control_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::uint32_t id() const { return id_; }

  /// A consistent copy of the parameters; `sequence` in it is even.
  [[nodiscard]] dime_parameters parameters() const;

  /// Holds every other writer of the block off while it lives. Not to outlive the block.
  class Writing {
   public:
    Writing(Writing&& other) noexcept;
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;
    Writing& operator=(Writing&&) = delete;
    ~Writing();

   private:
    friend class ControlBlock;
    explicit Writing(int fd) : fd_(fd) {}
    int fd_;
  };
  /// Waits until nobody else writes. Whoever derives what is written from what the block says takes
  /// it before reading.
  [[nodiscard]] Result<Writing> write() const;

  /// Changes what `plan` gives for every member at once, and tiers and rules, where they are given.
  void apply(const Writing& held, const config::Plan& plan,
             const dime_placement* placement = nullptr);
  Result<void> apply(const config::Plan& plan);

  /// Removes the file; members that still map it keep their copy. Nothing happens where the name
  /// belongs to another block by now.
  void remove();

 private:
  ControlBlock(UniqueFd fd, dime_control* control, std::string path);
  UniqueFd fd_;
  dime_control* control_ = nullptr;
  std::string path_;
  std::uint32_t id_ = 0;
};

}  // namespace dime
