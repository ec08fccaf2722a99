// SPDX-License-Identifier: GPL-2.0
// The kernel works on pages themselves, not on copies: O_DIRECT, vmsplice, and the C library's
// asynchronous I/O by threads, while other threads evict: direct_io FOLDER ROUNDS.
#include <aio.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <thread>

#include "pages.h"

namespace {

constexpr std::size_t kPages = 64;
constexpr std::size_t kOthers = 500;
std::atomic<bool> stop = false;

void keep_evicting() {
  char* pages = map_pages(kOthers);
  for (std::uint64_t version = 1; !stop.load(); ++version) {
    for (std::size_t i = 0; i < kOthers; ++i) {
      fill_page(pages + i * kPage, i, version);
    }
  }
}

void direct(const std::string& path, char* memory, std::uint64_t round) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);
  if (file < 0) {
    expect(errno == EINVAL, "open");
    return;
  }
  for (std::size_t i = 0; i < kPages; ++i) {
    fill_page(memory + i * kPage, i, round);
  }
  expect(pwrite(file, memory, kPages * kPage, 0) == kPages * kPage, "direct write");
  std::memset(memory, 0, kPages * kPage);
  expect(pread(file, memory, kPages * kPage, 0) == kPages * kPage, "direct read");
  for (std::size_t i = 0; i < kPages; ++i) {
    expect(page_is(memory + i * kPage, i, round), "page by O_DIRECT", i);
  }
  close(file);
}

void asynchronous(const std::string& path, char* memory, std::uint64_t round) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  expect(file >= 0, "open");
  for (std::size_t i = 0; i < kPages; ++i) {
    fill_page(memory + i * kPage, i, round);
  }
  for (const bool writing : {true, false}) {
    aiocb requests[4] = {};
    for (std::size_t i = 0; i < 4; ++i) {
      requests[i].aio_fildes = file;
      requests[i].aio_buf = memory + i * (kPages / 4) * kPage;
      requests[i].aio_nbytes = kPages / 4 * kPage;
      requests[i].aio_offset = static_cast<off_t>(i * (kPages / 4) * kPage);
      expect((writing ? aio_write(&requests[i]) : aio_read(&requests[i])) == 0, "aio");
    }
    for (aiocb& request : requests) {
      const aiocb* const list[] = {&request};
      while (aio_error(&request) == EINPROGRESS) {
        aio_suspend(list, 1, nullptr);
      }
      expect(aio_return(&request) == static_cast<ssize_t>(request.aio_nbytes), "aio_return");
    }
    if (writing) {
      std::memset(memory, 0, kPages * kPage);
    }
  }
  for (std::size_t i = 0; i < kPages; ++i) {
    expect(page_is(memory + i * kPage, i, round), "page by asynchronous I/O", i);
  }
  close(file);
}

// The pipe holds the pages: they may move, but what is read is what was in them.
void spliced(char* memory, std::uint64_t round) {
  int ends[2];
  expect(pipe(ends) == 0, "pipe");
  constexpr std::size_t kSpliced = 8;
  for (std::size_t i = 0; i < kSpliced; ++i) {
    fill_page(memory + i * kPage, i, round);
  }
  const iovec vector = {memory, kSpliced * kPage};
  expect(vmsplice(ends[1], &vector, 1, 0) == kSpliced * kPage, "vmsplice");
  usleep(2000);
  char* received = map_pages(kSpliced);
  expect(read(ends[0], received, kSpliced * kPage) == kSpliced * kPage, "read");
  for (std::size_t i = 0; i < kSpliced; ++i) {
    expect(page_is(received + i * kPage, i, round), "page that was spliced", i);
    expect(page_is(memory + i * kPage, i, round), "page that was given", i);
  }
  munmap(received, kSpliced * kPage);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 3, "arguments: FOLDER ROUNDS");
  const std::string path = std::string(argv[1]) + "/direct";
  const std::uint64_t rounds = std::stoull(argv[2]);
  std::thread evicting(keep_evicting);
  char* memory = map_pages(kPages);
  for (std::uint64_t round = 1; round <= rounds; ++round) {
    direct(path, memory, round);
    asynchronous(path, memory, round);
    spliced(memory, round);
  }
  stop.store(true);
  evicting.join();
  unlink(path.c_str());
  std::puts("all as it was");
  return 0;
}
