// SPDX-License-Identifier: GPL-2.0
// Leaves children behind that end together, when a FIFO has no writer any more, with "at-once" by
// _exit(), as shells' do: last_members FIFO CHILDREN [at-once].
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "pages.h"

int main(int argc, char** argv) {
  const bool at_once = argc == 4 && std::string(argv[3]) == "at-once";
  expect(argc == 3 || at_once, "arguments: FIFO CHILDREN [at-once]");
  int ready[2];
  expect(pipe(ready) == 0, "a pipe");
  const int children = std::stoi(argv[2]);
  for (int i = 0; i < children; ++i) {
    if (fork() == 0) {
      const int fd = open(argv[1], O_RDONLY);
      char byte = 'r';
      expect(fd >= 0 && write(ready[1], &byte, 1) == 1, "the FIFO");
      const auto rest = static_cast<int>(read(fd, &byte, 1));
      if (at_once) {
        _exit(rest);
      }
      return rest;
    }
  }
  char byte = 0;
  for (int i = 0; i < children; ++i) {
    expect(read(ready[0], &byte, 1) == 1, "a child");
  }
  return 0;
}
