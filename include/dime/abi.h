/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control block: everything that the parts of one instance share.
 *
 * A user-engine instance is one file of this layout in shared memory. The first `dime` command that names the
 * instance creates it, every agent and every `dime` command maps it, and it goes away with its last member
 * unless `keep` is set.
 * The kernel engine keeps the same records in kernel memory, without members, and shows them as text in
 * /proc/dime_stats, which `dime` reads back into this struct. docs/internals.md says who writes what.
 *
 * Rules: fixed-width fields, explicit padding, sizes asserted below. Both sides compare `magic` and `abi_version`
 * when they map a block and refuse another version. Fields that change while a program runs are plain integers that
 * are read and written with atomic built-ins (core/atomic.h). Times are nanoseconds of CLOCK_MONOTONIC unless said otherwise.
 */
#ifndef DIME_ABI_H
#define DIME_ABI_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

#ifdef __cplusplus
#define DIME_STATIC_ASSERT static_assert
extern "C" {
#else
#define DIME_STATIC_ASSERT _Static_assert /* of either language */
#endif

#define DIME_ABI_VERSION 8u              /* of all layouts in this header; others are refused */
#define DIME_CONTROL_MAGIC 0x31656d6964u /* "dime1" */
#define DIME_LINK_MAGIC 0x6b6e696c6du    /* "mlink" */

#define DIME_PAGE_SHIFT 12    /* of the pages that are managed */
#define DIME_PAGE_BYTES 4096u /* of the pages that are managed */
#define DIME_NAME_BYTES 32    /* policy and link names, with the closing NUL */
#define DIME_COMM_BYTES 16    /* name of a process, with the closing NUL */
#define DIME_PATH_BYTES 256   /* path of a file, with the closing NUL */
#define DIME_SITE_TABLES 4    /* libraries whose system calls are rewritten */
#define DIME_MAX_MEMBERS 1024 /* processes in an instance */
#define DIME_MAX_TIERS 8      /* with tier 0, which is the instance itself, and the last, which is always local */
#define DIME_TIER_LOCAL 7     /* its pages never become remote */
#define DIME_MAX_RULES 32     /* of an instance */
#define DIME_RULE_BYTES 160   /* a rule as it was written, with the closing NUL */
#define DIME_PATTERN_BYTES 96 /* name that a rule asks for, with the closing NUL */
#define DIME_MAX_MARKS 256    /* of an instance; later ones are counted only */

/* Parameter flags. */
#define DIME_ONE_WAY (1u << 0)            /* latency_ns is one-way and charged twice, as the original did */
#define DIME_CHARGE_FIRST_TOUCH (1u << 1) /* stall first touches too */
#define DIME_WRITEBACK (1u << 2)          /* evictions of dirty pages use tx bandwidth */
#define DIME_FOLLOW_CHILDREN (1u << 3)    /* later children become members */
#define DIME_ALLOW_FLOOR (1u << 4)        /* a stall below the floor was accepted knowingly */

#define DIME_UNLIMITED UINT64_MAX /* write_bandwidth_bps, where 0 means something else */

/* How a stall passes. */
enum dime_wait { DIME_WAIT_AUTO = 0, DIME_WAIT_SPIN = 1, DIME_WAIT_SLEEP = 2 };
/* Which memory is managed: private anonymous mappings, or with the kernel engine all. */
enum dime_scope { DIME_SCOPE_ANON = 0, DIME_SCOPE_ALL = 1 };
/* Who emulates. */
enum dime_engine { DIME_ENGINE_USER = 1, DIME_ENGINE_KERNEL = 2 };

/* What was asked for. Changed live: the writer makes `sequence` odd, writes, and makes it even again. */
struct dime_parameters {
	uint64_t sequence;              /* odd while the parameters are being changed */
	uint64_t latency_ns;            /* unloaded fetch of one page */
	uint64_t bandwidth_bps;         /* bits per second, 0 = unlimited */
	uint64_t local_npages;          /* the limit, where local_share is 0 */
	uint32_t local_share;           /* per cent of the touched pages times 100 (2500 = 25 %); 0 = local_npages counts */
	uint32_t flags;                 /* DIME_ONE_WAY ... */
	uint32_t wait;                  /* enum dime_wait */
	uint32_t scope;                 /* enum dime_scope */
	uint32_t writeback_depth;       /* pages that may queue for write-back before an eviction stalls */
	uint32_t reserved;              /* 0 */
	uint64_t write_bandwidth_bps;   /* of write-back: 0 = as bandwidth_bps, DIME_UNLIMITED */
	char policy[DIME_NAME_BYTES];   /* as `--policy` takes it */
	char link[DIME_NAME_BYTES];     /* "" = the instance's own */
	char prefetch[DIME_NAME_BYTES]; /* as `--prefetch` takes it */
};

/* What a tier has of its own (dime_tier.own); the rest is the instance's. */
#define DIME_OWN_LATENCY (1u << 0)
#define DIME_OWN_BANDWIDTH (1u << 1) /* with no link named: a wire of its own */
#define DIME_OWN_LINK (1u << 2)      /* a link that it names */
#define DIME_OWN_LOCAL (1u << 3)     /* a limit of its own, next to the instance's */
#define DIME_OWN_POLICY (1u << 4)    /* only with DIME_OWN_LOCAL */
#define DIME_OWN_BY_RULE (1u << 5)   /* a rule has made the tier, and it goes with its rule */
#define DIME_OWN_PREFETCH (1u << 6)  /* a prefetcher for accesses to its pages, which fetches no others */

/* A tier of memory. Entry 0 of the table and the entry DIME_TIER_LOCAL have nothing of their own but their names. */
struct dime_tier {
	uint64_t latency_ns;            /* of a fetch, unloaded */
	uint64_t bandwidth_bps;         /* bits per second, 0 = unlimited */
	uint64_t local_npages;          /* the limit, where local_share is 0 */
	uint32_t local_share;           /* as in struct dime_parameters */
	uint32_t own;                   /* DIME_OWN_LATENCY ... */
	char name[DIME_NAME_BYTES];     /* "" = entry not in use */
	char policy[DIME_NAME_BYTES];   /* as `--policy` takes it */
	char link[DIME_NAME_BYTES];     /* "" = the one of its own, or the instance's */
	char prefetch[DIME_NAME_BYTES]; /* as `--prefetch` takes it */
};

/* What memory is, for rules. In masks as 1 << kind. */
enum dime_kind {
	DIME_KIND_HEAP = 0,  /* the program break's: [heap] */
	DIME_KIND_STACK = 1, /* of the first thread: [stack] */
	DIME_KIND_BSS = 2,   /* anonymous memory right behind the data of a program or library */
	DIME_KIND_ANON = 3,  /* other private anonymous mappings, thread stacks among them */
	DIME_KIND_FILE = 4   /* mappings of files, where the engine manages them */
};

/* Memory that meets every condition of a rule goes to its tier. The first rule that matches counts. */
struct dime_rule {
	uint64_t least_bytes;          /* size of the mapping */
	uint64_t most_bytes;           /* largest size; 0 = any */
	uint64_t begin;                /* only the part of the mapping inside [begin, end); both 0 = everywhere */
	uint64_t end;                  /* first address behind that part */
	uint32_t kinds;                /* 1 << enum dime_kind ..., 0 = any */
	uint32_t tier;                 /* index of the tier that the memory goes to */
	char name[DIME_PATTERN_BYTES]; /* of the mapping, with '*' and '?'; "" = any */
	char comm[DIME_COMM_BYTES];    /* of the process, "" = any */
	char text[DIME_RULE_BYTES];    /* as it was written */
};

/* Tiers and rules. Changed live like dime_parameters, under the same `sequence` of theirs. */
struct dime_placement {
	uint32_t rule_count;                    /* of `rules`, in use */
	uint32_t reserved;                      /* 0 */
	struct dime_tier tiers[DIME_MAX_TIERS]; /* by index */
	struct dime_rule rules[DIME_MAX_RULES]; /* in the order in which they are tried */
};

#define DIME_HISTOGRAM_BUCKETS 3840 /* of times up to 68 s, none wider than 1/128 of its time */

/* Log-linear histogram of times: see core/histogram.h for the bucket boundaries. */
struct dime_histogram {
	uint64_t count;                           /* of the times noted */
	uint64_t sum;                             /* ns */
	uint64_t max;                             /* ns */
	uint64_t buckets[DIME_HISTOGRAM_BUCKETS]; /* how many times fell into each */
};

/* One direction of a link. */
struct dime_link_direction {
	uint64_t next_free; /* when the wire is free again, in 1/64 ns */
	uint64_t bytes;     /* carried so far */
	uint64_t transfers; /* carried so far */
	uint64_t busy_ns;   /* for how long the wire was taken */
	uint64_t queue_ns;  /* sum of the times that transfers waited for the wire */
	uint64_t first_ns;  /* start of the first transfer, 0 = none yet */
	uint64_t last_ns;   /* end of the last one */
	uint64_t reserved;  /* 0 */
};

/* A link: its two directions, and who uses it. */
struct dime_link {
	uint64_t magic;                /* DIME_LINK_MAGIC */
	uint32_t abi_version;          /* DIME_ABI_VERSION */
	uint32_t users;                /* instances that name it */
	char name[DIME_NAME_BYTES];    /* "" = an instance's own */
	struct dime_link_direction rx; /* fetches */
	struct dime_link_direction tx; /* write-back */
};

#define DIME_JITTER_OCTAVES 20 /* parts of a half, each as wide as all behind it */
#define DIME_JITTER_CELLS 32   /* equal parts of an octave */
/* Quantiles of a half: at each end of a cell, and one more. */
#define DIME_JITTER_HALF (DIME_JITTER_OCTAVES * DIME_JITTER_CELLS + 2)

/* Distributions; DIME_JITTER_TABLE is one that the user has measured. */
enum dime_jitter_shape {
	DIME_JITTER_NONE = 0,
	DIME_JITTER_NORMAL = 1,
	DIME_JITTER_LOGNORMAL = 2,
	DIME_JITTER_PARETO = 3,
	DIME_JITTER_PARETONORMAL = 4,
	DIME_JITTER_TABLE = 5
};

/* What is added to the latency of each fetch: a table of quantiles and a seeded sequence, see core/jitter.h. */
struct dime_jitter {
	uint32_t shape;                            /* enum dime_jitter_shape */
	uint32_t correlation;                      /* of one draw with the next, per cent times 100 */
	uint64_t deviation_ns;                     /* standard deviation; 0 for a table, which holds times itself */
	uint64_t seed;                             /* of the sequence of draws */
	uint64_t draws;                            /* how many fetches have drawn so far */
	uint64_t reserved[2];                      /* 0 */
	int64_t quantiles_ns[2][DIME_JITTER_HALF]; /* lower and upper half, each from its tail to the median */
};

#define DIME_MAX_FETCH_SIZES 32 /* in a table */

/* One size of fetch_times. */
struct dime_fetch_size {
	uint64_t bytes; /* size of a fetch */
	uint64_t ns;    /* unloaded time that it takes */
};

/* Unloaded time of a fetch by its size, ascending; count 0 = latency + size / bandwidth. See core/fetch_times.h. */
struct dime_fetch_times {
	uint32_t count;                             /* of `sizes`, in use */
	uint32_t reserved;                          /* 0 */
	struct dime_fetch_size sizes[DIME_MAX_FETCH_SIZES]; /* ascending by size */
};

#define DIME_MAX_STEPS 64             /* in a schedule */
#define DIME_STEP_LATENCY (1u << 0)   /* latency_ns holds from here on */
#define DIME_STEP_BANDWIDTH (1u << 1) /* bandwidth_bps holds from here on */
#define DIME_STEP_DOWN (1u << 2)      /* nothing is transferred until UP */
#define DIME_STEP_UP (1u << 3)        /* ends DOWN */

/* One step of a schedule. */
struct dime_step {
	uint64_t at_ns;         /* after start_ns; ascending */
	uint64_t latency_ns;    /* with DIME_STEP_LATENCY */
	uint64_t bandwidth_bps; /* with DIME_STEP_BANDWIDTH: bits per second, 0 = unlimited */
	uint32_t what;          /* DIME_STEP_LATENCY ... */
	uint32_t reserved;      /* 0 */
};

/* How the network changes over time, see core/schedule.h. Each step holds until another changes the same thing. */
struct dime_schedule {
	uint64_t start_ns;                      /* CLOCK_MONOTONIC */
	uint64_t outage_max_ns;                 /* the longest that one fetch waits for a link that is down */
	uint32_t count;                         /* of `steps`, in use */
	uint32_t reserved;                      /* 0 */
	struct dime_step steps[DIME_MAX_STEPS]; /* ascending by time */
};

/* Monotonic counts of an instance. */
struct dime_counters {
	uint64_t faults_first_touch;  /* pages that were allocated */
	uint64_t faults_remote;       /* touches of remote pages, which were fetched */
	uint64_t faults_joined;       /* touches of a page that was in flight */
	uint64_t evictions_clean;     /* the remote copy was still good */
	uint64_t evictions_dirty;     /* written back */
	uint64_t evictions_refused;   /* pinned, or with access rights that cannot be moved */
	uint64_t late_adopted;        /* pages that were touched before their mapping was noticed */
	uint64_t not_followed;        /* programs started by members that could not be followed */
	uint64_t page_fault_count;    /* first touches and remote accesses since the last reset */
	uint64_t faults_system_call;  /* of faults_remote, pages that system calls would touch; inline path only */
	uint64_t evictions_unknown;   /* neither clean nor dirty: nobody looked, as nothing depended on it */
	uint64_t thread_path_members; /* processes whose faults the handler thread resolved */
	uint64_t prefetch_issued;     /* pages that were fetched because a prefetcher named them */
	uint64_t prefetch_used;       /* of them, touched after they had arrived */
	uint64_t prefetch_late;       /* of them, touched while they were under way: the touch waited for the rest */
	uint64_t prefetch_useless;    /* of them, evicted or dropped without a touch */
};

/* Levels of an instance, with peaks. */
struct dime_levels {
	uint64_t local_pages;     /* never above the limit, but for inherited_pages */
	uint64_t inherited_pages; /* local pages of a forked child above the limit; only ever shrinks */
	uint64_t managed_pages;   /* local + remote: the pages touched and still mapped */
	uint64_t unmanaged_pages; /* resident pages that the engine leaves alone */
	uint64_t local_peak;      /* highest local_pages so far */
	uint64_t managed_peak;    /* highest managed_pages so far */
	uint64_t unmanaged_peak;  /* highest unmanaged_pages so far */
	uint64_t reserved;        /* 0 */
};

/* What a tier has seen. Of tier 0 nothing is kept: it is what the others leave of the instance's. */
struct dime_tier_use {
	struct dime_counters counters;  /* of the pages of the tier */
	struct dime_levels levels;      /* where the tier has a limit of its own, or is always local */
	struct dime_link link;          /* where it has a bandwidth of its own and names no link */
	struct dime_histogram stall_ns; /* stalls of accesses to its pages */
};

/* One member's part of a tier's levels. */
struct dime_tier_part {
	uint64_t local_pages;     /* of its pages, local ones of this member */
	uint64_t managed_pages;   /* of its pages, this member's */
	uint64_t inherited_pages; /* of its pages, this member's above the limit */
	uint64_t reserved;        /* 0 */
};

/* A moment that a program has named (dime_mark), and the instance's counts then. */
struct dime_mark {
	uint64_t at_ns;             /* CLOCK_MONOTONIC */
	uint64_t first_touch;       /* faults_first_touch of the instance */
	uint64_t remote;            /* faults_remote of the instance */
	uint64_t joined;            /* faults_joined of the instance */
	uint64_t evictions;         /* evictions of the instance, of all kinds */
	uint64_t stall_ns;          /* sum */
	uint32_t pid;               /* of the process that set it */
	uint32_t ready;             /* 1: written */
	char name[DIME_NAME_BYTES]; /* that the program gave it */
};

/* What the mechanism costs on this machine, measured before a program starts. */
struct dime_calibration {
	uint64_t floor_ns;      /* a remote access at zero latency, one thread, seen by the program */
	uint64_t lead_ns;       /* of it outside the handler's own clock, one thread, for a write */
	uint64_t lead_read_ns;  /* the same for a read, for which the kernel makes no page first */
	uint64_t lead_multi_ns; /* the same while several threads run */
	uint64_t tsc_hz;        /* 0 = the time-stamp counter is not usable */
	uint64_t found_ns;      /* inline path: the found_ns of the member for which lead_ns was measured */
	uint64_t found_read_ns; /* the same of lead_read_ns */
};

/* The life of an entry in dime_control.members. */
enum dime_member_state {
	DIME_MEMBER_FREE = 0,
	DIME_MEMBER_STARTING = 1, /* slot taken, agent not ready */
	DIME_MEMBER_ACTIVE = 2,
	DIME_MEMBER_LEAVING = 3,  /* pages are coming home */
	DIME_MEMBER_DETACHED = 4, /* left while its process lives on */
	DIME_MEMBER_ENDED = 5,    /* process gone; kept for the results until the slot is needed */
	DIME_MEMBER_REAPED = 6    /* process gone; somebody gives back what it counted, then ENDED */
};

/* What `dime` asks of a member. */
enum dime_member_command { DIME_COMMAND_NONE = 0, DIME_COMMAND_DETACH = 1 };

/* One process of the instance. Written by its agent, but for `command` and `give_back`. */
struct dime_member {
	uint32_t state;              /* enum dime_member_state */
	uint32_t pid;                /* in the namespaces that `namespaces` stands for */
	uint64_t start_time;         /* /proc/PID/stat field 22, against reuse of the pid */
	char comm[DIME_COMM_BYTES];  /* name of the program */
	uint32_t command;            /* enum dime_member_command, written by `dime` */
	uint32_t give_back;          /* pages that another member asks this one to evict */
	uint32_t handler_tid;        /* thread of the agent, 0 = it has none */
	uint32_t parent_pid;         /* process that it was forked from */
	uint64_t local_pages;        /* its part of the levels of this name */
	uint64_t inherited_pages;    /* its part of the levels of this name */
	uint64_t managed_pages;      /* its part of the levels of this name */
	uint64_t unmanaged_pages;    /* its part of the levels of this name */
	uint64_t faults_first_touch; /* its part of the counters of this name */
	uint64_t faults_remote;      /* its part of the counters of this name */
	uint64_t faults_joined;      /* its part of the counters of this name */
	uint64_t evictions;          /* its evictions, of all kinds */
	uint64_t stall_ns_sum;       /* of its stalls */
	uint64_t last_fault_ns;      /* CLOCK_MONOTONIC */
	uint64_t oldest_ns;          /* when the page that its policy would evict next became local */
	uint64_t attach_error;       /* errno, with state FREE, where the agent could not start */
	uint64_t agent_base;         /* where an injected agent is mapped in the process, 0 = preloaded */
	uint64_t ending;             /* 1: it ends, and looks now, for the last time, whether anybody is left */
	uint64_t faults_system_call; /* its part of the counters of this name */
	uint64_t found_ns;           /* inline path: what it finds itself of the lead, usually; 0 = too little is known */
	uint64_t found_read_ns;      /* the same for reads */
	uint64_t namespaces;         /* in which pid and start_time count (core/namespaces.h); 0 = could not be found out */
};

/* Who resolves a fault: a thread of the agent, or the thread that took it. */
enum dime_fault_path { DIME_FAULT_PATH_THREAD = 0, DIME_FAULT_PATH_INLINE = 1 };

/* How the user engine makes a page inaccessible: moved away, or copied and dropped (kernels before 6.8). */
enum dime_mechanism { DIME_MECHANISM_MOVE = 0, DIME_MECHANISM_COPY = 1 };

/* The control block of an instance: shared by `dime` and the agents of its members. */
struct dime_control {
	uint64_t magic;                             /* DIME_CONTROL_MAGIC */
	uint32_t abi_version;                       /* DIME_ABI_VERSION */
	uint32_t bytes;                             /* sizeof(struct dime_control) */
	uint32_t engine;                            /* enum dime_engine */
	uint32_t instance_id;                       /* as in --instance */
	uint32_t owner_pid;                         /* the `dime run` that waits for the result, 0 = none */
	uint32_t keep;                              /* 1: created without members by `dime config`; stays until removed */
	uint64_t owner_start_time;                  /* /proc/PID/stat field 22 of owner_pid */
	uint64_t owner_namespaces;                  /* in which the two count */
	uint64_t namespaces;                        /* from which all members descend; 0 = they come from several */
	uint32_t fault_path;                        /* enum dime_fault_path, of processes that start in the instance */
	uint32_t mechanism;                         /* enum dime_mechanism; DIME_MECHANISM_COPY with the inline path only */
	char site_tables[DIME_SITE_TABLES][DIME_PATH_BYTES]; /* for the inline path: engines/user/sites; "" = none */
	struct dime_parameters parameters;          /* what was asked for */
	struct dime_calibration calibration;        /* of this machine and fault path */
	struct dime_counters counters;              /* since the instance was created */
	struct dime_levels levels;                  /* now, and the highest */
	struct dime_link link;                      /* used where parameters.link is "" */
	struct dime_jitter jitter;                  /* what is added to each latency */
	struct dime_fetch_times fetch_times;        /* by size, instead of the latency */
	struct dime_schedule schedule;              /* how the network changes */
	struct dime_histogram stall_ns;             /* fault entry to release */
	uint64_t target_ns;                         /* unloaded stall that the parameters ask for */
	char last_problem[128];                     /* the last thing an agent could not do, for the summary; "" = none */
	uint64_t created_ns;                        /* CLOCK_MONOTONIC */
	uint64_t mark_count;                        /* marks that were set; more than DIME_MAX_MARKS are only counted */
	struct dime_mark marks[DIME_MAX_MARKS];     /* in the order in which they were set */
	struct dime_placement placement;            /* tiers and rules */
	uint32_t rule_matched[DIME_MAX_RULES];      /* 1: the rule has placed memory */
	struct dime_tier_use tier_uses[DIME_MAX_TIERS]; /* by index of the tier */
	struct dime_member members[DIME_MAX_MEMBERS]; /* in no order; DIME_MEMBER_FREE ones among them */
	struct dime_tier_part tier_parts[DIME_MAX_MEMBERS][DIME_MAX_TIERS]; /* by index of the member and of the tier */
};

DIME_STATIC_ASSERT(sizeof(struct dime_parameters) == 64 + 3 * DIME_NAME_BYTES, "layout");
DIME_STATIC_ASSERT(sizeof(struct dime_link_direction) == 64, "layout");
DIME_STATIC_ASSERT(sizeof(struct dime_link) == 48 + 128, "layout");
DIME_STATIC_ASSERT(sizeof(struct dime_jitter) == 48 + 16 * DIME_JITTER_HALF, "layout");
DIME_STATIC_ASSERT(sizeof(struct dime_fetch_times) == 8 + 16 * DIME_MAX_FETCH_SIZES, "layout");
DIME_STATIC_ASSERT(sizeof(struct dime_schedule) == 24 + 32 * DIME_MAX_STEPS, "layout");
DIME_STATIC_ASSERT(sizeof(struct dime_member) == 192, "layout");
DIME_STATIC_ASSERT(sizeof(struct dime_tier) == 32 + 4 * DIME_NAME_BYTES, "layout");
DIME_STATIC_ASSERT(sizeof(struct dime_rule) == 40 + DIME_PATTERN_BYTES + DIME_COMM_BYTES + DIME_RULE_BYTES, "layout");
DIME_STATIC_ASSERT(sizeof(struct dime_tier_part) == 32, "layout");
DIME_STATIC_ASSERT(sizeof(struct dime_mark) == 56 + DIME_NAME_BYTES, "layout");

#ifdef __cplusplus
}
#endif
#endif
