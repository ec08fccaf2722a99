/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A policy or a prefetcher of the user's on its way into members: a shared object, laid out as in memory, in a file
 * beside the control block. `dime` writes it before the first member starts (engines/user/inject/own_image.h); each
 * agent maps a copy.
 *
 * The file: this header, `image_bytes` of the image, and `relocation_count` offsets into it, 8 bytes each, of words to
 * which the address of the copy is added.
 */
#ifndef DIME_OWN_IMAGE_H
#define DIME_OWN_IMAGE_H

#include "dime/abi.h"

#define DIME_OWN_IMAGE_MAGIC 0x656d696e776f /* "ownime" */
#define DIME_OWN_IMAGE_VERSION 1u
#define DIME_OWN_IMAGE_SEGMENTS 8u
#define DIME_OWN_IMAGE_BYTES (1u << 24) /* the most that a file may have */

/* A part of the image, in whole pages. */
struct dime_own_segment {
	uint64_t begin;      /* offset into the image */
	uint64_t bytes;
	uint32_t protection; /* PROT_READ ... */
	uint32_t reserved;   /* 0 */
};

struct dime_own_image {
	uint64_t magic;         /* DIME_OWN_IMAGE_MAGIC */
	uint32_t version;       /* of this layout */
	uint32_t segment_count; /* of `segments`, in use */
	uint64_t created_ns;    /* of the control block that it belongs to */
	uint64_t image_bytes;   /* whole pages */
	uint64_t ops;           /* offset in the image of the struct dime_policy_ops or dime_prefetch_ops */
	uint64_t relocation_count;
	struct dime_own_segment segments[DIME_OWN_IMAGE_SEGMENTS];
};

#endif
