// SPDX-License-Identifier: GPL-2.0
#include "experiments/results_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>

namespace dime::experiments {
namespace {

using Json = nlohmann::ordered_json;
constexpr int kFileMode = 0644;

// The name of a new file is on the disk, too, once its folder is.
void sync_folder_of(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::absolute(path).parent_path();
  const UniqueFd folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.valid()) {
    ::fsync(folder.get());
  }
}

Result<void> write_all(int fd, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = ::write(fd, text.data() + done, text.size() - done);
    if (wrote < 0 && errno != EINTR) {
      return fail(errno, "writing");
    }
    done += wrote > 0 ? static_cast<std::size_t>(wrote) : 0;
  }
  return ::fsync(fd) == 0 || errno == EINVAL ? Result<void>() : fail(errno, "writing");
}

tl::unexpected<Error> not_json(const std::string& path, std::size_t number) {
  return fail(0, "{}:{}: not JSON; allowed: lines that dime sweep wrote", path, number);
}

}  // namespace

Result<ResultsFile> ResultsFile::open(const std::string& path, Mode mode) {
  ResultsFile results;
  results.path_ = path;
  const int flags = mode == Mode::kRead ? O_RDONLY : O_RDWR | O_CREAT | O_APPEND;
  results.file_.reset(::open(path.c_str(), flags | O_CLOEXEC, kFileMode));
  if (!results.file_.valid()) {
    if (mode == Mode::kRead && errno == ENOENT) {
      return results;
    }
    return fail(errno, "--output {}: cannot be written", path);
  }
  if (mode != Mode::kRead && ::flock(results.file_.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(0, "--output {}: another sweep writes to it", path);
  }
  std::error_code error;
  if (mode == Mode::kNew && std::filesystem::file_size(path, error) != 0) {
    return fail_with_hint("dime sweep --resume goes on with it",
                          "--output {}: has results already; allowed: a new file", path);
  }
  DIME_TRY_VOID(results.read());
  if (mode != Mode::kRead) {
    sync_folder_of(path);
  }
  return results;
}

Result<void> ResultsFile::take_line(const std::string& text, std::size_t number) {
  const Json line = Json::parse(text, nullptr, false);
  if (line.is_discarded()) {
    return not_json(path_, number);
  }
  auto record = parse_record(line);
  if (!record) {
    return fail(0, "{}:{}: {}", path_, number, record.error().message);
  }
  records_.push_back(std::move(*record));
  spec_ = line.value("spec", Json());
  return {};
}

// The end of a file that no sweep wrote is not to be dropped as a line that was cut.
Result<void> ResultsFile::check_cut(const std::string& text, std::size_t number) const {
  constexpr std::string_view kBegin = R"({"schema":)";
  if (!text.starts_with(kBegin.substr(0, text.size()))) {
    return not_json(path_, number);
  }
  const Json line = Json::parse(text, nullptr, false);
  if (const auto record = parse_record(line); !line.is_discarded() && !record) {
    return fail(0, "{}:{}: {}", path_, number, record.error().message);
  }
  return {};
}

Result<void> ResultsFile::read() {
  std::ifstream file(path_);
  off_t whole = 0;  // bytes up to the end of the last whole line
  std::size_t number = 0;
  for (std::string text; std::getline(file, text);) {
    ++number;
    if (file.eof()) {
      DIME_TRY_VOID(check_cut(text, number));
      was_cut_ = true;
      cut_from_ = whole;
      break;
    }
    DIME_TRY_VOID(take_line(text, number));
    whole += static_cast<off_t>(text.size() + 1);
  }
  return {};
}

Result<Record> ResultsFile::append(const Json& line) {
  if (cut_from_ >= 0 && ::ftruncate(file_.get(), std::exchange(cut_from_, -1)) != 0) {
    return fail(errno, "--output {}: dropping its cut last line", path_);
  }
  const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
  const off_t before = ::lseek(file_.get(), 0, SEEK_END);
  if (auto written = write_all(file_.get(), text); !written) {
    const int code = written.error().code;
    const bool undone = ::ftruncate(file_.get(), before) == 0;
    return fail(code, "{}: the last run could not be written{}", path_,
                undone ? "" : ", and the file ends with a part of it");
  }
  DIME_TRY(Record record, parse_record(line));
  records_.push_back(record);
  return record;
}

}  // namespace dime::experiments
