// SPDX-License-Identifier: GPL-2.0
#include "base/cache_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/environment.h"
#include "base/own_file.h"

namespace dime {

// With sudo, HOME may be that of the user who called: that user could then exchange what root
// believes, and could not use what root leaves there.
std::string cache_directory() {
  const std::string cache = environment_value("XDG_CACHE_HOME");
  const std::string home = environment_value("HOME");
  std::filesystem::path path;
  std::error_code error;
  if (cache.starts_with('/')) {
    path = std::filesystem::path(cache) / "dime";
  } else if (home.starts_with('/') && is_own_folder(home)) {
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
