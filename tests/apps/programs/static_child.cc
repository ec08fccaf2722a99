// SPDX-License-Identifier: GPL-2.0
// Linked statically: a program that cannot be followed. Touches memory, prints, ends with
// status 21.
#include <cstring>

#include "pages.h"

int main() {
  char* region = map_pages(100);
  std::memset(region, 1, 100 * kPage);
  std::printf("static program, %d\n", region[99 * kPage]);
  return 21;
}
