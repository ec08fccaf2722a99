// SPDX-License-Identifier: GPL-2.0
// The environment through which started programs are followed: LD_PRELOAD with the agent,
// DIME_CONTROL with the control block.
#pragma once

namespace dime::agent::environment {

/// Behind `name` and '=' in `variable`, or null where it is another variable.
char* value_of(char* variable, const char* name);

/// Whether the value of DIME_CONTROL asks for an end where the agent cannot start. Takes the mark
/// out of it, so that the program and what it starts have the path alone.
bool take_required(char* control);

/// Copies `text` to `to`, with a NUL, cut before `end`. Returns where the NUL is.
char* append(char* to, const char* end, const char* text);

/// Writes the entry of the LD_PRELOAD list `preload` that is the agent's file to `path`; "" where
/// there is none.
void find_agent(const char* preload, char* path, unsigned bytes);

/// How many variables `follow` may add to an environment.
inline constexpr unsigned kExtraVariables = 2;

/// The variables of an environment that are looked at.
struct Known {
  const char* preload = nullptr;  ///< its value; null: there is none
  unsigned preload_bytes = 0;     ///< with its NUL
  bool control = false;           ///< there is one
  bool bad = false;               ///< it cannot be read

  [[nodiscard]] bool any() const { return preload != nullptr || control; }
  /// Room that follow() needs for texts.
  [[nodiscard]] unsigned text_bytes(bool followed) const;
};

/// Looks through the `count` pointers of `envp`; strings may be anything.
Known find(char* const* envp, unsigned count);

/// Writes to `fresh` the `count` pointers of `envp`, with both variables set where the started
/// program is `followed` and cleared where not. `text` is room for known.text_bytes(followed)
/// bytes; `fresh` has room for count + kExtraVariables + 1.
void follow(char* const* envp, unsigned count, const Known& known, bool followed, char** fresh,
            char* text);

}  // namespace dime::agent::environment
