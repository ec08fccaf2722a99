// SPDX-License-Identifier: GPL-2.0
// Reads its pages again and again in one order and verifies each: scans PAGES ROUNDS ORDER, where
// ORDER is `forward`, `backward`, `random`, or the step of a stride. Every eighth page that it
// reads it writes anew, and after half of the rounds it forks a child that verifies all pages while
// the parent goes on.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "pages.h"

namespace {

struct Pages {
  char* memory;
  std::vector<std::uint64_t> versions;

  [[nodiscard]] char* at(std::size_t page) const { return memory + page * kPage; }
  void verify(std::size_t page) const {
    expect(page_is(at(page), page, versions[page]), "page", page);
  }
};

std::vector<std::size_t> order_of(const std::string& name, std::size_t pages) {
  std::vector<std::size_t> order;
  const std::size_t step =
      name == "forward" || name == "backward" || name == "random" ? 1 : std::stoul(name);
  for (std::size_t first = 0; first < step; ++first) {
    for (std::size_t page = first; page < pages; page += step) {
      order.push_back(page);
    }
  }
  for (std::size_t i = pages; name == "backward" && i > pages / 2; --i) {
    std::swap(order[i - 1], order[pages - i]);
  }
  for (std::size_t i = pages; name == "random" && i > 1; --i) {
    std::swap(order[i - 1], order[mix(i) % i]);
  }
  return order;
}

void child_verifies(const Pages& pages) {
  for (std::size_t page = 0; page < pages.versions.size(); ++page) {
    pages.verify(page);
  }
  _exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 4, "arguments: PAGES ROUNDS ORDER");
  const std::size_t count = std::stoul(argv[1]);
  const std::size_t rounds = std::stoul(argv[2]);
  Pages pages{map_pages(count), std::vector<std::uint64_t>(count, 1)};
  for (std::size_t page = 0; page < count; ++page) {
    fill_page(pages.at(page), page, 1);
  }
  const std::vector<std::size_t> order = order_of(argv[3], count);
  pid_t child = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    if (round == rounds / 2) {
      child = fork();
      if (child == 0) {
        child_verifies(pages);
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      pages.verify(order[i]);
      if (i % 8 == 0) {
        fill_page(pages.at(order[i]), order[i], ++pages.versions[order[i]]);
      }
    }
  }
  int status = -1;
  expect(waitpid(child, &status, 0) == child && status == 0, "child", status);
  std::printf("%zu pages, %zu rounds\n", count, rounds);
  return 0;
}
