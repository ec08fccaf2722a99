// SPDX-License-Identifier: GPL-2.0
// site_table LIBRARY FOLDER: makes the library's site table in the folder and prints its path.
#include <fmt/core.h>

#include "engines/user/sites/site_cache.h"

int main(int count, char** words) {
  if (count != 3) {
    return 2;
  }
  const auto path = dime::sites::site_table_for(words[1], words[2]);
  fmt::print("{}\n", path ? *path : path.error().message);
  return path ? 0 : 1;
}
