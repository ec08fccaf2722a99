// SPDX-License-Identifier: GPL-2.0
// A 64-bit x86 shared object as the dynamic loader lays it out in memory: segments, symbols,
// relocations.
//
// Nothing here touches a process: images come from the bytes of a file (the agent) or from memory
// that was copied out of a process (its C library), and addresses in them count from the start of
// the image. Every offset that the object states is checked against the image, so a damaged file is
// an error and never a wild access.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engines/user/inject/remote_address.h"

namespace dime {

/// A loadable part of the image, in whole pages.
struct ElfSegment {
  std::uint64_t begin = 0;
  std::uint64_t bytes = 0;
  int protection = 0;  ///< PROT_READ | PROT_WRITE | PROT_EXEC
};

struct ElfSymbol {
  std::string_view name;  ///< points into the image
  std::uint64_t value = 0;
  bool defined = false;
  bool weak = false;
  bool indirect = false;  ///< an ifunc: the value is a function that chooses the function
};

class ElfImage {
 public:
  /// Lays out the object whose file has the bytes `file`; `name` is for messages. Refuses what a
  /// minimal loader cannot do: thread-local storage, needed libraries, text relocations.
  static Result<ElfImage> from_file(std::span<const std::byte> file, std::string name);

  /// Takes `memory`, copied from where a loader put the object: `base` in its process.
  static Result<ElfImage> from_memory(std::vector<std::byte> memory, RemoteAddress base,
                                      std::string name);

  /// Loadable ranges of an object by its first bytes (the ELF and program headers): what
  /// from_memory's caller has to copy.
  static Result<std::vector<ElfSegment>> segments_of(std::span<const std::byte> headers,
                                                     const std::string& name);

  [[nodiscard]] std::span<const std::byte> bytes() const { return image_; }
  [[nodiscard]] const std::vector<ElfSegment>& segments() const { return segments_; }

  /// The default version of a symbol that the object defines for others.
  [[nodiscard]] std::optional<ElfSymbol> find(std::string_view name) const;

  /// What a symbol of another object is bound to: its address, or 0 for "absent".
  using Resolver = std::function<Result<std::uint64_t>(const ElfSymbol&)>;

  /// Applies the relocations for an image that will lie at `base`. Kinds known: RELATIVE, 64,
  /// GLOB_DAT, JUMP_SLOT. Symbols that the object does not define come from `resolve`.
  Result<void> relocate(RemoteAddress base, const Resolver& resolve);

 private:
  ElfImage(std::vector<std::byte> image, std::string name)
      : image_(std::move(image)), name_(std::move(name)) {}

  struct Table {
    std::uint64_t begin = 0;
    std::uint64_t bytes = 0;
  };

  template <class T>
  [[nodiscard]] bool read(std::uint64_t at, T& value) const;
  [[nodiscard]] std::optional<std::string_view> text(std::uint64_t at) const;
  [[nodiscard]] std::optional<ElfSymbol> symbol(std::uint32_t index) const;
  [[nodiscard]] bool hidden_version(std::uint32_t index) const;
  Result<void> read_headers();
  Result<void> read_dynamic(std::uint64_t base, std::uint64_t at, std::uint64_t bytes);
  Result<void> relocate_table(const Table& table, RemoteAddress base, const Resolver& resolve);
  [[nodiscard]] tl::unexpected<Error> damaged(std::string_view part) const;

  std::vector<std::byte> image_;
  std::string name_;
  std::vector<ElfSegment> segments_;
  Table dynamic_;
  std::uint64_t symbols_ = 0;
  std::uint64_t strings_ = 0;
  std::uint64_t gnu_hash_ = 0;
  std::uint64_t versions_ = 0;  ///< 0 = symbols have no versions
  Table relocations_;
  Table jump_slots_;
  bool self_contained_ = true;
};

}  // namespace dime
