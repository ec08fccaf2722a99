// SPDX-License-Identifier: GPL-2.0
#include "engines/user/own_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

#include "engines/user/inject/elf_image.h"
#include "engines/user/inject/own_image.h"
#include "engines/user/sites/borrowed_state.h"

namespace dime {
namespace {

constexpr const char* kBuild =
    "for dime run: cc -shared -fPIC -O2 -nostdlib -mgeneral-regs-only -fno-stack-protector";

Result<std::string> bytes_of(std::string_view label, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file || bytes.size() > DIME_OWN_IMAGE_BYTES / 2) {
    return fail(0, "{}{}: cannot be read, or has more than {} bytes", label, path,
                DIME_OWN_IMAGE_BYTES / 2);
  }
  return bytes;
}

// The code runs between two instructions of the program, whose registers it has to leave alone.
Result<void> check_code(std::string_view label, const std::string& path, const std::string& bytes) {
  const std::span code(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  DIME_TRY(const sites::ElfCode elf, sites::read_elf_code(code, path));
  if (const auto at = sites::find_borrowed_state(elf)) {
    return fail_with_hint(kBuild, "{}{}: the code at {:#x} uses {}, which belong to the program",
                          label, path, at->address, at->what);
  }
  return {};
}

// The words that differ where the image is relocated for two addresses, by that difference.
Result<std::vector<std::uint64_t>> relocations_of(std::string_view label, const std::string& path,
                                                  const ElfImage& image) {
  const auto resolve = [&](const ElfSymbol& wanted) -> Result<std::uint64_t> {
    if (wanted.weak) {
      return 0;
    }
    return fail_with_hint(kBuild, "{}{}: needs {}, and there is no C library where it runs", label,
                          path, wanted.name);
  };
  constexpr std::uint64_t kOther = 0x10'0000'0000;
  ElfImage here = image;
  ElfImage there = image;
  DIME_TRY_VOID(here.relocate({0}, resolve));
  DIME_TRY_VOID(there.relocate({kOther}, resolve));
  std::vector<std::uint64_t> offsets;
  for (std::uint64_t at = 0; at + sizeof(std::uint64_t) <= here.bytes().size();
       at += sizeof(std::uint64_t)) {
    std::uint64_t one = 0;
    std::uint64_t other = 0;
    std::memcpy(&one, here.bytes().data() + at, sizeof one);
    std::memcpy(&other, there.bytes().data() + at, sizeof other);
    if (other - one == kOther) {
      offsets.push_back(at);
    }
  }
  return offsets;
}

template <class T>
void append(std::string& to, const T* from, std::size_t count) {
  to.append(reinterpret_cast<const char*>(from), count * sizeof(T));
}

}  // namespace

Result<std::string> own_image(std::string_view label, const std::string& path, const char* symbol,
                              std::uint64_t created_ns) {
  DIME_TRY(const std::string bytes, bytes_of(label, path));
  auto laid_out = ElfImage::from_file(std::as_bytes(std::span(bytes)), path);
  if (!laid_out) {
    return fail_with_hint(kBuild, "{}{}", label, laid_out.error().message);
  }
  ElfImage image = std::move(*laid_out);
  DIME_TRY_VOID(check_code(label, path, bytes));
  const auto ops = image.find(symbol);
  if (!ops || image.segments().size() > DIME_OWN_IMAGE_SEGMENTS) {
    return fail(0, "{}{}: exports no {}, or has more than {} segments", label, path, symbol,
                DIME_OWN_IMAGE_SEGMENTS);
  }
  DIME_TRY(const std::vector<std::uint64_t> offsets, relocations_of(label, path, image));
  DIME_TRY_VOID(
      image.relocate({0}, [](const ElfSymbol& /*weak*/) -> Result<std::uint64_t> { return 0; }));
  dime_own_image header{};
  header.magic = DIME_OWN_IMAGE_MAGIC;
  header.version = DIME_OWN_IMAGE_VERSION;
  header.created_ns = created_ns;
  header.image_bytes = image.bytes().size();
  header.ops = ops->value;
  header.relocation_count = offsets.size();
  for (const ElfSegment& segment : image.segments()) {
    header.segments[header.segment_count++] = {segment.begin, segment.bytes,
                                               static_cast<std::uint32_t>(segment.protection), 0};
  }
  std::string content;
  append(content, &header, 1);
  append(content, image.bytes().data(), image.bytes().size());
  append(content, offsets.data(), offsets.size());
  return content;
}

}  // namespace dime
