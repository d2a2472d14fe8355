/* SPDX-License-Identifier: MIT */
/* stats - the rule table and the counters, in one block of memory of their own that holds no pointers, so
 * that another process can map and read it. Written with relaxed atomics by the heap, folded by whoever
 * reads. */
#ifndef NP_CORE_STATS_H
#define NP_CORE_STATS_H

#include "policy.h"

#include <stdatomic.h>

#define NP_MAX_RULES     64
#define NP_STATS_MAGIC   0x6e756d6170657266u /* "numaperf" */
#define NP_STATS_VERSION 1

/** The errors that are counted by name; others are counted under the last. */
enum np_stats_error {
    NP_ERR_EPERM,
    NP_ERR_ENOSYS,
    NP_ERR_EINVAL,
    NP_ERR_ENOMEM,
    NP_ERR_EFAULT,
    NP_ERR_EAGAIN,
    NP_ERR_EIO,
    NP_ERR_OTHER,
    NP_ERR_COUNT
};

struct np_stats_rule {
    char section[NP_SECTION_SIZE];
    uint32_t mode, hardness, huge, prefault;   /* enum np_mode and so on, as requested */
    np_nodeset nodes;                          /* obtained */
    _Atomic uint32_t enforcement;              /* enum np_enforcement, without the verification */
    char reason[NP_REASON_SIZE];               /* set at start-up or, once, on the first degradation */
    _Atomic uint32_t reason_state;             /* 0 empty, 1 being written, 2 readable */
    _Atomic uint64_t in_use_bytes, peak_bytes; /* of all its zones together */
    _Atomic uint64_t passed_on; /* requests that the next malloc served because the zone could not */
    _Atomic uint64_t errors[NP_ERR_COUNT];
};

/** One zone, for a reader that wants to ask the kernel about its pages. */
struct np_stats_zone {
    uint32_t rule;                                   /* index into rules */
    int32_t node;                                    /* the zone's own node (local), or -1 */
    uint64_t start;                                  /* address */
    _Atomic uint64_t open;                           /* bytes from start that may hold pages */
    _Atomic uint64_t allocations, frees, live_bytes; /* written under the zone's lock only */
};

#define NP_STATS_ZONES 1024

struct np_stats {
    uint64_t magic;
    uint32_t version, size;
    int32_t pid;
    uint32_t rule_count;
    _Atomic uint32_t zone_count;
    _Atomic uint64_t remote_frees, node_migrations;
    struct np_stats_rule rules[NP_MAX_RULES];
    struct np_stats_zone zones[NP_STATS_ZONES];
};

/** np_stats_create() - map an empty block. Context: start-up. Return: the block, or NULL without memory. */
struct np_stats *np_stats_create(void);
/** What a rule's zones have counted, together. */
struct np_stats_sum {
    uint64_t allocations, frees, live_bytes;
};

/** np_stats_fold() - add up the counters of a rule's zones. Context: hook-safe. */
struct np_stats_sum np_stats_fold(const struct np_stats *stats, unsigned rule);
/** np_stats_add() - change a counter that has one writer at a time: a load and a store, no locked
 * instruction. */
static inline void np_stats_add(_Atomic uint64_t *counter, uint64_t change)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + change,
                          memory_order_relaxed);
}
/** np_stats_error() - count one failed call of the rule by errno (either sign). Context: hook-safe. */
void np_stats_error(struct np_stats_rule *rule, int error);
/** np_stats_error_name() - "EPERM" and so on; "other" for NP_ERR_OTHER. */
const char *np_stats_error_name(enum np_stats_error error);
/** np_stats_degrade() - lower the enforcement; keep the first reason given, and log it as a warning. Context: hook-safe. */
void np_stats_degrade(struct np_stats_rule *rule, enum np_enforcement enforcement, const char *reason);

#endif
