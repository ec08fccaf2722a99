// SPDX-License-Identifier: GPL-2.0
#include "base/cache_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/own_file.h"

namespace dime {

// With sudo, HOME may be that of the user who called: that user could then exchange what root
// believes, and could not use what root leaves there.
std::string cache_directory() {
  const char* const cache = std::getenv("XDG_CACHE_HOME");  // NOLINT(concurrency-mt-unsafe)
  const char* const home = std::getenv("HOME");             // NOLINT(concurrency-mt-unsafe)
  std::filesystem::path path;
  std::error_code error;
  if (cache != nullptr && *cache == '/') {
    path = std::filesystem::path(cache) / "dime";
  } else if (home != nullptr && *home == '/' && is_own_folder(home)) {
    path = std::filesystem::path(home) / ".cache" / "dime";
  } else {
    return {};
  }
  std::filesystem::create_directories(path.parent_path(), error);
  ::mkdir(path.c_str(), S_IRWXU);
  return is_own_folder(path.string()) && ::access(path.c_str(), W_OK | X_OK) == 0 ? path.string()
                                                                                  : std::string();
}

}  // namespace dime
