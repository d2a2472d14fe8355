/* SPDX-License-Identifier: MIT */
/* stats - the rule table and the counters, in one block of memory of their own that holds no pointers, so
 * that another process can map and read it. Written with relaxed atomics, folded by whoever reads. */
#ifndef NP_CORE_STATS_H
#define NP_CORE_STATS_H

#include "policy.h"
#include "thread_stats.h"

#include <limits.h>
#include <stdatomic.h>

#define NP_MAX_RULES     64                  /* size classes; as many rules for mappings */
#define NP_STATS_RULES   (2 * NP_MAX_RULES)  /* size classes first */
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
    bool maps;                                 /* a rule for mappings: it has no zones */
    np_nodeset nodes;                          /* obtained */
    _Atomic uint32_t enforcement;              /* enum np_enforcement, without the verification */
    char reason[NP_REASON_SIZE];               /* set at start-up or, once, on the first degradation */
    _Atomic uint32_t reason_state;             /* 0 empty, 1 being written, 2 readable */
    _Atomic uint64_t in_use_bytes, peak_bytes; /* of all its zones together */
    _Atomic uint64_t passed_on;        /* requests that the next malloc served because the zone could not */
    _Atomic uint64_t mapped, unmapped; /* mappings made, and as far as known gone again */
    _Atomic uint64_t errors[NP_ERR_COUNT];
};

/** A piece of the address space that a rule for mappings placed and that is still there, as far as calls
 * told. */
struct np_stats_mapping {
    _Atomic uint64_t start, end; /* addresses, whole pages */
    _Atomic uint32_t rule;       /* index into rules */
    _Atomic uint32_t kind;       /* enum np_mapping_kind */
    _Atomic uint32_t origin;     /* the same for all pieces of one mapping */
};

#define NP_STATS_MAPPINGS 4096
/** One zone, for a reader that wants to ask the kernel about its pages. No two share a cache line: each node writes its own. */
struct np_stats_zone {
    _Alignas(64) uint32_t rule;                      /* index into rules */
    int32_t node;                                    /* the zone's own node (local), or -1 */
    uint64_t start;                                  /* address */
    _Atomic uint64_t open;                           /* bytes from start that may hold pages */
    _Atomic uint64_t allocations, frees, live_bytes; /* of extents; written under the zone's lock only */
    _Atomic uint64_t slab_bytes, retained_bytes;     /* likewise; of free pages that may have memory */
    /* Of blocks in slabs: what threads have told so far, which they do when their magazines are filled or emptied. */
    _Alignas(64) _Atomic uint64_t small_allocations;
    _Atomic uint64_t small_frees, small_bytes, remote_frees;
};

#define NP_STATS_ZONES 1024
/** What a reader wants to know of the process beside its counters. */
struct np_stats_process {
    char program[NAME_MAX + 1]; /* base name as executed */
    char config[PATH_MAX];      /* of the policy file, or "built-in" */
    uint32_t hardness;          /* enum np_hardness: the file's global mode */
    np_nodeset nodes;           /* allowed nodes with memory; empty when the policy did not need to know */
};

struct np_stats {
    uint64_t magic;
    uint32_t version, size;
    int32_t pid;
    uint32_t rule_count;
    struct np_stats_process process;
    _Atomic uint32_t zone_count;
    _Atomic uint64_t node_migrations;
    struct np_stats_rule rules[NP_STATS_RULES];
    struct np_stats_zone zones[NP_STATS_ZONES];
    struct np_stats_rule task; /* [process]; without a section: there is none */
    uint32_t thread_count;     /* of threads */
    struct np_stats_thread threads[NP_STATS_THREADS];
    _Atomic uint32_t mapping_version; /* odd while the mappings are being changed */
    _Atomic uint32_t mapping_count;
    struct np_stats_mapping mappings[NP_STATS_MAPPINGS]; /* by rising address, disjoint */
};

/** np_stats_create() - map an empty block. Context: start-up. Return: the block, or NULL without memory. */
struct np_stats *np_stats_create(void);
/** np_stats_describe() - begin a rule's entry with what was asked for. @serves: it places anything at all. Context: start-up. */
void np_stats_describe(struct np_stats_rule *rule, const struct np_placement *placement, bool serves);
/** What a rule's zones have counted, together. */
struct np_stats_sum {
    uint64_t allocations, frees, live_bytes, remote_frees;
};
/** np_stats_fold() - add up the counters of a rule's zones. Context: hook-safe. */
struct np_stats_sum np_stats_fold(const struct np_stats *stats, unsigned rule);
/** np_stats_remote_frees() - blocks that were freed on another node than their zone's, of all rules. Context: hook-safe. */
uint64_t np_stats_remote_frees(const struct np_stats *stats);
/** np_stats_add() - change a counter that has one writer at a time: no locked instruction. */
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
