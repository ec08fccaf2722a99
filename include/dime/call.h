/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a program's thread calls the agent of its own process: prctl(DIME_CALL, operation, address, bytes, name).
 *
 * The kernel knows no such option and answers EINVAL. The agent, preloaded or injected, has redirected the C library's
 * prctl while it manages the process and answers with 0 or a positive errno. include/dime/dime.h is made of this.
 */
#ifndef DIME_CALL_H
#define DIME_CALL_H

#define DIME_CALL 0x44694d45 /* the option of prctl */
#define DIME_CALL_PLACE 1 /* the pages of [address, address + bytes) go to the tier `name` */
#define DIME_CALL_MARK 2  /* a phase called `name` begins; address and bytes are 0 */

#endif
