// SPDX-License-Identifier: GPL-2.0
// The site table: where a library's `syscall` instructions are, and the code that takes their
// place.
//
// The launcher decodes a library once and keeps the table in a file; the agent, which has no
// decoder, maps the file and applies it. All code in it is ready but for addresses: the launcher
// encodes it as if the library were loaded at 0 and the stubs lay at 0, and lists the fields to
// adjust. File: header, sites, fix-ups, gates, stubs; little-endian, each part aligned to 8 bytes.
// Freestanding: both sides compile this file.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dime::sites {

constexpr std::uint64_t kMagic = 0x45544953454d4944;  // "DIMESITE"
/// Raised with every change of the layout, of the stubs' code or of the rules for windows, so that
/// an older cache is decoded again.
constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kMostWindowBytes = 24;
constexpr std::uint32_t kMostIdBytes = 20;
constexpr std::uint16_t kUnknownNumber = 0xffff;

enum class Verdict : std::uint8_t {
  kPatch,        ///< the number is constant: always through the hook
  kPatchTested,  ///< the number is not constant, or clone: the stub looks at the registers first
  kLeave,        ///< on purpose: rt_sigreturn, vfork, clone3
  kRefuse,       ///< no window; see Reason
};

enum class Reason : std::uint8_t {
  kNone,
  kBranchTarget,  ///< something jumps into every window
  kNotMovable,    ///< branches or calls on both sides
  kDoubtful,      ///< may be data: the text does not decode cleanly and the number is not constant
};

/// One `syscall` instruction. Addresses count from the library's load base.
struct Site {
  std::uint32_t window;      ///< first byte that is replaced; of the instruction where none is
  std::uint32_t stub;        ///< offset in the stubs; 0 unless Verdict::kPatch or kPatchTested
  std::uint16_t number;      ///< kUnknownNumber where it is not constant
  std::uint8_t bytes;        ///< of the window: 5 or more; 2 where nothing is replaced
  std::uint8_t instruction;  ///< offset of the `syscall` in the window
  Verdict verdict;
  Reason reason;
  std::uint8_t reserved[2];
  std::uint8_t original[kMostWindowBytes];
};
static_assert(sizeof(Site) == 40);

struct Header {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t file_bytes;
  std::uint64_t checksum;  ///< of the whole file with this field 0
  std::uint8_t id[kMostIdBytes];
  std::uint32_t id_bytes;    ///< of the build-id; 0 = the library has none, and `id` is made from
                             ///< the file's inode, size and times
  std::uint32_t text_begin;  ///< the pages that hold all windows
  std::uint32_t text_end;
  std::uint32_t library_end;  ///< end of the library's addresses
  std::uint32_t site_count;
  std::uint32_t fixup_count;
  std::uint32_t gate_count;
  std::uint32_t stub_bytes;
  std::uint32_t reserved;
};
static_assert(sizeof(Header) == 80);

/// Offset in the stubs of a 32-bit displacement to something in the library: to be increased by
/// (load base - address of the stubs).
using Fixup = std::uint32_t;

/// Offset in the stubs of an 8-byte cell: to be filled with the address of a gate (patch.h) that
/// returns behind the cell.
using Gate = std::uint32_t;

/// Offsets in the stubs of two 8-byte cells: the addresses of the thunks.
constexpr std::uint32_t kThunkCell = 0;
constexpr std::uint32_t kTestedThunkCell = 8;

/// A table in memory that belongs to somebody else. All members are null or 0 until open().
class TableView {
 public:
  /// Checks magic, version, size, checksum, and that every offset lies inside what it points into:
  /// a table that opens cannot make its user write outside the stubs and the text. False: leave it.
  bool open(const void* data, std::size_t bytes);

  [[nodiscard]] const Header& header() const { return *header_; }
  [[nodiscard]] const Site& site(std::uint32_t i) const { return sites_[i]; }
  [[nodiscard]] Fixup fixup(std::uint32_t i) const { return fixups_[i]; }
  [[nodiscard]] Gate gate(std::uint32_t i) const { return gates_[i]; }
  [[nodiscard]] const std::uint8_t* stubs() const { return stubs_; }

 private:
  const Header* header_ = nullptr;
  const Site* sites_ = nullptr;
  const Fixup* fixups_ = nullptr;
  const Gate* gates_ = nullptr;
  const std::uint8_t* stubs_ = nullptr;
};

/// What the header's checksum is for `bytes` bytes of file at `data`; the field itself counts as 0.
std::uint64_t checksum(const void* data, std::size_t bytes);

}  // namespace dime::sites
