// SPDX-License-Identifier: GPL-2.0
// Nobody counts the users of a named link: a count would be wrong after the first killed process.
// Whether a link is in use is read off the instances that name it, under one lock (on the folder
// itself, so that no lock file stays behind).
#include "control/directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <set>
#include <thread>

#include "base/own_file.h"
#include "base/patience.h"
#include "control/members.h"
#include "control/runtime_directory.h"
#include "control/snapshot.h"

namespace dime {
namespace {

std::string own_prefix() {
  return fmt::format("dime-{}-", ::geteuid());
}

// A file of this user's in the runtime directory.
std::string own_path(std::string_view kind, const std::string& name) {
  return fmt::format("{}/{}{}{}", runtime_directory(), own_prefix(), kind, name);
}

// A process of this user that was stopped may hold the lock for ever; after a moment the work is
// done without it. The worst outcome then is a link that its last user made anew.
class DirectoryLock {
 public:
  DirectoryLock() : fd_(::open(runtime_directory().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    constexpr auto kPause = std::chrono::milliseconds(5);
    if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) {
      return;
    }
    const auto end = std::chrono::steady_clock::now() + patience(std::chrono::milliseconds(1'000));
    while (::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0 && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(kPause);
    }
  }

 private:
  UniqueFd fd_;
};

// Names in the runtime directory that begin as this user's do, without that beginning.
Result<std::vector<std::string>> own_names() {
  const std::string prefix = own_prefix();
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entries(runtime_directory(), error);
  for (const auto end = std::filesystem::directory_iterator(); !error && entries != end;
       entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    if (name.starts_with(prefix)) {
      names.push_back(name.substr(prefix.size()));
    }
  }
  if (error) {
    return fail(error.value(), "listing {}", runtime_directory());
  }
  return names;
}

std::vector<std::uint32_t> ids_among(const std::vector<std::string>& names) {
  std::vector<std::uint32_t> ids;
  for (const std::string& name : names) {
    std::uint32_t id = 0;
    const char* const end = name.data() + name.size();
    const auto read = std::from_chars(name.data(), end, id);
    if (read.ec == std::errc{} && read.ptr == end) {
      ids.push_back(id);
    }
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

constexpr std::string_view kLinkPrefix = "link-";
constexpr std::string_view kEventsPrefix = "events-";
constexpr std::string_view kPolicyPrefix = "policy-";
constexpr std::string_view kPrefetcherPrefix = "prefetcher-";

// REQUIRES: the directory lock.
void remove_links_unnamed_by(const std::vector<ControlBlock>& blocks,
                             const std::vector<std::string>& names) {
  std::set<std::string> named;
  for (const ControlBlock& block : blocks) {
    const auto content = snapshot(block);
    named.insert(content->parameters.link);
    for (const dime_tier& tier : content->placement.tiers) {
      named.insert(tier.link);
    }
  }
  for (const std::string& name : names) {
    if (name.starts_with(kLinkPrefix) && !named.contains(name.substr(kLinkPrefix.size()))) {
      ::unlink(link_path(name.substr(kLinkPrefix.size())).c_str());
    }
  }
}

// What whoever was killed has left. REQUIRES: the directory lock.
void remove_without_instance(std::string_view prefix, const std::vector<ControlBlock>& blocks,
                             const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (!name.starts_with(prefix)) {
      continue;
    }
    const std::string id = name.substr(prefix.size());
    if (std::none_of(blocks.begin(), blocks.end(),
                     [&](const ControlBlock& block) { return id == std::to_string(block.id()); })) {
      ::unlink(own_path(prefix, id).c_str());
    }
  }
}

// REQUIRES: the directory lock.
Result<std::vector<ControlBlock>> open_and_clean() {
  DIME_TRY(const std::vector<std::string> names, own_names());
  std::vector<ControlBlock> blocks;
  for (const std::uint32_t id : ids_among(names)) {
    auto block = ControlBlock::open(control_path(id));
    if (!block) {
      continue;
    }
    reap_dead_members(**block);
    if (is_stale(**block)) {
      block->remove();
    } else {
      blocks.push_back(std::move(*block));
    }
  }
  remove_links_unnamed_by(blocks, names);
  for (const std::string_view prefix : {kEventsPrefix, kPolicyPrefix, kPrefetcherPrefix}) {
    remove_without_instance(prefix, blocks, names);
  }
  return blocks;
}

}  // namespace

std::string link_path(const std::string& name) {
  return own_path(kLinkPrefix, name);
}

std::string event_path(std::uint32_t instance_id) {
  return own_path(kEventsPrefix, std::to_string(instance_id));
}

std::string policy_path(std::uint32_t instance_id) {
  return own_path(kPolicyPrefix, std::to_string(instance_id));
}

std::string prefetcher_path(std::uint32_t instance_id) {
  return own_path(kPrefetcherPrefix, std::to_string(instance_id));
}

Result<std::vector<ControlBlock>> open_instances() {
  if (auto usable = check_runtime_directory(); !usable) {
    return usable.error().code == ENOENT ? Result<std::vector<ControlBlock>>()
                                         : tl::unexpected(usable.error());
  }
  const DirectoryLock lock;
  return open_and_clean();
}

std::vector<Error> unusable_instances() {
  std::vector<Error> found;
  const auto names = own_names();
  for (const std::uint32_t id : names ? ids_among(*names) : std::vector<std::uint32_t>()) {
    const auto block = ControlBlock::open(control_path(id));
    if (!block && block.error().code != ENOENT) {
      found.push_back(block.error());
    }
  }
  return found;
}

Result<void> remove_unused_links() {
  DIME_TRY_VOID(open_instances());
  return {};
}

Result<dime_link> read_link(const std::string& name) {
  const std::string path = link_path(name);
  constexpr FileSizes kWhole{sizeof(dime_link), sizeof(dime_link)};
  DIME_TRY(const UniqueFd file, open_own_file(path, O_RDONLY, kWhole));
  dime_link link{};
  if (::pread(file.get(), &link, sizeof link, 0) != ssize_t{sizeof link} ||
      link.magic != DIME_LINK_MAGIC || link.abi_version != DIME_ABI_VERSION) {
    return fail(EPROTO, "{} is not a link of this version of dime", path);
  }
  return link;
}

Result<void> ensure_link(const std::string& name) {
  DIME_TRY(const std::string directory, ensure_runtime_directory());
  const DirectoryLock lock;
  const std::string path = link_path(name);
  if (auto found = read_link(name); found || found.error().code != ENOENT) {
    return found ? Result<void>() : tl::unexpected(found.error());
  }
  dime_link link{};
  link.magic = DIME_LINK_MAGIC;
  link.abi_version = DIME_ABI_VERSION;
  name.copy(link.name, sizeof link.name - 1);
  const UniqueFd made(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!made.valid() || ::pwrite(made.get(), &link, sizeof link, 0) != ssize_t{sizeof link}) {
    return fail(errno, "creating link {}", path);
  }
  const std::string unnamed = fmt::format("/proc/self/fd/{}", made.get());
  if (::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) != 0 &&
      errno != EEXIST) {
    return fail(errno, "creating link {}", path);
  }
  return {};
}

}  // namespace dime
