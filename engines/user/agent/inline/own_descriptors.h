// SPDX-License-Identifier: GPL-2.0
// The agent's descriptors in the program's table. Programs close descriptors that they do not know,
// list them, and duplicate others onto them.
//
// One set for each process. Callers see to it that no two threads change it at the same time.
#pragma once

#include "engines/user/agent/inline/path.h"

namespace dime::agent::own_descriptors {

/// They are those of `path`, which outlives all calls. Gives them numbers that programs do not use;
/// again in a forked child, which has new ones. Comes before all else.
void hide(InlinePath& path);

[[nodiscard]] bool contain(long descriptor);
/// The lowest of them at or above `least`, or -1.
[[nodiscard]] long from(long least);

/// The program is about to have `descriptor`: where it is one of them, that gets a new number.
void make_way(long descriptor);

/// A thread of the process has its own table from now on.
void note_own_table();
[[nodiscard]] bool tables_differ();

/// They are needed no more, and the calling thread cannot close them in the program's table:
/// close_abandoned() does, in a thread of the program.
void abandon();
void close_abandoned();

/// Closes all others, in a thread whose table is a copy of the program's.
void close_others();

}  // namespace dime::agent::own_descriptors
