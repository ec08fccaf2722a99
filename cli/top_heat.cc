// SPDX-License-Identifier: GPL-2.0
#include "cli/top_heat.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "base/file_text.h"
#include "base/printable.h"
#include "base/unique_fd.h"
#include "dime/abi.h"
#include "engines/user/inject/process_maps.h"

namespace dime {
namespace {

constexpr std::size_t kMostText = 64 << 20;
constexpr std::uint64_t kMostPages = 4 << 20;  // 16 GiB: 32 MiB of pagemap
constexpr std::uint64_t kPart = 32 << 10;      // pages that are read at a time
constexpr std::uint64_t kPresentOrSwapped = std::uint64_t{3} << 62;

bool has_flag(const std::string& flags, const char* flag) {
  return (flags + ' ').find(fmt::format(" {} ", flag)) != std::string::npos;
}

// Of private anonymous memory, what userfaultfd watches, but for where the agent keeps what is
// remote; all of it where nothing is watched (the kernel engine needs no userfaultfd).
Result<std::vector<MappingHeat>> managed_mappings(pid_t pid) {
  const std::string path = fmt::format("/proc/{}/smaps", pid);
  const auto text = read_text_file(path, kMostText);
  if (!text) {
    return fail(0, "{}: {}", path, text.error().message);
  }
  std::vector<MappingHeat> watched;
  std::vector<MappingHeat> all;
  MappingHeat current;
  bool anonymous = false;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (const auto header = parse_maps(line); !header.empty()) {
      const ProcessMapping& mapping = header.front();
      current = {};
      current.begin = mapping.range.begin.value;
      current.end = mapping.range.end.value;
      current.name = printable(mapping.name);
      anonymous = mapping.writable && !mapping.shared && mapping.inode == 0;
    } else if (anonymous && line.starts_with("VmFlags:")) {
      const bool store = has_flag(line, "nr") && has_flag(line, "dd");
      if (!store) {
        all.push_back(current);
      }
      if (!store && has_flag(line, "um")) {
        watched.push_back(current);
      }
    }
  }
  return watched.empty() ? all : watched;
}

// Which pages of the mapping are there.
Result<std::vector<bool>> read_local(int fd, const MappingHeat& mapping) {
  const std::uint64_t first = mapping.begin / DIME_PAGE_BYTES;
  const std::uint64_t count = mapping.end / DIME_PAGE_BYTES - first;
  std::vector<bool> local(count);
  std::vector<std::uint64_t> entries;
  for (std::uint64_t done = 0; done < count;) {
    entries.resize(std::min(kPart, count - done));
    const ssize_t bytes = ::pread(fd, entries.data(), entries.size() * sizeof entries[0],
                                  static_cast<off_t>((first + done) * sizeof entries[0]));
    if (bytes <= 0) {
      return fail(bytes < 0 ? errno : ESRCH, "reading which pages are local");
    }
    const std::uint64_t read = static_cast<std::uint64_t>(bytes) / sizeof entries[0];
    for (std::uint64_t i = 0; i < read; ++i) {
      local[done + i] = (entries[i] & kPresentOrSwapped) != 0;
    }
    done += std::max<std::uint64_t>(read, 1);
  }
  return local;
}

}  // namespace

Result<void> TopHeat::refresh(pid_t pid) {
  const std::string path = fmt::format("/proc/{}/pagemap", pid);
  const UniqueFd pagemap(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!pagemap.valid()) {
    return fail(errno, "{}", path);
  }
  DIME_TRY(std::vector<MappingHeat> mappings, managed_mappings(pid));
  const auto now = std::chrono::steady_clock::now();
  const bool first_look = pid != pid_;
  const std::vector<Pages> before = first_look ? std::vector<Pages>() : std::move(pages_);
  pages_.clear();
  partial_ = false;
  std::uint64_t looked_at = 0;
  auto earlier = before.begin();
  for (MappingHeat& mapping : mappings) {
    Pages pages;
    pages.first = mapping.begin / DIME_PAGE_BYTES;
    const std::uint64_t count = mapping.end / DIME_PAGE_BYTES - pages.first;
    if (looked_at + count > kMostPages) {
      partial_ = true;
      continue;
    }
    looked_at += count;
    DIME_TRY(pages.local, read_local(pagemap.get(), mapping));
    pages.seen = pages.local;
    for (std::uint64_t i = 0; i < count; ++i) {
      // A mapping may have grown, or be what was two.
      while (earlier != before.end() && earlier->first + earlier->local.size() <= pages.first + i) {
        ++earlier;
      }
      const bool known = earlier != before.end() && earlier->first <= pages.first + i;
      const std::uint64_t at = known ? pages.first + i - earlier->first : 0;
      const bool was_local = known && earlier->local[at];
      pages.seen[i] = pages.local[i] || (known && earlier->seen[at]);
      mapping.local += pages.local[i] ? 1 : 0;
      mapping.away += pages.seen[i] && !pages.local[i] ? 1 : 0;
      if (pages.local[i] && !was_local && !first_look) {
        ++mapping.came;
        ++mapping.came_in_cell[i * MappingHeat::kCells / count];
      }
    }
    pages_.push_back(std::move(pages));
  }
  mappings_ = std::move(mappings);
  seconds_ = first_look ? 0 : std::chrono::duration<double>(now - looked_).count();
  looked_ = now;
  pid_ = pid;
  return {};
}

}  // namespace dime
