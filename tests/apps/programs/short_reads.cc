// SPDX-License-Identifier: GPL-2.0
// short_reads PAGES ROUNDS: reads a few bytes into a buffer of PAGES pages called "buffer", from a
// pipe and from a socket, and asks for events into it; touches every page after each.
//
// With fewer local pages than PAGES, the first page is remote before each call.
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "pages.h"

namespace {

constexpr std::string_view kMessage = "ten bytes.";

void put(char* buffer, std::size_t pages) {
  for (std::size_t page = 0; page < pages; ++page) {
    fill_page(buffer + page * kPage, page, 1);
  }
}

/// The call has written `bytes` to the buffer, and nothing behind that.
void look(char* buffer, std::size_t pages, std::size_t bytes) {
  std::array<char, kPage> first{};
  fill_page(first.data(), 0, 1);
  expect(std::memcmp(buffer + bytes, first.data() + bytes, kPage - bytes) == 0, "the first page");
  fill_page(buffer, 0, 1);
  for (std::size_t page = 1; page < pages; ++page) {
    expect(page_is(buffer + page * kPage, page, 1), "page", page);
  }
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 3, "arguments: PAGES ROUNDS");
  const std::size_t pages = std::stoul(argv[1]);
  const std::size_t bytes = pages * kPage;
  auto* const buffer = static_cast<char*>(
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  expect(buffer != MAP_FAILED, "a mapping");
  // Kernels may keep no names (CONFIG_ANON_VMA_NAME); dime is told all the same.
  static_cast<void>(::prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, buffer, bytes, "buffer"));
  int pipe[2];
  int sockets[2];
  expect(::pipe(pipe) == 0 && ::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0, "descriptors");
  const int watch = ::epoll_create1(0);
  epoll_event event{EPOLLIN, {.u64 = 1}};
  expect(::epoll_ctl(watch, EPOLL_CTL_ADD, pipe[0], &event) == 0, "epoll_ctl");
  constexpr auto kBytes = static_cast<ssize_t>(kMessage.size());
  put(buffer, pages);
  for (std::size_t round = 0; round < std::stoul(argv[2]); ++round) {
    expect(::write(pipe[1], kMessage.data(), kMessage.size()) == kBytes, "a write");
    expect(::write(sockets[1], kMessage.data(), kMessage.size()) == kBytes, "a write");
    const auto most = static_cast<int>(bytes / sizeof event);
    expect(::epoll_wait(watch, reinterpret_cast<epoll_event*>(buffer), most, -1) == 1, "an event");
    look(buffer, pages, sizeof event);
    expect(::read(pipe[0], buffer, bytes) == kBytes, "ten bytes from the pipe");
    expect(std::memcmp(buffer, kMessage.data(), kMessage.size()) == 0, "the message");
    look(buffer, pages, kMessage.size());
    expect(::recv(sockets[0], buffer, bytes, 0) == kBytes, "ten bytes from the socket");
    expect(std::memcmp(buffer, kMessage.data(), kMessage.size()) == 0, "the message");
    look(buffer, pages, kMessage.size());
  }
  return 0;
}
