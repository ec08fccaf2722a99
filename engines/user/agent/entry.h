/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The border between the agent (build/lib/libdime-agent.so, in the target) and what puts it there.
 *
 * Preloaded: `dime run` sets LD_PRELOAD to the agent's absolute path and DIME_CONTROL to the
 * control block's absolute path; the agent's constructor does the rest and keeps both in the
 * environment of programs that the target starts. With DIME_ENV_REQUIRED in front of the control
 * block's path, which the constructor takes out, the process ends with DIME_STATUS_NOT_STARTED and
 * before any code of the program's where the agent cannot start: nobody asked for that program
 * without emulation. What it starts itself runs natively in that case.
 *
 * Injected: `dime attach` maps the agent's segments into the stopped target itself, applies its
 * relocations (RELATIVE, 64, GLOB_DAT and JUMP_SLOT only; the few undefined symbols are weak and
 * resolved against the target's C library, 0 where absent), and calls dime_agent_start on one of
 * the target's threads with a stack of its own (at least 64 KiB, unmanaged). The call returns when
 * the process is a member (state ACTIVE in its slot) or could not become one. It uses raw system
 * calls only, takes no lock of the C library except __register_atfork's, and needs no TLS.
 *
 * Leaving: `dime detach` sets the member's `command` to DIME_COMMAND_DETACH; the agent's own thread
 * brings every page home, restores the C library's patched entries, sets state DETACHED and ends.
 * The agent's mapping stays (code may still be on a thread's stack).
 */
#ifndef DIME_AGENT_ENTRY_H
#define DIME_AGENT_ENTRY_H

#define DIME_ENV_CONTROL "DIME_CONTROL"
#define DIME_ENV_REQUIRED '!'
#define DIME_STATUS_NOT_STARTED 125
#define DIME_AGENT_FILE "libdime-agent.so"
#define DIME_AGENT_ENTRY "dime_agent_start"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes the calling process a member of the instance whose control block is the file
 * `control_path`. `agent_path` is the agent's file, to be preloaded into programs that the process
 * starts. Both are copied. Returns 0 or a negative errno, and nothing is changed in the process
 * then. The member's slot is found by pid in the block. */
int dime_agent_start(const char* control_path, const char* agent_path);

#ifdef __cplusplus
}
#endif
#endif
