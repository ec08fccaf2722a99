// SPDX-License-Identifier: GPL-2.0
#include "engines/user/inject/elf_image.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "engines/user/agent/entry.h"
#include "engines/user/inject/process_maps.h"
#include "engines/user/inject/process_memory.h"

namespace dime {
namespace {

constexpr std::uint64_t kBase = 0x10000;

std::vector<std::byte> agent_file() {
  std::ifstream file(DIME_TEST_AGENT, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Result<std::uint64_t> all_absent(const ElfSymbol& symbol) {
  EXPECT_TRUE(symbol.weak) << symbol.name;
  return 0;
}

std::uint64_t word_at(const ElfImage& image, std::uint64_t at) {
  std::uint64_t word = 0;
  std::memcpy(&word, image.bytes().data() + at, sizeof word);
  return word;
}

struct OwnLibc {
  RemoteAddress base;
  ElfImage image;
};

OwnLibc own_libc() {
  const RemoteAddress base = *find_libc(*read_maps(::getpid()));
  return {base, *read_library(::getpid(), base, "libc")};
}

// Of the C library itself: a sanitizer puts functions of its own before it.
std::uint64_t loaders_answer(const char* name) {
  void* const libc = ::dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
  const auto address = reinterpret_cast<std::uint64_t>(::dlsym(libc, name));
  ::dlclose(libc);
  return address;
}

TEST(ElfImage, FindsWhatTheLoaderFinds) {
  const OwnLibc libc = own_libc();
  for (const char* const name :
       {"mmap", "brk", "execve", "__errno_location", "__register_atfork", "pthread_create"}) {
    const ElfSymbol symbol = libc.image.find(name).value_or(ElfSymbol{});
    ASSERT_TRUE(symbol.defined) << name;
    EXPECT_EQ(libc.base.value + symbol.value, loaders_answer(name)) << name;
    EXPECT_FALSE(symbol.indirect) << name;
  }
}

TEST(ElfImage, PrefersTheDefaultVersion) {
  // Two versions with different code; dlsym gives the default one.
  const OwnLibc libc = own_libc();
  const ElfSymbol symbol = libc.image.find("pthread_cond_wait").value_or(ElfSymbol{});
  ASSERT_TRUE(symbol.defined);
  EXPECT_EQ(libc.base.value + symbol.value, loaders_answer("pthread_cond_wait"));
}

TEST(ElfImage, KnowsIndirectFunctionsAndAbsentOnes) {
  const OwnLibc libc = own_libc();
  EXPECT_TRUE(libc.image.find("strlen").value_or(ElfSymbol{}).indirect);
  EXPECT_FALSE(libc.image.find("dime_has_no_such_function"));
  EXPECT_FALSE(libc.image.find(""));
}

TEST(ElfImage, LaysOutTheAgent) {
  auto image = ElfImage::from_file(agent_file(), "agent");
  ASSERT_TRUE(image) << image.error().message;
  const ElfSymbol entry = image->find(DIME_AGENT_ENTRY).value_or(ElfSymbol{});
  ASSERT_TRUE(entry.defined);
  const auto& segments = image->segments();
  const auto holds_entry = [&](const ElfSegment& segment) {
    return entry.value >= segment.begin && entry.value < segment.begin + segment.bytes;
  };
  const auto code = std::find_if(segments.begin(), segments.end(), holds_entry);
  ASSERT_NE(code, segments.end());
  EXPECT_EQ(code->protection, PROT_READ | PROT_EXEC);
  for (const ElfSegment& segment : segments) {
    EXPECT_NE(segment.protection & (PROT_WRITE | PROT_EXEC), PROT_WRITE | PROT_EXEC);
  }
}

TEST(ElfImage, RelocationMovesAddressesWithTheBase) {
  auto first = ElfImage::from_file(agent_file(), "agent");
  auto second = ElfImage::from_file(agent_file(), "agent");
  ASSERT_TRUE(first && second);
  ASSERT_TRUE(first->relocate({kBase}, all_absent));
  ASSERT_TRUE(second->relocate({2 * kBase}, all_absent));
  unsigned moved = 0;
  for (std::uint64_t at = 0; at + sizeof(std::uint64_t) <= first->bytes().size();
       at += sizeof(std::uint64_t)) {
    const std::uint64_t difference = word_at(*second, at) - word_at(*first, at);
    EXPECT_TRUE(difference == 0 || difference == kBase) << at;
    moved += difference == kBase ? 1 : 0;
  }
  EXPECT_GT(moved, 0u);
}

TEST(ElfImage, BindsUndefinedSymbols) {
  constexpr std::uint64_t kMark = 0xfeedf00dfeedf00d;
  auto image = ElfImage::from_file(agent_file(), "agent");
  ASSERT_TRUE(image);
  unsigned asked = 0;
  ASSERT_TRUE(image->relocate({kBase}, [&](const ElfSymbol&) -> Result<std::uint64_t> {
    ++asked;
    return kMark;
  }));
  unsigned bound = 0;
  for (std::uint64_t at = 0; at + sizeof(kMark) <= image->bytes().size(); at += sizeof(kMark)) {
    bound += word_at(*image, at) == kMark ? 1 : 0;
  }
  EXPECT_GT(asked, 0u);
  EXPECT_EQ(bound, asked);
}

TEST(ElfImage, AResolverMayRefuse) {
  auto image = ElfImage::from_file(agent_file(), "agent");
  ASSERT_TRUE(image);
  const auto result =
      image->relocate({kBase}, [](const ElfSymbol& symbol) -> Result<std::uint64_t> {
        return fail(0, "no {}", symbol.name);
      });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message.substr(0, 3), "no ");
}

TEST(ElfImage, RefusesWhatCannotBeInjected) {
  // The C library needs a loader and has thread-local storage.
  Dl_info libc{};
  ASSERT_NE(::dladdr(reinterpret_cast<void*>(&::getppid), &libc), 0);
  std::ifstream file(libc.dli_fname, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  EXPECT_FALSE(ElfImage::from_file(std::as_bytes(std::span(text)), "libc"));
}

TEST(ElfImage, DamagedFilesAreErrors) {
  const std::vector<std::byte> file = agent_file();
  for (std::size_t length = 0; length < 2048; ++length) {
    EXPECT_FALSE(ElfImage::from_file(std::span(file).first(length), "agent")) << length;
  }
  // Any byte of the headers and tables changed: an error or an image, but no wild access.
  for (std::size_t at = 0; at < 2048; ++at) {
    std::vector<std::byte> damaged = file;
    damaged[at] ^= std::byte{0xff};
    if (auto image = ElfImage::from_file(damaged, "agent")) {
      static_cast<void>(image->find(DIME_AGENT_ENTRY));
      static_cast<void>(image->relocate(
          {kBase}, [](const ElfSymbol&) -> Result<std::uint64_t> { return std::uint64_t{0}; }));
    }
  }
}

}  // namespace
}  // namespace dime
