// SPDX-License-Identifier: GPL-2.0
#include "engines/user/sites/site_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "base/cache_directory.h"
#include "engines/user/sites/site_table.h"
#include "tests/unit/runtime_folder.h"

namespace dime::sites {
namespace {

namespace fs = std::filesystem;

std::vector<char> content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const std::vector<char>& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// The file of a library of this process, by the end of its name.
std::string loaded(const std::string& name) {
  struct Search {
    std::string name;
    std::string path;
  } search{name, {}};
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto& wanted = *static_cast<Search*>(data);
        if (fs::path(info->dlpi_name).filename() == wanted.name) {
          wanted.path = info->dlpi_name;
        }
        return 0;
      },
      &search);
  return search.path;
}

void expect_all_patched_or_left(const std::string& library, const std::string& cache) {
  const auto path = site_table_for(loaded(library), cache);
  ASSERT_TRUE(path) << path.error().message;
  const std::vector<char> bytes = content(*path);
  TableView table;
  ASSERT_TRUE(table.open(bytes.data(), bytes.size()));
  unsigned patched = 0;
  for (std::uint32_t i = 0; i < table.header().site_count; ++i) {
    const Site& site = table.site(i);
    EXPECT_NE(site.verdict, Verdict::kRefuse)
        << library << " at " << std::hex << site.window << ": reason " << int(site.reason);
    patched += site.verdict == Verdict::kPatch || site.verdict == Verdict::kPatchTested ? 1 : 0;
  }
  EXPECT_GE(patched, 20U) << library;
}

TEST(SiteCache, EverySiteOfTheCLibraryIsPatchedOrLeftOnPurpose) {
  const test::RuntimeFolder folder;
  expect_all_patched_or_left("libc.so.6", folder.path());
}

TEST(SiteCache, EverySiteOfTheLoaderIsPatchedOrLeftOnPurpose) {
  const test::RuntimeFolder folder;
  expect_all_patched_or_left("ld-linux-x86-64.so.2", folder.path());
}

class SiteCacheFile : public ::testing::Test {
 protected:
  std::string table() {
    const auto path = site_table_for(library_, folder_.path());
    EXPECT_TRUE(path) << path.error().message;
    return path.value_or("");
  }
  [[nodiscard]] static ino_t inode(const std::string& path) {
    struct stat about {};
    ::stat(path.c_str(), &about);
    return about.st_ino;
  }

  test::RuntimeFolder folder_;
  std::string library_ = loaded("ld-linux-x86-64.so.2");
};

TEST_F(SiteCacheFile, IsMadeOnce) {
  const std::string path = table();
  const ino_t first = inode(path);
  EXPECT_EQ(table(), path);
  EXPECT_EQ(inode(path), first);
  EXPECT_EQ(folder_.files(), 1U) << "no temporary file stays";
}

TEST_F(SiteCacheFile, IsMadeAgainWhenItIsDamaged) {
  const std::string path = table();
  const std::vector<char> good = content(path);
  std::vector<char> bad = good;
  bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 1);
  write(path, bad);
  EXPECT_EQ(table(), path);
  EXPECT_EQ(content(path), good);
  write(path, {});
  EXPECT_EQ(table(), path);
  EXPECT_EQ(content(path), good);
}

TEST_F(SiteCacheFile, IsMadeAgainWhenItIsOfAnotherLibrary) {
  const std::string path = table();
  const std::vector<char> good = content(path);
  const auto other = site_table_for(loaded("libm.so.6"), folder_.path());
  ASSERT_TRUE(other) << other.error().message;
  write(path, content(*other));
  EXPECT_EQ(table(), path);
  EXPECT_EQ(content(path), good);
}

TEST_F(SiteCacheFile, IsNotTrustedWhenOthersMayHaveWrittenIt) {
  const std::string path = table();
  const std::vector<char> good = content(path);
  ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
  const ino_t foreign = inode(path);
  EXPECT_EQ(table(), path);
  EXPECT_NE(inode(path), foreign);
  // A link could lead to anything.
  const std::string elsewhere = folder_.path() + "/elsewhere";
  fs::rename(path, elsewhere);
  fs::create_symlink(elsewhere, path);
  EXPECT_EQ(table(), path);
  EXPECT_FALSE(fs::is_symlink(path));
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(path.c_str(), 1, 1), 0);
    EXPECT_EQ(table(), path);
    struct stat about {};
    ASSERT_EQ(::stat(path.c_str(), &about), 0);
    EXPECT_EQ(about.st_uid, 0U);
  }
  EXPECT_EQ(content(path), good);
}

TEST_F(SiteCacheFile, OfALibraryWithoutBuildIdFollowsTheFile) {
  // The note's name is taken away, so that it names no build-id.
  std::vector<char> bytes = content(library_);
  const std::string note("\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0", 16);
  const auto at = std::search(bytes.begin(), bytes.end(), note.begin(), note.end());
  ASSERT_NE(at, bytes.end());
  at[12] = 'X';
  library_ = folder_.path() + "/library";
  write(library_, bytes);
  const std::string first = table();
  EXPECT_EQ(table(), first);
  ASSERT_EQ(
      ::utimensat(AT_FDCWD, library_.c_str(), std::vector<timespec>{{1, 0}, {1, 0}}.data(), 0), 0);
  EXPECT_NE(table(), first);
}

TEST_F(SiteCacheFile, NamesWhatCannotBeRead) {
  const std::string text = folder_.path() + "/text";
  write(text, {'h', 'e', 'l', 'l', 'o'});
  const auto no_elf = site_table_for(text, folder_.path());
  ASSERT_FALSE(no_elf);
  EXPECT_EQ(no_elf.error().message, text + " is not an ELF file");
  const auto absent = site_table_for(folder_.path() + "/absent", folder_.path());
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ENOENT);
  EXPECT_FALSE(site_table_for(library_, folder_.path() + "/absent"));
}

TEST_F(SiteCacheFile, ADamagedLibraryIsAnErrorOrATable) {
  const std::vector<char> good = content(library_);
  library_ = folder_.path() + "/library";
  for (const std::size_t size : {64U, 100U, 1000U, 5000U, 100000U}) {
    write(library_, {good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)});
    (void)site_table_for(library_, folder_.path());
  }
  // Each byte of the headers in turn.
  for (std::size_t i = 0; i < 64 + 56; ++i) {
    std::vector<char> bad = good;
    bad[i] = static_cast<char>(~bad[i]);
    write(library_, bad);
    (void)site_table_for(library_, folder_.path());
  }
}

TEST(CacheDirectory, IsTheUsersAloneOrNone) {
  const test::RuntimeFolder folder;
  ::setenv("XDG_CACHE_HOME", folder.path().c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_EQ(cache_directory(), folder.path() + "/dime");
  EXPECT_TRUE(fs::is_directory(folder.path() + "/dime"));
  ::setenv("XDG_CACHE_HOME", "/proc/nowhere", 1);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_EQ(cache_directory(), "");
  ::unsetenv("XDG_CACHE_HOME");                // NOLINT(concurrency-mt-unsafe)
  ::setenv("HOME", folder.path().c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_EQ(cache_directory(), folder.path() + "/.cache/dime");
  // Others could exchange what lies in it.
  fs::permissions(folder.path() + "/.cache/dime", fs::perms::all);
  EXPECT_EQ(cache_directory(), "");
  fs::permissions(folder.path() + "/.cache/dime", fs::perms::owner_all);
  fs::permissions(folder.path(), fs::perms::all);
  EXPECT_EQ(cache_directory(), "");
  ::unsetenv("HOME");  // NOLINT(concurrency-mt-unsafe)
  EXPECT_EQ(cache_directory(), "");
}

}  // namespace
}  // namespace dime::sites
