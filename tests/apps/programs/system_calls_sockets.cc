// SPDX-License-Identifier: GPL-2.0
// Sockets: addresses with lengths beside them, messages with vectors and control data, options.
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "system_calls.h"

namespace {

sockaddr_un named(const char* name) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, name, sizeof address.sun_path - 1);
  return address;
}

int socket_of(int domain, int type) {
  const int result = socket(domain, type | SOCK_CLOEXEC, 0);
  expect(result >= 0, "socket");
  return result;
}

iovec* place_vector(char* first, std::size_t first_bytes, char* second, std::size_t second_bytes) {
  char* memory = place_bytes(2 * sizeof(iovec));
  const iovec entries[2] = {{first, first_bytes}, {second, second_bytes}};
  std::memcpy(memory, entries, sizeof entries);
  return reinterpret_cast<iovec*>(memory);
}

int* place_pair() {
  return reinterpret_cast<int*>(place_bytes(2 * sizeof(int)));
}

void addresses() {
  const int server = socket_of(AF_UNIX, SOCK_STREAM);
  call("bind", SYS_bind, server, place(named("server.sock")), sizeof(sockaddr_un));
  call("listen", SYS_listen, server, 4);
  for (const long number : {SYS_accept, SYS_accept4}) {
    const int client = socket_of(AF_UNIX, SOCK_STREAM);
    const std::string name = number == SYS_accept ? "first.sock" : "second.sock";
    call("bind", SYS_bind, client, place(named(name.c_str())), sizeof(sockaddr_un));
    call("connect", SYS_connect, client, place(named("server.sock")), sizeof(sockaddr_un));
    auto* address = place<sockaddr_un>({});
    auto* length = place<socklen_t>(sizeof(sockaddr_un));
    const long accepted = open_call("accept", number, server, address, length, SOCK_CLOEXEC);
    print("address", at(length), " " + std::string(at(address).sun_path));
    address = place<sockaddr_un>({});
    length = place<socklen_t>(sizeof(sockaddr_un));
    call("getpeername", SYS_getpeername, client, address, length);
    print("address", at(length), " " + std::string(at(address).sun_path));
    // Cut off.
    char* few = place_bytes(6);
    length = place<socklen_t>(6);
    call("getsockname", SYS_getsockname, client, few, length);
    print_bytes("address", at(length), few, 6);
    auto* credentials = place<ucred>({});
    length = place<socklen_t>(sizeof(ucred));
    call("getsockopt SO_PEERCRED", SYS_getsockopt, client, SOL_SOCKET, SO_PEERCRED, credentials,
         length);
    print_value("uid", at(credentials).uid);
    close(static_cast<int>(accepted));
    close(client);
    unlink(name.c_str());
  }
  call("connect to nothing", SYS_connect, socket_of(AF_UNIX, SOCK_STREAM), place(named("no.sock")),
       sizeof(sockaddr_un));
  close(server);
  unlink("server.sock");
}

void options() {
  const int end = socket_of(AF_INET, SOCK_STREAM);
  call("setsockopt", SYS_setsockopt, end, SOL_SOCKET, SO_KEEPALIVE, place<int>(1), sizeof(int));
  call("setsockopt", SYS_setsockopt, end, SOL_SOCKET, SO_LINGER, place<linger>({1, 5}),
       sizeof(linger));
  auto* value = place<int>(0);
  auto* length = place<socklen_t>(sizeof(int));
  call("getsockopt", SYS_getsockopt, end, SOL_SOCKET, SO_KEEPALIVE, value, length);
  print_value("value", at(value));
  auto* wait = place<linger>({});
  length = place<socklen_t>(sizeof(linger));
  call("getsockopt", SYS_getsockopt, end, SOL_SOCKET, SO_LINGER, wait, length);
  print_value("l_linger", at(wait).l_linger);
  char* information = place_bytes(sizeof(tcp_info));
  length = place<socklen_t>(sizeof(tcp_info));
  call("getsockopt", SYS_getsockopt, end, IPPROTO_TCP, TCP_INFO, information, length);
  print_value("state", information[0]);

  struct ifreq request = {};
  std::strcpy(request.ifr_name, "lo");
  auto* asked = place(request);
  call("ioctl SIOCGIFINDEX", SYS_ioctl, end, SIOCGIFINDEX, asked);
  print_value("index", at(asked).ifr_ifindex);
  struct ifconf all = {};
  all.ifc_len = 40 * sizeof(ifreq);
  all.ifc_buf = place_bytes(40 * sizeof(ifreq));
  auto* interfaces = place(all);
  call("ioctl SIOCGIFCONF", SYS_ioctl, end, SIOCGIFCONF, interfaces);
  print_value("ifc_len", at(interfaces).ifc_len);
  print("first", 0, " " + std::string(all.ifc_len > 0 ? all.ifc_buf : "none"));
  close(end);
}

void datagrams() {
  int* pair = place_pair();
  call("socketpair", SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, pair);
  const int left = at(pair);
  const int right = at(pair + 1);
  call("sendto", SYS_sendto, left, place_text("datagram"), 8, 0, nullptr, 0);
  char* buffer = place_bytes(20);
  print_bytes("recvfrom",
              quiet_call(SYS_recvfrom, right, buffer, 20, MSG_DONTWAIT, nullptr, nullptr), buffer,
              20);

  const int receiver = socket_of(AF_UNIX, SOCK_DGRAM);
  call("bind", SYS_bind, receiver, place(named("receiver.sock")), sizeof(sockaddr_un));
  const int sender = socket_of(AF_UNIX, SOCK_DGRAM);
  call("bind", SYS_bind, sender, place(named("sender.sock")), sizeof(sockaddr_un));
  call("sendto", SYS_sendto, sender, place_text("addressed"), 9, 0, place(named("receiver.sock")),
       sizeof(sockaddr_un));
  buffer = place_bytes(9);
  auto* address = place<sockaddr_un>({});
  auto* length = place<socklen_t>(sizeof(sockaddr_un));
  print_bytes("recvfrom", quiet_call(SYS_recvfrom, receiver, buffer, 9, 0, address, length), buffer,
              9);
  print("address", at(length), " " + std::string(at(address).sun_path));

  // Several at once, each in two pieces.
  struct Messages {
    mmsghdr each[3];
  } messages = {};
  for (mmsghdr& message : messages.each) {
    message.msg_hdr.msg_iov = place_vector(place_text("many "), 5, place_text("messages"), 8);
    message.msg_hdr.msg_iovlen = 2;
    message.msg_hdr.msg_name = place(named("receiver.sock"));
    message.msg_hdr.msg_namelen = sizeof(sockaddr_un);
  }
  auto* sent = place(messages);
  call("sendmmsg", SYS_sendmmsg, sender, sent, 3, 0);
  print_value("msg_len", at(&sent->each[2].msg_len));
  char* pieces[3][2];
  for (int i = 0; i < 3; ++i) {
    pieces[i][0] = place_bytes(4);
    pieces[i][1] = place_bytes(9);
    messages.each[i].msg_hdr.msg_iov = place_vector(pieces[i][0], 4, pieces[i][1], 9);
    messages.each[i].msg_hdr.msg_name = place_bytes(sizeof(sockaddr_un));
  }
  auto* received = place(messages);
  call("recvmmsg", SYS_recvmmsg, receiver, received, 3, MSG_DONTWAIT, place<timespec>({1, 0}));
  for (int i = 0; i < 3; ++i) {
    print("message", at(&received->each[i].msg_len),
          " " + std::string(pieces[i][0], 4) + "," + std::string(pieces[i][1], 9));
  }
  for (const int end : {left, right, receiver, sender}) {
    close(end);
  }
  unlink("receiver.sock");
  unlink("sender.sock");
}

// Descriptors as control data.
void control_data() {
  int* pair = place_pair();
  call("socketpair", SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
  const int left = at(pair);
  const int right = at(pair + 1);
  const int file = open("passed", O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600);
  expect(write(file, "content", 7) == 7, "write");
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  cmsghdr header = {};
  header.cmsg_len = CMSG_LEN(sizeof(int));
  header.cmsg_level = SOL_SOCKET;
  header.cmsg_type = SCM_RIGHTS;
  std::memcpy(control, &header, sizeof header);
  std::memcpy(CMSG_DATA(reinterpret_cast<cmsghdr*>(control)), &file, sizeof file);
  msghdr message = {};
  message.msg_iov = place_vector(place_text("with"), 4, place_text(" file"), 5);
  message.msg_iovlen = 2;
  message.msg_control = place_bytes(sizeof control);
  std::memcpy(message.msg_control, control, sizeof control);
  message.msg_controllen = sizeof control;
  call("sendmsg", SYS_sendmsg, left, place(message), 0);
  char* first = place_bytes(3);
  char* second = place_bytes(6);
  message.msg_iov = place_vector(first, 3, second, 6);
  message.msg_control = place_bytes(sizeof control);
  auto* received = place(message);
  call("recvmsg", SYS_recvmsg, right, received, MSG_CMSG_CLOEXEC);
  print("message", static_cast<long>(at(received).msg_controllen),
        " " + std::string(first, 3) + "," + std::string(second, 6));
  int passed = -1;
  std::memcpy(control, message.msg_control, sizeof control);
  std::memcpy(&passed, CMSG_DATA(reinterpret_cast<cmsghdr*>(control)), sizeof passed);
  char* content = place_bytes(7);
  print_bytes("pread64 of what was passed", quiet_call(SYS_pread64, passed, content, 7, 0), content,
              7);
  for (const int end : {left, right, file, passed}) {
    close(end);
  }
  unlink("passed");
}

// A stream that is cut in odd pieces.
void streams() {
  int* pair = place_pair();
  call("socketpair", SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
  const int left = at(pair);
  const int right = at(pair + 1);
  std::string text(30000, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) {
    text[i] = static_cast<char>(mix(i));
  }
  call("write to a socket", SYS_write, left, place_text(text), text.size());
  for (const std::size_t size : {10000UL, 1UL, 19999UL}) {
    char* buffer = place_bytes(size);
    print_bytes("recvfrom",
                quiet_call(SYS_recvfrom, right, buffer, size, MSG_WAITALL, nullptr, nullptr),
                buffer, size);
  }
  char* buffer = place_bytes(5);
  call("recvfrom of nothing", SYS_recvfrom, right, buffer, 5, MSG_DONTWAIT, nullptr, nullptr);
  close(left);
  call("read at the end", SYS_read, right, buffer, 5);
  close(right);
}

}  // namespace

int main(int argc, char** argv) {
  begin_calls(argc, argv);
  for (const Placement where : {Placement::kAtEnd, Placement::kAcrossPages}) {
    placement = where;
    addresses();
    options();
    datagrams();
    control_data();
    streams();
  }
  return 0;
}
