// SPDX-License-Identifier: GPL-2.0
// The child answers through a pipe: "+TEXT", or "-CODE\nMESSAGE\nMEND".
#include "engines/user/inject/apart.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <string_view>

#include "base/unique_fd.h"

namespace dime {
namespace {

std::string encode(const Result<std::string>& result) {
  if (result) {
    return '+' + *result;
  }
  const Error& error = result.error();
  return fmt::format("-{}\n{}\n{}", error.code, error.message, error.hint);
}

Result<std::string> decode(std::string_view answer) {
  if (answer.starts_with('+')) {
    return std::string(answer.substr(1));
  }
  if (!answer.starts_with('-')) {
    return fail(0, "the process that attaches was killed; the target may be without its agent");
  }
  const std::size_t code_end = answer.find('\n');
  const std::size_t message_end = answer.find('\n', code_end + 1);
  Error error;
  std::from_chars(answer.data() + 1, answer.data() + code_end, error.code);
  error.message = answer.substr(code_end + 1, message_end - code_end - 1);
  error.hint = answer.substr(message_end + 1);
  return tl::unexpected(std::move(error));
}

[[noreturn]] void work_in_child(const std::function<Result<std::string>()>& work, int answer_to) {
  ::setsid();
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, nullptr);
  const std::string answer = encode(work());
  // A reader that is gone needs no answer.
  static_cast<void>(!::write(answer_to, answer.data(), answer.size()));
  ::_exit(0);
}

}  // namespace

Result<std::string> run_apart(const std::function<Result<std::string>()>& work) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return fail(errno, "making a pipe");
  }
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) {
    return fail(errno, "starting a process");
  }
  if (child == 0) {
    work_in_child(work, writer.get());
  }
  writer.reset();
  std::string answer;
  char chunk[512];
  for (;;) {
    const ssize_t count = ::read(reader.get(), chunk, sizeof chunk);
    if (count > 0) {
      answer.append(chunk, static_cast<std::size_t>(count));
    } else if (count == 0 || errno != EINTR) {
      break;
    }
  }
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return decode(answer);
}

}  // namespace dime
