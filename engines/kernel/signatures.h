/* SPDX-License-Identifier: GPL-2.0 */
/* The types of the kernel functions that the module hooks or calls by address, as this very kernel describes them. */
#ifndef DK_SIGNATURES_H
#define DK_SIGNATURES_H

#include <linux/types.h>

/*
 * How move_page_tables() gets its arguments. Up to 6.14 one by one; from 6.15 on ("mm/mremap: refactor move_page_tables(),
 * abstracting state") by a record, whose members lie at these offsets.
 */
struct dk_move_arguments {
	bool by_record;
	u32 vma, from, from_end, to;
};

extern struct dk_move_arguments dk_move_arguments;

/*
 * Compares the functions with what the module expects of them. An error, with a line in the log for each difference, means
 * that the module must not be loaded: registers would be read that mean something else. REQUIRES: dk_symbol() works.
 */
int dk_signatures_check(void);

#endif
