// SPDX-License-Identifier: GPL-2.0
// Puts the agent's image into a stopped process: the part of a dynamic loader that the agent needs.
#pragma once

#include "engines/user/inject/elf_image.h"
#include "engines/user/inject/helper_thread.h"

namespace dime {

/// The agent, mapped and relocated in the process.
struct LoadedAgent {
  RemoteRange range;
  RemoteAddress entry;               ///< dime_agent_start
  std::vector<RemoteAddress> bound;  ///< what its undefined symbols are bound to
};

/// Reads the agent's file. Error: not there, or not an object that can be injected.
Result<ElfImage> read_agent(const std::string& path);

/// Maps `agent` through `helper`, binds its undefined symbols to those of `libc`, which lies at
/// `libc_base` (weak ones that it lacks become 0), and protects its segments. Nothing stays mapped
/// after an error.
Result<LoadedAgent> load_agent(HelperThread& helper, pid_t pid, ElfImage agent,
                               const ElfImage& libc, RemoteAddress libc_base);

}  // namespace dime
