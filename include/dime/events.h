/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The events of one instance on their way to whoever records them: a ring in shared memory, in a file beside the
 * control block that is there only while `dime record` runs.
 *
 * Every member writes, one process reads. A writer draws a turn, waits until the place of that turn was read, fills
 * the place and publishes it. A writer that finds no place for long takes the reader for dead and closes the ring:
 * from then on nobody writes, so what was recorded has no hole. Where stacks are wanted, the places of an access's call
 * stack stand directly before that of its event. Rules as in abi.h: fixed-width fields, atomic
 * built-ins, times of CLOCK_MONOTONIC.
 */
#ifndef DIME_EVENTS_H
#define DIME_EVENTS_H

#include "dime/abi.h"

#define DIME_EVENTS_MAGIC 0x746e6576656du /* "mevent" */
#define DIME_EVENTS_VERSION 1u            /* of the layout of dime_events */

/* What happened. 1 to 11 are also the numbers of the trace format (docs/trace-format.md). */
enum dime_event_what {
	DIME_EVENT_FIRST_TOUCH = 1,
	DIME_EVENT_DEMAND = 2,
	DIME_EVENT_COALESCED = 3,
	DIME_EVENT_ADOPTED = 4,
	DIME_EVENT_EVICT_CLEAN = 5,
	DIME_EVENT_EVICT_DIRTY = 6,
	DIME_EVENT_EVICT_UNKNOWN = 7,
	DIME_EVENT_DROPPED = 8,
	DIME_EVENT_MOVED_FROM = 9,
	DIME_EVENT_MOVED_TO = 10,
	DIME_EVENT_PREFETCH = 11,
	DIME_EVENT_STARTED = 32, /* a process became a member, or executed another program; `page`: its parent's pid */
	DIME_EVENT_STACK = 33    /* a part of the call stack of the event behind it */
};

/*
 * What happened to a page. In places of DIME_EVENT_STACK `access` counts from 0 within the stack. In number 0 `page` is
 * the address of the instruction and `time_ns` the word that the stack pointer points to, or 0. In the others `page` and
 * then `time_ns` are return addresses, from the innermost call outwards; 0 where there are no more.
 */
struct dime_page_event {
	uint64_t turn;       /* 1 + the turn that it was written in, last; anything else: not written yet */
	uint64_t time_ns;    /* of the access, or of the eviction */
	uint64_t page : 48;  /* address / 4096 */
	uint64_t what : 8;   /* enum dime_event_what */
	uint64_t access : 8; /* 0 unknown, 1 read, 2 write */
	uint32_t pid;        /* of the process of the page */
	uint32_t tid;        /* 0 = not known */
};

#define DIME_EVENT_PLACES (1u << 17) /* events that fit into the ring */
#define DIME_STACK_CALLERS 126u       /* return addresses of a stack, at most */

/* The ring of events: many writers, one reader. */
struct dime_events {
	uint64_t magic;                             /* DIME_EVENTS_MAGIC */
	uint32_t version;                           /* of this layout */
	uint32_t bytes;                             /* sizeof(struct dime_events) */
	uint64_t created_ns;                        /* of the control block that it belongs to */
	uint32_t sample;                            /* per cent times 100 of the pages, which alone can become remote and are recorded; 0 = all */
	uint32_t stacks;                            /* one in so many accesses is written with its call stack; 0 = none */
	uint32_t reserved[8];                       /* 0 */
	uint64_t next;                              /* turn that is drawn next; by writers */
	uint64_t waits;                             /* how often a writer found no place at once */
	uint32_t closed;                            /* 1: the ring was full for too long, and nothing is written any more */
	uint32_t padding[11];                       /* keeps what different sides write apart */
	uint64_t read;                              /* turns below were read; by the reader */
	uint64_t unused[7];                         /* keeps what different sides write apart */
	struct dime_page_event places[DIME_EVENT_PLACES]; /* event number N lies at N modulo their number */
};

DIME_STATIC_ASSERT(sizeof(struct dime_page_event) == 32, "layout");
DIME_STATIC_ASSERT(sizeof(struct dime_events) == 192 + 32 * DIME_EVENT_PLACES, "layout");

#endif
