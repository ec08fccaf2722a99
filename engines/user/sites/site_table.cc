// SPDX-License-Identifier: GPL-2.0
#include "engines/user/sites/site_table.h"

namespace dime::sites {
namespace {

constexpr std::uint64_t kJumpBytes = 5;
constexpr std::uint64_t kSyscallBytes = 2;
constexpr std::uint64_t kCellsEnd = 16;

std::uint64_t aligned(std::uint64_t bytes) {
  return (bytes + 7) & ~std::uint64_t{7};
}

std::uint64_t word_at(const unsigned char* bytes) {
  std::uint64_t word = 0;
  __builtin_memcpy(&word, bytes, sizeof word);
  return word;
}

bool is_patched(const Site& site) {
  return site.verdict == Verdict::kPatch || site.verdict == Verdict::kPatchTested;
}

bool is_sound(const Site& site, const Header& header) {
  const std::uint64_t end = std::uint64_t{site.window} + site.bytes;
  if (site.bytes > kMostWindowBytes || site.bytes < kSyscallBytes ||
      site.instruction > site.bytes - kSyscallBytes || end > header.library_end) {
    return false;
  }
  return !is_patched(site) ||
         (site.bytes >= kJumpBytes && site.window >= header.text_begin && end <= header.text_end &&
          site.stub >= kCellsEnd && site.stub < header.stub_bytes);
}

}  // namespace

std::uint64_t checksum(const void* data, std::size_t bytes) {
  // FNV-1a over words instead of bytes, with a rotation so that high bits come down again.
  constexpr std::uint64_t kPrime = 0x100000001b3;
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  const auto* const at = static_cast<const unsigned char*>(data);
  std::uint64_t sum = 0xcbf29ce484222325;
  for (std::size_t i = 0; i + kWord <= bytes; i += kWord) {
    const std::uint64_t word = i == offsetof(Header, checksum) ? 0 : word_at(at + i);
    sum = (sum ^ word) * kPrime;
    sum ^= sum >> 29;
  }
  return sum;
}

bool TableView::open(const void* data, std::size_t bytes) {
  if (bytes < sizeof(Header)) {
    return false;
  }
  const auto* const begin = static_cast<const std::uint8_t*>(data);
  const auto* const header = static_cast<const Header*>(data);
  if (header->magic != kMagic || header->version != kVersion || header->file_bytes != bytes ||
      bytes % sizeof(std::uint64_t) != 0 || header->checksum != checksum(data, bytes)) {
    return false;
  }
  const std::uint64_t sites = sizeof(Header);
  const std::uint64_t fixups = sites + std::uint64_t{header->site_count} * sizeof(Site);
  const std::uint64_t gates = fixups + aligned(std::uint64_t{header->fixup_count} * sizeof(Fixup));
  const std::uint64_t stubs = gates + aligned(std::uint64_t{header->gate_count} * sizeof(Gate));
  if (stubs + aligned(header->stub_bytes) != bytes || header->stub_bytes < kCellsEnd ||
      header->id_bytes > kMostIdBytes || header->text_begin > header->text_end ||
      header->text_end > header->library_end) {
    return false;
  }
  header_ = header;
  sites_ = reinterpret_cast<const Site*>(begin + sites);
  fixups_ = reinterpret_cast<const Fixup*>(begin + fixups);
  gates_ = reinterpret_cast<const Gate*>(begin + gates);
  stubs_ = begin + stubs;
  for (std::uint32_t i = 0; i < header->site_count; ++i) {
    if (!is_sound(sites_[i], *header)) {
      return false;
    }
  }
  const auto inside = [header](std::uint32_t offset, std::uint32_t field) {
    return offset >= kCellsEnd && offset <= header->stub_bytes &&
           header->stub_bytes - offset >= field;
  };
  for (std::uint32_t i = 0; i < header->fixup_count; ++i) {
    if (!inside(fixups_[i], sizeof(std::int32_t))) {
      return false;
    }
  }
  for (std::uint32_t i = 0; i < header->gate_count; ++i) {
    if (!inside(gates_[i], sizeof(std::uint64_t))) {
      return false;
    }
  }
  return true;
}

}  // namespace dime::sites
