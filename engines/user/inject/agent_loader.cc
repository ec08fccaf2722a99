// SPDX-License-Identifier: GPL-2.0
#include "engines/user/inject/agent_loader.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/unique_fd.h"
#include "engines/user/agent/entry.h"
#include "engines/user/inject/process_memory.h"

namespace dime {
namespace {

// Shown as [anon:dime-agent] in /proc/PID/maps by kernels with CONFIG_ANON_VMA_NAME; others refuse,
// and nothing depends on it.
void name_mapping(HelperThread& helper, RemoteRange range) {
  if (const auto name = helper.place_text("dime-agent")) {
    static_cast<void>(helper.system_call(
        {SYS_prctl,
         {PR_SET_VMA, PR_SET_VMA_ANON_NAME, range.begin.value, range.bytes(), name->value},
         "naming a mapping"}));
  }
}

Result<void> fill(HelperThread& helper, pid_t pid, RemoteAddress base, const ElfImage& agent) {
  DIME_TRY_VOID(write_memory(pid, base, agent.bytes()));
  for (const ElfSegment& segment : agent.segments()) {
    DIME_TRY([[maybe_unused]] const auto done,
             helper.system_call({SYS_mprotect,
                                 {base.value + segment.begin, segment.bytes,
                                  static_cast<std::uint64_t>(segment.protection)},
                                 "protecting the agent's code"}));
  }
  return {};
}

}  // namespace

Result<ElfImage> read_agent(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about {};
  if (!file.valid() || ::fstat(file.get(), &about) != 0) {
    return fail(errno, "reading the agent {}", path);
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(about.st_size));
  const ssize_t count = ::pread(file.get(), bytes.data(), bytes.size(), 0);
  if (count < 0 || static_cast<std::size_t>(count) != bytes.size()) {
    return fail(count < 0 ? errno : EIO, "reading the agent {}", path);
  }
  return ElfImage::from_file(bytes, path);
}

Result<LoadedAgent> load_agent(HelperThread& helper, pid_t pid, ElfImage agent,
                               const ElfImage& libc, RemoteAddress libc_base) {
  const auto entry = agent.find(DIME_AGENT_ENTRY);
  if (!entry) {
    return fail(0, "the agent has no function {}", DIME_AGENT_ENTRY);
  }
  const std::uint64_t bytes = agent.bytes().size();
  DIME_TRY(
      const std::uint64_t base,
      helper.system_call({SYS_mmap,
                          {0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, ~0ULL, 0},
                          "mapping the agent"}));
  LoadedAgent loaded{{{base}, {base + bytes}}, {base + entry->value}, {}};
  const auto resolve = [&](const ElfSymbol& wanted) -> Result<std::uint64_t> {
    const auto found = libc.find(wanted.name);
    if (found && found->indirect) {
      return fail(0, "the C library's {} is an indirect function: the agent cannot use it",
                  wanted.name);
    }
    if (!found && !wanted.weak) {
      return fail(0, "the C library of process {} has no {}", pid, wanted.name);
    }
    if (!found) {
      return 0;
    }
    loaded.bound.push_back(libc_base + found->value);
    return loaded.bound.back().value;
  };
  auto result = agent.relocate({base}, resolve);
  if (result) {
    result = fill(helper, pid, {base}, agent);
  }
  if (!result) {
    static_cast<void>(helper.system_call({SYS_munmap, {base, bytes}, "unmapping the agent"}));
    return tl::unexpected(std::move(result).error());
  }
  name_mapping(helper, loaded.range);
  return loaded;
}

}  // namespace dime
