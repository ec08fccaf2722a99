// SPDX-License-Identifier: GPL-2.0
// Leaves children behind that end together, when a FIFO has no writer any more:
// last_members FIFO CHILDREN.
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "pages.h"

int main(int argc, char** argv) {
  expect(argc == 3, "arguments: FIFO CHILDREN");
  int ready[2];
  expect(pipe(ready) == 0, "a pipe");
  const int children = std::stoi(argv[2]);
  for (int i = 0; i < children; ++i) {
    if (fork() == 0) {
      const int fd = open(argv[1], O_RDONLY);
      char byte = 'r';
      expect(fd >= 0 && write(ready[1], &byte, 1) == 1, "the FIFO");
      return static_cast<int>(read(fd, &byte, 1));
    }
  }
  char byte = 0;
  for (int i = 0; i < children; ++i) {
    expect(read(ready[0], &byte, 1) == 1, "a child");
  }
  return 0;
}
