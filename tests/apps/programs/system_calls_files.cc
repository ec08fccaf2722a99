// SPDX-License-Identifier: GPL-2.0
// Files: paths, status, reading and writing, attributes, folders, notification.
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <utime.h>

#include <algorithm>
#include <vector>

#include "system_calls.h"

namespace {

struct Timevals {
  timeval access_and_change[2];
};

struct Timespecs {
  timespec access_and_change[2];
};

int open_file(const char* name, int flags) {
  const int file = open(name, flags | O_CLOEXEC, 0644);
  expect(file >= 0, name);
  return file;
}

// iovecs with their buffers, all placed apart; what is in `text` is dealt out to them.
iovec* place_vector(const std::vector<std::string>& texts) {
  char* memory = place_bytes(texts.size() * sizeof(iovec));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    char* bytes = place_bytes(texts[i].size());
    std::memcpy(bytes, texts[i].data(), texts[i].size());
    const iovec entry = {bytes, texts[i].size()};
    std::memcpy(memory + i * sizeof entry, &entry, sizeof entry);
  }
  return reinterpret_cast<iovec*>(memory);
}

void print_vector(const char* name, const iovec* vector, std::size_t count) {
  std::string detail;
  for (std::size_t i = 0; i < count; ++i) {
    const iovec entry = at(vector + i);
    detail += " " + std::string(static_cast<const char*>(entry.iov_base), entry.iov_len);
  }
  print(name, 0, detail);
}

void reading_and_writing() {
  const int file = open_file("data", O_RDWR | O_CREAT | O_TRUNC);
  std::string text(9001, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) {
    text[i] = static_cast<char>('a' + mix(i) % 26);
  }
  call("write", SYS_write, file, place_text(text), text.size());
  call("pwrite64", SYS_pwrite64, file, place_text("patch"), 5, 4094);
  call("writev", SYS_writev, file, place_vector({"one", "two and more", "3"}), 3);
  call("pwritev", SYS_pwritev, file, place_vector({"ab", "cde"}), 2, 100, 0);
  call("pwritev2", SYS_pwritev2, file, place_vector({"AB", "CDE"}), 2, 200, 0, 0);
  for (const std::size_t size : {1UL, 7UL, 4096UL, 9016UL}) {
    char* buffer = place_bytes(size);
    call("lseek", SYS_lseek, file, 0, SEEK_SET);
    const long count = quiet_call(SYS_read, file, buffer, size);
    print_bytes("read", count, buffer, size);
    buffer = place_bytes(size);
    print_bytes("pread64", quiet_call(SYS_pread64, file, buffer, size, 3), buffer, size);
  }
  call("lseek", SYS_lseek, file, 9000, SEEK_SET);
  iovec* vector = place_vector({"..", ".....", "..."});
  call("readv", SYS_readv, file, vector, 3);
  print_vector("readv", vector, 3);
  call("preadv", SYS_preadv, file, vector, 2, 99, 0);
  print_vector("preadv", vector, 2);
  call("preadv2", SYS_preadv2, file, vector, 3, 199, 0, 0);
  print_vector("preadv2", vector, 3);

  const int copy = open_file("copy", O_RDWR | O_CREAT | O_TRUNC);
  auto* from = place<std::int64_t>(100);
  auto* to = place<std::int64_t>(50);
  call("copy_file_range", SYS_copy_file_range, file, from, copy, to, 500, 0);
  print_value("from", at(from));
  print_value("to", at(to));
  from = place<std::int64_t>(4090);
  call("sendfile", SYS_sendfile, copy, file, from, 300);
  print_value("from", at(from));
  int* ends = reinterpret_cast<int*>(place_bytes(2 * sizeof(int)));
  call("pipe", SYS_pipe, ends);
  const int pipe_out = at(ends);
  const int pipe_in = at(ends + 1);
  from = place<std::int64_t>(8);
  call("splice", SYS_splice, file, from, pipe_in, nullptr, 64, 0);
  print_value("from", at(from));
  call("vmsplice", SYS_vmsplice, pipe_in, place_vector({"spliced ", "memory"}), 2, 0);
  auto* waiting = place<int>(0);
  call("ioctl FIONREAD", SYS_ioctl, pipe_out, FIONREAD, waiting);
  print_value("waiting", at(waiting));
  char* buffer = place_bytes(100);
  print_bytes("read", quiet_call(SYS_read, pipe_out, buffer, 100), buffer, 100);
  call("ioctl FIONBIO", SYS_ioctl, pipe_out, FIONBIO, place<int>(1));
  call("read", SYS_read, pipe_out, buffer, 100);
  ends = reinterpret_cast<int*>(place_bytes(2 * sizeof(int)));
  call("pipe2", SYS_pipe2, ends, O_CLOEXEC);
  for (const int end : {pipe_in, pipe_out, at(ends), at(ends + 1), file, copy}) {
    close(end);
  }
}

void print_stat(const char* name, const struct stat& status) {
  print(name, 0,
        " mode " + std::to_string(status.st_mode) + " size " + std::to_string(status.st_size) +
            " mtime " + std::to_string(status.st_mtim.tv_sec) + " atime " +
            std::to_string(status.st_atim.tv_sec));
}

void paths() {
  const auto text = [](const char* name) { return place_text(name); };
  const long opened =
      open_call("open", SYS_open, text("file"), O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0640);
  open_call("creat", SYS_creat, text("created"), 0600);
  open_call("openat", SYS_openat, AT_FDCWD, text("file"), O_RDONLY);
  open_call("openat2", SYS_openat2, AT_FDCWD, text("file"), place<open_how>({O_RDONLY, 0, 0}),
            sizeof(open_how));
  open_call("open of nothing", SYS_open, text("nothing"), O_RDONLY);
  const std::string longest(4095, '/');
  open_call("open of a long path", SYS_open, place_text(longest), O_RDONLY | O_DIRECTORY);
  open_call("open of too long a path", SYS_open, place_text(longest + "/"), O_RDONLY);
  call("access", SYS_access, text("file"), R_OK);
  call("faccessat", SYS_faccessat, AT_FDCWD, text("file"), W_OK);
  call("faccessat2", SYS_faccessat2, AT_FDCWD, text("nothing"), W_OK, 0);
  call("mkdir", SYS_mkdir, text("folder"), 0755);
  call("mkdirat", SYS_mkdirat, AT_FDCWD, text("folder/inner"), 0755);
  call("rmdir", SYS_rmdir, text("folder/inner"));
  call("mknod", SYS_mknod, text("folder/fifo"), S_IFIFO | 0600, 0);
  call("mknodat", SYS_mknodat, AT_FDCWD, text("folder/fifo"), S_IFIFO | 0600, 0);
  call("link", SYS_link, text("file"), text("linked"));
  call("linkat", SYS_linkat, AT_FDCWD, text("file"), AT_FDCWD, text("linked"), 0);
  call("symlink", SYS_symlink, text("file"), text("symbolic"));
  call("symlinkat", SYS_symlinkat, text("a/long/way"), AT_FDCWD, text("symbolic-too"));
  char* target = place_bytes(64);
  print_bytes("readlink", quiet_call(SYS_readlink, text("symbolic"), target, 64), target, 64);
  target = place_bytes(5);
  print_bytes("readlinkat", quiet_call(SYS_readlinkat, AT_FDCWD, text("symbolic-too"), target, 5),
              target, 5);
  call("rename", SYS_rename, text("linked"), text("renamed"));
  call("renameat", SYS_renameat, AT_FDCWD, text("renamed"), AT_FDCWD, text("folder/renamed"));
  call("renameat2", SYS_renameat2, AT_FDCWD, text("created"), AT_FDCWD, text("file"),
       RENAME_NOREPLACE);
  call("chmod", SYS_chmod, text("file"), 0604);
  call("fchmodat", SYS_fchmodat, AT_FDCWD, text("file"), 0644);
  call("chown", SYS_chown, text("file"), -1, -1);
  call("lchown", SYS_lchown, text("symbolic"), -1, -1);
  call("fchownat", SYS_fchownat, AT_FDCWD, text("file"), -1, -1, 0);
  call("truncate", SYS_truncate, text("file"), 12345);
  call("utime", SYS_utime, text("file"), place<utimbuf>({1000, 2000}));
  struct stat* status = place<struct stat>({});
  call("stat", SYS_stat, text("file"), status);
  print_stat("stat", at(status));
  call("utimes", SYS_utimes, text("file"), place<Timevals>({{{3000, 1}, {4000, 2}}}));
  status = place<struct stat>({});
  call("fstat", SYS_fstat, opened, status);
  print_stat("fstat", at(status));
  call("futimesat", SYS_futimesat, AT_FDCWD, text("file"),
       place<Timevals>({{{5000, 1}, {6000, 2}}}));
  status = place<struct stat>({});
  call("newfstatat", SYS_newfstatat, AT_FDCWD, text("file"), status, 0);
  print_stat("newfstatat", at(status));
  call("utimensat", SYS_utimensat, AT_FDCWD, text("file"),
       place<Timespecs>({{{7000, 1}, {8000, 2}}}), 0);
  struct statx* extended = place<struct statx>({});
  call("statx", SYS_statx, AT_FDCWD, text("file"), 0, STATX_BASIC_STATS, extended);
  print_value("stx_size", static_cast<long>(at(extended).stx_size));
  print_value("stx_mtime", at(extended).stx_mtime.tv_sec);
  status = place<struct stat>({});
  call("lstat", SYS_lstat, text("symbolic"), status);
  print_value("size of the link", at(status).st_size);
  struct statfs* system = place<struct statfs>({});
  call("statfs", SYS_statfs, text("."), system);
  print_value("f_bsize", at(system).f_bsize);
  system = place<struct statfs>({});
  call("fstatfs", SYS_fstatfs, opened, system);
  print_value("f_namelen", at(system).f_namelen);
  call("unlinkat", SYS_unlinkat, AT_FDCWD, text("symbolic"), 0);
  call("unlink", SYS_unlink, text("symbolic-too"));
  call("unlink", SYS_unlink, text("folder/fifo"));
  call("unlink", SYS_unlink, text("folder/renamed"));
  auto* lock = place<struct flock>({F_WRLCK, SEEK_SET, 10, 20, 0});
  call("fcntl F_SETLK", SYS_fcntl, opened, F_SETLK, lock);
  lock = place<struct flock>({F_RDLCK, SEEK_SET, 0, 0, 0});
  call("fcntl F_GETLK", SYS_fcntl, opened, F_GETLK, lock);
  print_value("l_type", at(lock).l_type);
  auto* flags = place<long>(0);
  call("ioctl FS_IOC_GETFLAGS", SYS_ioctl, opened, FS_IOC_GETFLAGS, flags);
}

void folders() {
  call("chdir", SYS_chdir, place_text("folder"));
  char* name = place_bytes(4096);
  const long length = quiet_call(SYS_getcwd, name, 4096);
  // The folder itself differs between runs.
  print("getcwd", length > 7 ? 0 : length, std::string(" ends in ") + (name + length - 8));
  call("getcwd", SYS_getcwd, place_bytes(3), 3);
  call("chdir", SYS_chdir, place_text(".."));
  for (const long number : {SYS_getdents64, SYS_getdents}) {
    const int folder = open_file(".", O_RDONLY | O_DIRECTORY);
    char* entries = place_bytes(5000);
    const long bytes = quiet_call(number, folder, entries, 5000);
    std::vector<std::string> names;
    for (long offset = 0; offset < bytes;) {
      std::uint16_t step = 0;
      std::memcpy(&step, entries + offset + 16, sizeof step);
      names.emplace_back(entries + offset + (number == SYS_getdents64 ? 19 : 18));
      offset += step;
    }
    std::sort(names.begin(), names.end());
    std::string all;
    for (const std::string& each : names) {
      all += " " + each;
    }
    print("getdents", 0, all);
    close(folder);
  }
}

void attributes() {
  const auto text = [](const char* name) { return place_text(name); };
  const int file = open_file("file", O_RDWR);
  call("setxattr", SYS_setxattr, text("file"), text("user.first"), text("value"), 5, 0);
  call("lsetxattr", SYS_lsetxattr, text("file"), text("user.second"), text("longer value"), 12, 0);
  call("fsetxattr", SYS_fsetxattr, file, text("user.third"), text("3"), 1, 0);
  char* value = place_bytes(20);
  print_bytes("getxattr", quiet_call(SYS_getxattr, text("file"), text("user.first"), value, 20),
              value, 20);
  value = place_bytes(20);
  print_bytes("lgetxattr", quiet_call(SYS_lgetxattr, text("file"), text("user.second"), value, 20),
              value, 20);
  value = place_bytes(1);
  print_bytes("fgetxattr", quiet_call(SYS_fgetxattr, file, text("user.third"), value, 1), value, 1);
  for (int kind = 0; kind < 3; ++kind) {
    value = place_bytes(300);
    const long count = kind == 0   ? quiet_call(SYS_listxattr, text("file"), value, 300)
                       : kind == 1 ? quiet_call(SYS_llistxattr, text("file"), value, 300)
                                   : quiet_call(SYS_flistxattr, file, value, 300);
    print("listxattr", count > 0 && std::memchr(value, 'f', 300) ? 0 : count);
  }
  call("removexattr", SYS_removexattr, text("file"), text("user.first"));
  call("lremovexattr", SYS_lremovexattr, text("file"), text("user.first"));
  call("fremovexattr", SYS_fremovexattr, file, text("user.third"));
  close(file);
}

void descriptors() {
  const long watch = inotify_init1(IN_NONBLOCK);
  open_call("inotify_add_watch", SYS_inotify_add_watch, watch, place_text("folder"), IN_CREATE);
  close(open_file("folder/watched", O_CREAT | O_RDWR));
  char* event = place_bytes(64);
  const long bytes = quiet_call(SYS_read, watch, event, 64);
  print("read of inotify", bytes, " " + std::string(event + sizeof(inotify_event)));
  unlink("folder/watched");
  const long memory = open_call("memfd_create", SYS_memfd_create, place_text("memory"), 0);
  call("write", SYS_write, memory, place_text("abc"), 3);
  struct {
    unsigned bytes = 100;
    int type = 0;
    char opaque[100] = {};
  } handle;
  auto* placed = place(handle);
  auto* mount = place<int>(0);
  call("name_to_handle_at", SYS_name_to_handle_at, AT_FDCWD, place_text("file"), placed, mount, 0);
  const int folder = open_file(".", O_RDONLY | O_DIRECTORY);
  open_call("open_by_handle_at", SYS_open_by_handle_at, folder, placed, O_RDONLY);
  const long group = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);
  call("fanotify_mark", SYS_fanotify_mark, group, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD,
       place_text("folder"));
  call("mount", SYS_mount, place_text("nothing"), place_text("nowhere"), place_text("no-type"), 0,
       place_bytes(4096));
  call("umount2", SYS_umount2, place_text("nowhere"), 0);
  call("chroot", SYS_chroot, place_text("nowhere"));
  call("swapoff", SYS_swapoff, place_text("nowhere"));
  call("acct", SYS_acct, place_text("nowhere"));
  call("quotactl", SYS_quotactl, 0x80000700, place_text("nowhere"), 0, place_bytes(72));
  call("statfs of nothing", SYS_statfs, place_text("nowhere"), place_bytes(120));
  close(folder);
}

}  // namespace

int main(int argc, char** argv) {
  begin_calls(argc, argv);
  for (const Placement where : {Placement::kAtEnd, Placement::kAcrossPages}) {
    placement = where;
    reading_and_writing();
    paths();
    folders();
    attributes();
    descriptors();
    for (const char* name : {"file", "created", "data", "copy", "linked"}) {
      unlink(name);
    }
    rmdir("folder");
  }
  return 0;
}
