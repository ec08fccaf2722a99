// SPDX-License-Identifier: GPL-2.0
// Result<T>: a value or an Error. Every fallible function of the hosted code returns one; nothing
// throws across a module border.
//
//   Result<UniqueFd> open_it(...) { if (fd < 0) return fail(errno, "opening {}", path); ... }
//   DIME_TRY(auto fd, open_it(...));          // returns the error to the caller
#pragma once

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace dime {

/// What went wrong, for a person: `message` is one line that names what was being done and why it
/// failed. `code` is the errno behind it, 0 where there is none. `hint` is the command or option
/// that helps, empty where none is known.
struct Error {
  int code = 0;
  std::string message;
  std::string hint;
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

/// An error with errno's text behind the formatted message; capture errno in the call's first
/// argument.
template <class... Args>
tl::unexpected<Error> fail(int code, fmt::format_string<Args...> format, Args&&... args) {
  std::string message = fmt::format(format, std::forward<Args>(args)...);
  if (code != 0) {
    message += fmt::format(": {}", std::strerror(code));  // NOLINT(concurrency-mt-unsafe)
  }
  return tl::unexpected<Error>(Error{code, std::move(message), {}});
}

/// As fail, with the command or option that helps.
template <class... Args>
tl::unexpected<Error> fail_with_hint(std::string hint, fmt::format_string<Args...> format,
                                     Args&&... args) {
  return tl::unexpected<Error>(
      Error{0, fmt::format(format, std::forward<Args>(args)...), std::move(hint)});
}

}  // namespace dime

#define DIME_CONCAT_2(a, b) a##b
#define DIME_CONCAT(a, b) DIME_CONCAT_2(a, b)
#define DIME_TRY_2(result, declaration, expression)   \
  auto result = (expression);                         \
  if (!result) {                                      \
    return tl::unexpected(std::move(result).error()); \
  }                                                   \
  declaration = std::move(*result)
/// Declares or assigns the value of `expression`, or returns its error.
#define DIME_TRY(declaration, expression) \
  DIME_TRY_2(DIME_CONCAT(dime_try_, __LINE__), declaration, expression)
/// The same for Result<void>.
#define DIME_TRY_VOID(expression)                              \
  do {                                                         \
    if (auto dime_try_void = (expression); !dime_try_void) {   \
      return tl::unexpected(std::move(dime_try_void).error()); \
    }                                                          \
  } while (false)
