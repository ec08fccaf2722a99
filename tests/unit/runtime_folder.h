// SPDX-License-Identifier: GPL-2.0
// A runtime directory of the test's own, gone afterwards.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace dime::test {

class RuntimeFolder {
 public:
  RuntimeFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "dime-unit-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
    ::setenv("DIME_RUNTIME_DIR", path_.c_str(), /*overwrite=*/1);  // NOLINT(concurrency-mt-unsafe)
  }
  ~RuntimeFolder() {
    ::unsetenv("DIME_RUNTIME_DIR");  // NOLINT(concurrency-mt-unsafe)
    std::filesystem::remove_all(path_);
  }
  RuntimeFolder(const RuntimeFolder&) = delete;
  RuntimeFolder& operator=(const RuntimeFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::string path_;
};

}  // namespace dime::test
