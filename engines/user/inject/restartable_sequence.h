// SPDX-License-Identifier: GPL-2.0
// Restartable sequences (rseq): code that the kernel sends to an abort address when its thread was
// interrupted in it.
#pragma once

#include <sys/types.h>
#include <sys/user.h>

namespace dime {

/// If `registers`, those of the stopped thread `tid` of `pid`, are inside a restartable sequence,
/// makes them those of its abort, as the kernel would. To be done before the thread runs anything
/// else: the kernel then takes the sequence for left.
void abort_restartable_sequence(pid_t pid, pid_t tid, user_regs_struct& registers);

}  // namespace dime
