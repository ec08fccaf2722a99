// SPDX-License-Identifier: GPL-2.0
// The patcher on this process's own libraries. Each test runs in a process of its own under ctest;
// what it computes is computed natively first.
#include "engines/user/agent/patch/patch.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unwind.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "engines/user/sites/site_cache.h"
#include "tests/unit/patch_hooks.h"
#include "tests/unit/runtime_folder.h"

extern char** environ;  // NOLINT

namespace dime::agent::patch {
namespace {

const char* const kLibraries[] = {"libc.so.6", "ld-linux-x86-64.so.2"};

// File and load base of a library of this process.
struct Loaded {
  std::string path;
  std::uint64_t base = 0;
};

Loaded loaded(const std::string& name) {
  struct Search {
    std::string name;
    Loaded found;
  } search{"/" + name, {}};
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto& wanted = *static_cast<Search*>(data);
        if (std::string(info->dlpi_name).ends_with(wanted.name)) {
          wanted.found = {info->dlpi_name, info->dlpi_addr};
        }
        return 0;
      },
      &search);
  return search.found;
}

std::string table_of(const std::string& library, const test::RuntimeFolder& folder) {
  const auto path = sites::site_table_for(library, folder.path());
  EXPECT_TRUE(path) << path.error().message;
  return path.value_or("");
}

class Patch : public ::testing::Test {
 protected:
  void patch_c_library() {
    set_hook(test::counting_hook);
    for (const char* const name : kLibraries) {
      ASSERT_EQ(apply(table_of(loaded(name).path, folder_).c_str()), 0) << name;
    }
  }

  test::RuntimeFolder folder_;
};

int status_of(pid_t child) {
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -status;
}

class PatchSample : public Patch {
 protected:
  PatchSample() : library_(::dlopen(DIME_TEST_SAMPLE, RTLD_NOW)) {
    EXPECT_NE(library_, nullptr) << ::dlerror();
  }

  template <class... Arguments>
  long call(const char* name, Arguments... arguments) {
    void* const function = ::dlsym(library_, name);
    EXPECT_NE(function, nullptr) << name;
    return reinterpret_cast<long (*)(Arguments...)>(function)(arguments...);
  }

  void patch_sample() {
    set_hook(test::counting_hook);
    ASSERT_EQ(apply(table_of(DIME_TEST_SAMPLE, folder_).c_str()), 0);
  }

  void* library_;
};

TEST_F(PatchSample, EveryWindowDoesTheSame) {
  const auto results = [this] {
    return std::vector<long>{call("sample_previous"),         call("sample_following", 138L),
                             call("sample_several"),          call("sample_both"),
                             call("sample_relative_before"),  call("sample_relative_behind"),
                             call("sample_red_zone", 12345L), call("sample_call", 110L, 0L, 0L, 0L),
                             call("sample_registers", 110L),  call("sample_registers", 999L)};
  };
  const std::vector<long> native = results();
  EXPECT_EQ(native[0], ::getppid());
  EXPECT_EQ(native[8], 0);
  patch_sample();
  EXPECT_EQ(counters().refused, 0U);
  const std::uint64_t before = test::hooked_calls;
  EXPECT_EQ(results(), native);
  EXPECT_EQ(test::hooked_calls - before, native.size());
}

TEST_F(PatchSample, FlagsStay) {
  const auto results = [this] {
    std::vector<long> all;
    // Each combination of carry, parity, adjust, zero, sign and overflow.
    for (long flags = 0; flags < 64; ++flags) {
      const long bits = (flags & 1) | (flags & 2) << 1 | (flags & 4) << 2 | (flags & 8) << 3 |
                        (flags & 16) << 3 | (flags & 32) << 6;
      all.push_back(call("sample_flags", bits));
      all.push_back(call("sample_flags_tested", bits, 110L));
      EXPECT_EQ(all.back(), bits);
    }
    return all;
  };
  const std::vector<long> native = results();
  patch_sample();
  EXPECT_EQ(results(), native);
}

TEST_F(PatchSample, VforkRunsRaw) {
  patch_sample();
  const std::uint64_t before = test::hooked_calls;
  EXPECT_EQ(status_of(static_cast<pid_t>(call("sample_vfork", 39L))), 7);
  EXPECT_EQ(test::hooked_calls - before, 1U) << "the exit of the child, which shares the memory";
}

TEST_F(PatchSample, CloneOntoANewStack) {
  patch_sample();
  alignas(16) static std::uint64_t stack[512];
  stack[500] = 9;
  const auto top = reinterpret_cast<long>(&stack[500]);
  EXPECT_EQ(status_of(static_cast<pid_t>(call("sample_clone", long{SIGCHLD}, top))), 9);
  // Sharing the memory it does not go through the hook.
  const std::uint64_t before = test::hooked_calls;
  const auto child =
      static_cast<pid_t>(call("sample_clone", long{SIGCHLD | CLONE_VM | CLONE_VFORK}, top));
  EXPECT_EQ(status_of(child), 9);
  EXPECT_EQ(test::hooked_calls - before, 1U) << "the exit of the child";
}

TEST_F(PatchSample, IsFoundAgainAfterItWasUnloaded) {
  patch_sample();
  ASSERT_EQ(call("sample_previous"), ::getppid());
  ASSERT_EQ(::dlclose(library_), 0);
  EXPECT_EQ(apply(table_of(DIME_TEST_SAMPLE, folder_).c_str()), -ENOENT);
  EXPECT_TRUE(remove(/*only_thread=*/true)) << "nothing is there to be put back";
  library_ = ::dlopen(DIME_TEST_SAMPLE, RTLD_NOW);
  patch_sample();
  const std::uint64_t before = test::hooked_calls;
  EXPECT_EQ(call("sample_previous"), ::getppid());
  EXPECT_EQ(test::hooked_calls - before, 1U);
}

TEST_F(Patch, EverySiteOfTheCLibrary) {
  patch_c_library();
  const Counters now = counters();
  EXPECT_EQ(now.libraries, 2U);
  EXPECT_EQ(now.refused, 0U);
  EXPECT_EQ(now.changed, 0U);
  EXPECT_GE(now.patched, 100U);
  EXPECT_GE(now.left, 3U);
  const std::uint64_t before = test::hooked_calls;
  for (int i = 0; i < 100; ++i) {
    ::getppid();
  }
  EXPECT_EQ(test::hooked_calls - before, 100U);
}

TEST_F(Patch, TwiceIsOnce) {
  patch_c_library();
  const Counters first = counters();
  patch_c_library();
  EXPECT_EQ(counters().patched, first.patched);
  EXPECT_EQ(counters().libraries, first.libraries);
}

TEST_F(Patch, StubsAreNotToBeManaged) {
  EXPECT_FALSE(covers({0, ~std::uint64_t{0}}));
  patch_c_library();
  EXPECT_TRUE(covers({0, ~std::uint64_t{0}}));
  const std::uint64_t base = loaded("libc.so.6").base;
  EXPECT_FALSE(covers({base, base + kPageBytes}));
}

TEST_F(Patch, RefusesWhatIsNotTheLibrarysTable) {
  const std::string loader = table_of(loaded("ld-linux-x86-64.so.2").path, folder_);
  const std::string sample = table_of(DIME_TEST_SAMPLE, folder_);
  EXPECT_EQ(apply((folder_.path() + "/absent").c_str()), -ENOENT);
  EXPECT_EQ(apply(sample.c_str()), -ENOENT) << "not loaded here";
  EXPECT_EQ(apply(loader.c_str(), loaded("libc.so.6").base), -EINVAL);
  EXPECT_EQ(apply(loader.c_str(), 0x1000), -EINVAL) << "nothing is mapped there";
  std::filesystem::permissions(loader, std::filesystem::perms::others_write,
                               std::filesystem::perm_options::add);
  EXPECT_EQ(apply(loader.c_str()), -EPERM);
  std::ofstream(sample, std::ios::app) << "more";
  EXPECT_EQ(apply(sample.c_str()), -EINVAL);
  EXPECT_EQ(counters().libraries, 0U);
}

// Numbers that many calls of the C library lead to; equal in every run.
std::vector<long> work() {
  std::vector<long> results;
  // Memory from the kernel and back.
  for (int i = 1; i < 200; ++i) {
    std::vector<char> block(static_cast<std::size_t>(i) * 4096, static_cast<char>(i));
    results.push_back(block.back());
  }
  // Files.
  std::FILE* const file = std::tmpfile();
  for (int i = 0; i < 2000; ++i) {
    results.push_back(std::fprintf(file, "line %d\n", i));
  }
  std::rewind(file);
  for (int c = 0; (c = std::fgetc(file)) != EOF;) {
    results.push_back(c);
  }
  std::fclose(file);  // NOLINT(cert-err33-c)
  // Threads that wait for each other.
  std::atomic<long> sum = 0;
  for (int round = 0; round < 20; ++round) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&sum, i] { sum += i; });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  }
  results.push_back(sum);
  // Processes, started in each way.
  for (int i = 0; i < 10; ++i) {
    const pid_t forked = ::fork();
    if (forked == 0) {
      ::_exit(::getppid() > 0 ? i : 99);
    }
    results.push_back(status_of(forked));
    results.push_back(std::system("exit 3"));  // NOLINT
    pid_t spawned = 0;
    const char* const arguments[] = {"sh", "-c", "exit 4", nullptr};
    results.push_back(::posix_spawn(&spawned, "/bin/sh", nullptr, nullptr,
                                    const_cast<char* const*>(arguments), environ));
    results.push_back(status_of(spawned));
    std::FILE* const pipe = ::popen("echo 12345", "r");
    results.push_back(std::fgetc(pipe));
    results.push_back(::pclose(pipe));
  }
  // Signals, also into calls that block.
  static std::atomic<long> signals;
  signals = 0;
  struct sigaction action = {};
  action.sa_handler = [](int) { signals += 1; };
  ::sigaction(SIGALRM, &action, nullptr);
  for (int i = 0; i < 20; ++i) {
    ::ualarm(1000, 0);
    results.push_back(::pause());
    results.push_back(errno);
    results.push_back(::raise(SIGALRM));
  }
  results.push_back(signals);
  return results;
}

TEST_F(Patch, ProgramsComputeTheSame) {
  const std::vector<long> native = work();
  patch_c_library();
  const std::uint64_t before = test::hooked_calls;
  EXPECT_EQ(work(), native);
  EXPECT_GT(test::hooked_calls - before, 500U);
}

TEST_F(Patch, AChildIsPatchedToo) {
  patch_c_library();
  const pid_t child = ::fork();
  if (child == 0) {
    const std::uint64_t before = test::hooked_calls;
    ::getppid();
    const bool hooked = test::hooked_calls == before + 1;
    ::_exit(hooked && remove(/*only_thread=*/true) ? 0 : 1);
  }
  EXPECT_EQ(status_of(child), 0);
  const std::uint64_t before = test::hooked_calls;
  ::getppid();
  EXPECT_EQ(test::hooked_calls - before, 1U) << "the child's memory is its own";
}

// The stack is unwound through the hook, the thunk and the place of the stub.
TEST_F(Patch, CancellationRunsDestructors) {
  patch_c_library();
  static std::atomic<bool> destroyed;
  destroyed = false;
  struct Guard {
    ~Guard() { destroyed = true; }
  };
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  pthread_t thread{};
  const auto body = [](void* fd) -> void* {
    const Guard guard;
    char byte = 0;
    (void)!::read(*static_cast<int*>(fd), &byte, 1);
    return nullptr;
  };
  ASSERT_EQ(::pthread_create(&thread, nullptr, body, &pipe[0]), 0);
  ::usleep(20'000);
  ASSERT_EQ(::pthread_cancel(thread), 0);
  void* result = nullptr;
  ASSERT_EQ(::pthread_join(thread, &result), 0);
  EXPECT_EQ(result, PTHREAD_CANCELED);
  EXPECT_TRUE(destroyed);
}

// The addresses of the frames that an interrupted call has above it.
std::vector<std::uint64_t> interrupted_frames;

void collect_frames(int) {
  _Unwind_Backtrace(
      [](_Unwind_Context* context, void*) {
        interrupted_frames.push_back(_Unwind_GetIP(context));
        return _URC_NO_REASON;
      },
      nullptr);
}

TEST_F(PatchSample, UnwindingSkipsTheStub) {
  patch_sample();
  interrupted_frames.reserve(100);
  struct sigaction action = {};
  action.sa_handler = collect_frames;
  ::sigaction(SIGALRM, &action, nullptr);
  constexpr long kPause = 34;
  ::ualarm(10'000, 0);
  ASSERT_EQ(call("sample_call", kPause, 0L, 0L, 0L), -EINTR);
  bool in_sample = false;
  bool in_main = false;
  for (const std::uint64_t address : interrupted_frames) {
    Dl_info about{};
    ::dladdr(reinterpret_cast<void*>(address - 1), &about);
    const std::string name = about.dli_sname != nullptr ? about.dli_sname : "";
    in_sample = in_sample || std::string(about.dli_fname) == DIME_TEST_SAMPLE;
    in_main = in_main || (in_sample && name == "main");
  }
  EXPECT_TRUE(in_sample);
  EXPECT_TRUE(in_main) << "and on to the end";
}

std::vector<char> text_in_memory() {
  std::vector<char> bytes;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        const std::string name = info->dlpi_name;
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const auto& segment = info->dlpi_phdr[i];
          if ((segment.p_flags & PF_X) != 0 && name.ends_with("libc.so.6")) {
            const auto* const begin =
                reinterpret_cast<const char*>(info->dlpi_addr + segment.p_vaddr);
            static_cast<std::vector<char>*>(data)->assign(begin, begin + segment.p_memsz);
          }
        }
        return 0;
      },
      &bytes);
  return bytes;
}

TEST_F(Patch, RemovePutsTheBytesBack) {
  const std::vector<char> before = text_in_memory();
  ASSERT_FALSE(before.empty());
  patch_c_library();
  EXPECT_NE(text_in_memory(), before);
  EXPECT_TRUE(remove(/*only_thread=*/true));
  EXPECT_EQ(text_in_memory(), before);
  EXPECT_EQ(counters().patched, 0U);
  const std::uint64_t calls = test::hooked_calls;
  ::getppid();
  EXPECT_EQ(test::hooked_calls, calls);
}

TEST_F(Patch, RemoveUnderRunningThreads) {
  const std::vector<char> before = text_in_memory();
  const pid_t parent = ::getppid();
  std::atomic<long> wrong = 0;
  for (int round = 0; round < 50; ++round) {
    // Threads have to be outside the windows when they are patched: there are none then.
    patch_c_library();
    std::atomic<bool> stop = false;
    std::atomic<long> calls = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        while (!stop) {
          wrong += ::getppid() == parent ? 0 : 1;
          wrong += ::getuid() == ::geteuid() ? 0 : 1;
          wrong += ::sched_yield();
          ++calls;
        }
      });
    }
    threads.emplace_back([&] {
      while (!stop) {
        const pid_t child = ::fork();
        if (child == 0) {
          ::_exit(::getppid() > 0 && ::getuid() == ::geteuid() ? 0 : 1);
        }
        wrong += status_of(child);
      }
    });
    const auto wait_for_calls = [&calls] {
      const long until = calls + 100;
      while (calls < until) {
        std::this_thread::yield();
      }
    };
    wait_for_calls();
    test::forking.lock();
    const bool removed = remove(/*only_thread=*/false);
    test::forking.unlock();
    ASSERT_TRUE(removed);
    ASSERT_EQ(text_in_memory(), before);
    wait_for_calls();
    stop = true;
    for (std::thread& thread : threads) {
      thread.join();
    }
  }
  EXPECT_EQ(wrong, 0);
}

TEST_F(Patch, AThreadThatBlocksInTheHookReturnsAfterRemove) {
  patch_c_library();
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  std::atomic<long> got = -2;
  std::thread reader([&] {
    char byte = 0;
    got = ::read(pipe[0], &byte, 1);
  });
  ::usleep(20'000);
  ASSERT_TRUE(remove(/*only_thread=*/false));
  ASSERT_EQ(::write(pipe[1], "x", 1), 1);
  reader.join();
  EXPECT_EQ(got, 1);
}

TEST(PatchGates, OneForEachAddress) {
  const std::uint64_t first = raw_gate(0x1000);
  EXPECT_TRUE(raw_code().contains(first));
  EXPECT_EQ(raw_gate(0x1000), first);
  EXPECT_NE(raw_gate(0x2000), first);
  unsigned gates = 2;
  while (raw_gate(0x10000 + 16 * std::uint64_t{gates}) != 0) {
    ++gates;
  }
  EXPECT_EQ(gates, 448U);
  EXPECT_EQ(raw_gate(0x1000), first);
}

}  // namespace
}  // namespace dime::agent::patch
