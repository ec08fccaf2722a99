// SPDX-License-Identifier: GPL-2.0
// ioctl. Most commands carry the size and the direction of what their argument points to (_IOC).
// Older ones are listed here; of those that are not, a little memory behind the argument is taken.
// Pointers within device-specific structures are followed for network interfaces and extents only.
#include "engines/user/agent/inline/collector.h"

namespace dime::agent {
namespace {

struct Command {
  std::uint16_t number;
  std::uint8_t bytes;
  bool written;
};

constexpr std::uint64_t kGuess = 256;

constexpr Command kOld[] = {
    {0x0001, 4, true},     // FIBMAP
    {0x0002, 4, true},     // FIGETBSZ
    {0x0301, 16, true},    // HDIO_GETGEO
    {0x125d, 4, false},    // BLKROSET
    {0x125e, 4, true},     // BLKROGET
    {0x1260, 8, true},     // BLKGETSIZE
    {0x1263, 8, true},     // BLKRAGET
    {0x1265, 8, true},     // BLKFRAGET
    {0x1267, 2, true},     // BLKSECTGET
    {0x1268, 4, true},     // BLKSSZGET
    {0x1277, 16, false},   // BLKDISCARD
    {0x1278, 4, true},     // BLKIOMIN
    {0x1279, 4, true},     // BLKIOOPT
    {0x127a, 4, true},     // BLKALIGNOFF
    {0x127b, 4, true},     // BLKPBSZGET
    {0x127c, 4, true},     // BLKDISCARDZEROES
    {0x127d, 16, false},   // BLKSECDISCARD
    {0x127e, 2, true},     // BLKROTATIONAL
    {0x127f, 16, false},   // BLKZEROOUT
    {0x5401, 36, true},    // TCGETS
    {0x5402, 36, false},   // TCSETS
    {0x5403, 36, false},   // TCSETSW
    {0x5404, 36, false},   // TCSETSF
    {0x5405, 18, true},    // TCGETA
    {0x5406, 18, false},   // TCSETA
    {0x5407, 18, false},   // TCSETAW
    {0x5408, 18, false},   // TCSETAF
    {0x540f, 4, true},     // TIOCGPGRP
    {0x5410, 4, false},    // TIOCSPGRP
    {0x5411, 4, true},     // TIOCOUTQ
    {0x5412, 1, false},    // TIOCSTI
    {0x5413, 8, true},     // TIOCGWINSZ
    {0x5414, 8, false},    // TIOCSWINSZ
    {0x5415, 4, true},     // TIOCMGET
    {0x5416, 4, false},    // TIOCMBIS
    {0x5417, 4, false},    // TIOCMBIC
    {0x5418, 4, false},    // TIOCMSET
    {0x5419, 4, true},     // TIOCGSOFTCAR
    {0x541a, 4, false},    // TIOCSSOFTCAR
    {0x541b, 4, true},     // FIONREAD
    {0x541e, 72, true},    // TIOCGSERIAL
    {0x541f, 72, false},   // TIOCSSERIAL
    {0x5420, 4, false},    // TIOCPKT
    {0x5421, 4, false},    // FIONBIO
    {0x5423, 4, false},    // TIOCSETD
    {0x5424, 4, true},     // TIOCGETD
    {0x5429, 4, true},     // TIOCGSID
    {0x542e, 32, true},    // TIOCGRS485
    {0x542f, 32, true},    // TIOCSRS485
    {0x5452, 4, false},    // FIOASYNC
    {0x5456, 36, true},    // TIOCGLCKTRMIOS
    {0x5457, 36, false},   // TIOCSLCKTRMIOS
    {0x5460, 8, true},     // FIOQSIZE
    {0x8901, 4, false},    // FIOSETOWN
    {0x8902, 4, false},    // SIOCSPGRP
    {0x8903, 4, true},     // FIOGETOWN
    {0x8904, 4, true},     // SIOCGPGRP
    {0x8905, 4, true},     // SIOCATMARK
    {0x8906, 16, true},    // SIOCGSTAMP
    {0x8907, 16, true},    // SIOCGSTAMPNS
    {0x890b, 120, false},  // SIOCADDRT
    {0x890c, 120, false},  // SIOCDELRT
    {0x8953, 68, false},   // SIOCDARP
    {0x8954, 68, true},    // SIOCGARP
    {0x8955, 68, false},   // SIOCSARP
};

constexpr std::uint64_t kInterfaceRequest = 40;  // struct ifreq

// SIOCGIFCONF: a length, and a pointer to an array that is filled.
void collect_interfaces(std::uint64_t pointer, Collector& collect) {
  struct Interfaces {
    std::int32_t bytes;
    std::int32_t padding;
    std::uint64_t array;
  } interfaces{};
  if (collect.out(pointer, sizeof interfaces) && collect.read(pointer, interfaces) &&
      interfaces.bytes > 0) {
    collect.out(interfaces.array, static_cast<std::uint64_t>(interfaces.bytes));
  }
}

// SIOCETHTOOL: an interface's name, and a pointer to a structure that depends on its first word.
void collect_ethtool(std::uint64_t pointer, Collector& collect) {
  struct Request {
    char name[16];
    std::uint64_t data;
  } request{};
  if (collect.out(pointer, kInterfaceRequest) && collect.read(pointer, request)) {
    collect.out(request.data, kGuess);
  }
}

// UFFDIO_COPY of a userfaultfd of the program's own.
void collect_userfault_copy(std::uint64_t pointer, Collector& collect) {
  struct {
    std::uint64_t to, from, bytes, mode, copied;
  } request{};
  if (collect.out(pointer, sizeof request) && collect.read(pointer, request)) {
    collect.array(request.from, request.bytes, 1, false);
  }
}

// PAGEMAP_SCAN: what it finds goes to an array.
void collect_page_scan(std::uint64_t pointer, std::uint64_t bytes, Collector& collect) {
  struct {
    std::uint64_t size, flags, begin, end, walked, found, most;
  } request{};
  constexpr std::uint64_t kRegion = 24;
  if (collect.out(pointer, bytes) && collect.read(pointer, request)) {
    collect.array(request.found, request.most, kRegion, true);
  }
}

// An array of `element` bytes each follows the structure; their number is in its word at `offset`.
void collect_trailing(std::uint64_t pointer, std::uint64_t header, std::uint64_t offset,
                      std::uint32_t mask, std::uint64_t element, Collector& collect) {
  std::uint32_t count = 0;
  if (collect.out(pointer, header) && collect.read(pointer + offset, count)) {
    collect.array(pointer + header, count & mask, element, true);
  }
}

}  // namespace

void collect_ioctl(std::uint64_t command, std::uint64_t pointer, Collector& collect) {
  switch (command) {
    case 0x8912:  // SIOCGIFCONF
      return collect_interfaces(pointer, collect);
    case 0x8946:  // SIOCETHTOOL
      return collect_ethtool(pointer, collect);
    case 0xc020660b:  // FS_IOC_FIEMAP
      return collect_trailing(pointer, 32, 24, ~0U, 56, collect);
    case 0xc0189436:  // FIDEDUPERANGE
      return collect_trailing(pointer, 24, 16, 0xffff, 32, collect);
    case 0xc028aa03:  // UFFDIO_COPY
      return collect_userfault_copy(pointer, collect);
    case 0xc0606610:  // PAGEMAP_SCAN
      return collect_page_scan(pointer, 96, collect);
    case 0x400454ca:  // TUNSETIFF, which says int
    case 0x800454d2:  // TUNGETIFF, which says unsigned
      collect.out(pointer, kInterfaceRequest);
      return;
    default:
      break;
  }
  const std::uint64_t direction = command >> 30U;
  if (direction != 0) {
    constexpr std::uint64_t kRead = 2;  // _IOC_READ: the kernel writes
    collect.add(pointer, command >> 16U & 0x3fff, (direction & kRead) != 0);
    return;
  }
  for (const Command& old : kOld) {
    if (old.number == command) {
      collect.add(pointer, old.bytes, old.written);
      return;
    }
  }
  // Of sockets, nearly all are about an interface.
  collect.out(pointer, command >> 8U == 0x89 ? kInterfaceRequest : kGuess);
}

}  // namespace dime::agent
