// SPDX-License-Identifier: GPL-2.0
#include "engines/kernel/client/modules.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/environment.h"
#include "base/sysctl.h"
#include "base/unique_fd.h"

namespace dime::kernel {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kName = "dime";
constexpr const char* kScript = "engines/kernel/build-modules";

std::string_view take(std::string_view& rest, char end) {
  const std::size_t at = std::min(rest.find(end), rest.size());
  const std::string_view part = rest.substr(0, at);
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return part;
}

/// "dime 81920 3 dime_lru,dime_fifo, Live 0x0": size, references, modules that need it.
LoadedModule module_of(std::string_view line) {
  LoadedModule module;
  module.name = take(line, ' ');
  take(line, ' ');
  const std::string_view users = take(line, ' ');
  std::from_chars(users.data(), users.data() + users.size(), module.users);
  std::string_view others = take(line, ' ');
  while (!others.empty() && others != "-") {
    module.used_by.emplace_back(take(others, ','));
  }
  return module;
}

/// Runs a program to its end with its output in `log` ("" = as ours). Returns its exit status.
Result<int> run_program(std::vector<std::string> words, const std::string& log) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (!log.empty()) {
    constexpr mode_t kMode = 0644;
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, kMode);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  }
  std::vector<std::string> environment = own_environment();
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, words.front().c_str(), &actions, nullptr,
                                   pointers_to(words).data(), pointers_to(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return fail(error, "starting {}", words.front());
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// What finit_module's errno means here.
Error load_error(int code, const std::string& path) {
  switch (code) {
    case EPERM:
      return fail_with_hint("run dime as root", "{}: loading a kernel module needs root", path)
          .value();
    case ENOEXEC:
      return fail_with_hint("dime module build", "{}: is not built for the running kernel {}", path,
                            running_release())
          .value();
    case EKEYREJECTED:
      return fail_with_hint("sign it (mokutil --import), or switch Secure Boot off",
                            "{}: this kernel takes signed modules only", path)
          .value();
    case ENOENT:
      return fail_with_hint("dmesg | tail says which symbol",
                            "{}: needs a symbol that this kernel or dime.ko does not have", path)
          .value();
    default:
      break;
  }
  Error error = fail(code, "{}: cannot be loaded", path).value();
  error.hint = "dmesg | tail says why";
  return error;
}

}  // namespace

std::vector<LoadedModule> modules_in(std::string_view proc_modules) {
  std::vector<LoadedModule> all;
  while (!proc_modules.empty()) {
    all.push_back(module_of(take(proc_modules, '\n')));
  }
  const auto dime = std::find_if(all.begin(), all.end(),
                                 [](const LoadedModule& module) { return module.name == kName; });
  std::vector<LoadedModule> ours;
  if (dime == all.end()) {
    return ours;
  }
  ours.push_back(*dime);
  std::copy_if(all.begin(), all.end(), std::back_inserter(ours), [&](const LoadedModule& module) {
    return std::find(dime->used_by.begin(), dime->used_by.end(), module.name) !=
           dime->used_by.end();
  });
  return ours;
}

Result<std::vector<LoadedModule>> loaded_modules() {
  const auto text = read_small_file("/proc/modules");
  if (!text) {
    return fail_with_hint("use the user engine: --engine user",
                          "the running kernel {} takes no modules", running_release());
  }
  return modules_in(*text);
}

Result<ModuleTree> find_tree(const std::string& prefix, const std::string& version) {
  std::error_code error;
  const fs::path source = fs::path(prefix).parent_path();
  if (fs::exists(source / kScript, error)) {
    return ModuleTree{source, fs::path(prefix) / "kernel"};
  }
  const fs::path installed = fs::path(prefix) / "src" / ("dime-" + version);
  if (fs::exists(installed / kScript, error)) {
    return ModuleTree{installed, "/var/lib/dime"};
  }
  return fail_with_hint("install dime completely", "the module's source is neither in {} nor in {}",
                        source.string(), installed.string());
}

std::string running_release() {
  utsname names{};
  return ::uname(&names) == 0 ? names.release : "";
}

Result<std::string> release_of(const std::string& kernel_dir) {
  std::error_code error;
  const fs::path folder(kernel_dir);
  // #define UTS_RELEASE "6.1.0-56-amd64"
  const auto header = read_small_file(folder / "include" / "generated" / "utsrelease.h");
  if (header && fs::exists(folder / "Makefile", error)) {
    std::string_view rest = *header;
    take(rest, '"');
    return std::string(take(rest, '"'));
  }
  // /lib/modules/RELEASE/build says by its name what is missing.
  const std::string wanted =
      folder.filename() == "build" ? folder.parent_path().filename().string() : running_release();
  return fail_with_hint(fmt::format("apt-get install linux-headers-{}", wanted),
                        "no kernel headers in {}", kernel_dir);
}

Result<std::vector<std::string>> build_modules(const ModuleTree& tree,
                                               const std::string& kernel_dir,
                                               const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return fail(error.value(), "making {}", folder);
  }
  const std::string log = folder + "/build.log";
  DIME_TRY(const int status,
           run_program({"/bin/sh", tree.source + "/" + kScript, kernel_dir, folder}, log));
  if (status != 0) {
    return fail_with_hint("apt-get install make g++, if they are missing",
                          "building the modules failed; {} says why", log);
  }
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".ko") {
      files.push_back(entry.path().filename());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<void> load_module(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    return fail(errno, "opening {}", path);
  }
  if (::syscall(SYS_finit_module, file.get(), "", 0) != 0 && errno != EEXIST) {
    return tl::unexpected(load_error(errno, path));
  }
  return {};
}

Result<void> load_installed(const std::string& name) {
  DIME_TRY(const int found, run_program({"modprobe", "--quiet", "--dry-run", name}, "/dev/null"));
  if (found != 0) {
    return fail(ENOENT, "module {}", name);
  }
  DIME_TRY(const int status, run_program({"modprobe", name}, ""));
  if (status != 0) {
    return fail_with_hint("dmesg | tail says why", "modprobe {} failed", name);
  }
  return {};
}

Result<void> unload_module(const std::string& name) {
  if (::syscall(SYS_delete_module, name.c_str(), O_NONBLOCK) == 0) {
    return {};
  }
  if (errno == EPERM) {
    return fail_with_hint("run dime as root", "module {}: unloading needs root", name);
  }
  const int code = errno == EAGAIN ? EBUSY : errno;
  return fail(code, "module {} cannot be unloaded", name);
}

}  // namespace dime::kernel
