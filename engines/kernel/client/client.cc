// SPDX-License-Identifier: GPL-2.0
#include "engines/kernel/client/client.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

namespace dime::kernel {
namespace {

Result<std::string> read_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    return fail(errno, "opening {}", path);
  }
  constexpr std::size_t kStep = 1 << 16;
  std::string text;
  for (;;) {
    const std::size_t had = text.size();
    text.resize(had + kStep);
    const ssize_t length = ::read(file.get(), text.data() + had, kStep);
    if (length < 0 && errno == EINTR) {
      text.resize(had);
      continue;
    }
    if (length < 0) {
      return fail(errno, "reading {}", path);
    }
    text.resize(had + static_cast<std::size_t>(length));
    if (length == 0) {
      return text;
    }
  }
}

Result<void> write_file(const std::string& path, const std::string& text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.valid()) {
    return fail(errno, "opening {}", path);
  }
  // One write is one string; an interrupted one has changed nothing.
  ssize_t length = 0;
  while ((length = ::write(file.get(), text.data(), text.size())) < 0 && errno == EINTR) {
  }
  if (length != static_cast<ssize_t>(text.size())) {
    return fail(errno, "writing {}", path);
  }
  return {};
}

}  // namespace

bool Client::is_loaded() const {
  return ::access(config_path().c_str(), F_OK) == 0;
}

Result<void> Client::check_usable() const {
  if (!is_loaded()) {
    return fail_with_hint("dime module load",
                          "the kernel engine is not available: dime.ko is not loaded");
  }
  // Root of a container has the file's mode on its side, but not the module.
  if (!UniqueFd(::open(config_path().c_str(), O_WRONLY | O_CLOEXEC)).valid()) {
    Error error =
        fail(errno, "the kernel engine is not available: writing {}", config_path()).value();
    error.code = 0;
    error.hint = "run dime as root";
    return tl::unexpected(std::move(error));
  }
  DIME_TRY([[maybe_unused]] const Stats stats, this->stats());
  return {};
}

Result<Stats> Client::stats() const {
  DIME_TRY(const std::string text, read_file(proc_ + "/dime_stats"));
  return parse_stats(text);
}

Result<std::string> Client::table() const {
  return read_file(config_path());
}

Result<void> Client::configure(const std::string& text, Refused* refused) const {
  auto written = write_file(config_path(), text);
  if (written) {
    return {};
  }
  const auto now = stats();
  if (now && refused != nullptr && written.error().code == EINVAL) {
    *refused = now->refused;
  }
  if (now && !now->refusal.empty()) {
    return fail(0, "{}", now->refusal);
  }
  return written;
}

Result<Rules> Client::rules(std::uint32_t id) const {
  const auto text = read_file(rules_path());
  // Rules show addresses and are root's; the rest of an instance is for everybody.
  if (!text && text.error().code == EACCES) {
    return Rules{};
  }
  return text ? Result<Rules>(rules_in(*text, id)) : tl::unexpected(text.error());
}

Result<void> Client::place(std::uint32_t id, const Rules& rules) const {
  return write_file(rules_path(), rules_text(id, rules));
}

Result<UniqueFd> Client::lock() const {
  UniqueFd file(::open(config_path().c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.valid()) {
    return fail(errno, "opening {}", config_path());
  }
  while (::flock(file.get(), LOCK_EX) != 0) {
    if (errno != EINTR) {
      return fail(errno, "locking {}", config_path());
    }
  }
  return file;
}

Result<void> Client::note_floor(std::uint64_t floor_ns) const {
  return write_file(parameters_ + "/floor_ns", fmt::format("{}", floor_ns));
}

std::vector<pid_t> pids_in(std::string_view table, std::uint32_t id) {
  std::vector<pid_t> pids;
  while (!table.empty()) {
    const std::size_t end = std::min(table.find('\n'), table.size());
    std::string_view line = table.substr(0, end);
    table.remove_prefix(std::min(end + 1, table.size()));
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    std::uint32_t row = 0;
    const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), row);
    if (error != std::errc{} || row != id) {
      continue;
    }
    // The last column: each pid with a comma behind it.
    line.remove_prefix(line.rfind(' ') + 1);
    while (!line.empty()) {
      pid_t pid = 0;
      std::from_chars(line.data(), line.data() + line.size(), pid);
      pids.push_back(pid);
      line.remove_prefix(std::min(line.find(',') + 1, line.size()));
    }
  }
  return pids;
}

std::uint32_t next_free_id(const Stats& stats) {
  std::uint32_t id = 0;
  while (find_instance(stats, id) != nullptr) {
    ++id;
  }
  return id;
}

}  // namespace dime::kernel
