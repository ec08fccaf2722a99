// SPDX-License-Identifier: GPL-2.0
// Reads and writes that are many times larger than what may be local: large_transfers MIB.
// A file, a pipe and sockets, in one call where the kernel does it in one, and by 1,000 pieces.
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstring>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "pages.h"

namespace {

std::size_t pages = 0;

void expect_pages(const char* memory, std::uint64_t version, const char* what) {
  for (std::size_t i = 0; i < pages; ++i) {
    expect(page_is(memory + i * kPage, i, version), what, i);
  }
}

void fill_pages(char* memory, std::uint64_t version) {
  for (std::size_t i = 0; i < pages; ++i) {
    fill_page(memory + i * kPage, i, version);
  }
}

void file(char* memory) {
  const int descriptor = memfd_create("large", MFD_CLOEXEC);
  expect(descriptor >= 0, "memfd_create");
  const std::size_t bytes = pages * kPage;
  fill_pages(memory, 1);
  expect(write(descriptor, memory, bytes) == static_cast<ssize_t>(bytes), "write of a file");
  std::memset(memory, 1, bytes);
  expect(lseek(descriptor, 0, SEEK_SET) == 0, "lseek");
  expect(read(descriptor, memory, bytes) == static_cast<ssize_t>(bytes), "read of a file");
  expect_pages(memory, 1, "page that was read");
  expect(lseek(descriptor, 0, SEEK_CUR) == static_cast<off_t>(bytes), "position after the read");
  expect(read(descriptor, memory, bytes) == 0, "read at the end");

  // Longer than the file by some bytes, from the middle, at an odd address.
  fill_pages(memory, 2);
  const std::size_t half = bytes / 2;
  expect(pwrite(descriptor, memory + half - 3, half + 3, static_cast<off_t>(half - 3)) ==
             static_cast<ssize_t>(half + 3),
         "pwrite");
  std::memset(memory, 3, bytes);
  expect(pread(descriptor, memory + half - 3, half + 3, static_cast<off_t>(half - 3)) ==
             static_cast<ssize_t>(half + 3),
         "pread");
  for (std::size_t i = pages / 2; i < pages; ++i) {
    expect(page_is(memory + i * kPage, i, 2), "page that pread has read", i);
  }
  expect(memory[half - 4] == 3, "byte before what was read");
  expect(pread(descriptor, memory + 5, bytes - 5, static_cast<off_t>(half)) ==
             static_cast<ssize_t>(half),
         "pread past the end");
  expect(lseek(descriptor, 0, SEEK_CUR) == static_cast<off_t>(bytes), "position after pread");

  constexpr std::size_t kPieces = 1000;
  std::vector<iovec> vector(kPieces);
  const std::size_t piece = bytes / kPieces;
  for (std::size_t i = 0; i < kPieces; ++i) {
    // Backwards, so that no two of them are one range.
    vector[i] = {memory + (kPieces - 1 - i) * piece, piece};
  }
  fill_pages(memory, 4);
  expect(pwritev(descriptor, vector.data(), kPieces, 0) == static_cast<ssize_t>(piece * kPieces),
         "pwritev");
  std::memset(memory, 5, piece * kPieces);
  expect(preadv(descriptor, vector.data(), kPieces, 0) == static_cast<ssize_t>(piece * kPieces),
         "preadv");
  expect_pages(memory, 4, "page that preadv has read");
  close(descriptor);
}

// One thread writes everything in one call, the other reads it with calls of odd sizes.
void stream(const char* what, int from, int to, char* memory) {
  const std::size_t bytes = pages * kPage;
  fill_pages(memory, 6);
  std::thread writer([=] {
    expect(write(to, memory, bytes) == static_cast<ssize_t>(bytes), what);
    close(to);
  });
  char* received = map_pages(pages);
  std::size_t done = 0;
  const std::size_t sizes[] = {bytes, 1, 65537, 4095, std::size_t{1} << 20U};
  for (std::size_t turn = 0; done < bytes; ++turn) {
    const std::size_t size = sizes[turn % std::size(sizes)];
    const ssize_t count = read(from, received + done, size < bytes - done ? size : bytes - done);
    expect(count > 0, what);
    done += static_cast<std::size_t>(count);
  }
  char byte = 0;
  expect(read(from, &byte, 1) == 0, what);
  writer.join();
  expect_pages(received, 6, what);
  munmap(received, bytes);
  close(from);
}

void random_bytes(char* memory) {
  const std::size_t bytes = pages * kPage / 4;
  std::memset(memory, 0, bytes);
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t count = getrandom(memory + done, bytes - done, 0);
    expect(count > 0, "getrandom");
    done += static_cast<std::size_t>(count);
  }
  for (std::size_t page = 0; page < bytes / kPage; ++page) {
    expect(!page_is_zero(memory + page * kPage), "page of random bytes", page);
  }
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 2, "arguments: MIB");
  pages = std::stoul(argv[1]) * 256;
  char* memory = map_pages(pages);
  file(memory);
  int ends[2];
  expect(pipe(ends) == 0, "pipe");
  stream("pipe", ends[0], ends[1], memory);
  expect(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
  stream("socket", ends[0], ends[1], memory);
  random_bytes(memory);
  std::puts("all arrived");
  return 0;
}
