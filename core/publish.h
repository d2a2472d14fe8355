/* SPDX-License-Identifier: MIT */
/* publish - let other processes of the same user read the counters: their block becomes a sealed memfd, which is found
 * through /proc/PID/fd. Nothing on disk, nothing stale: it is gone with the process.
 *
 * It is made late, on a slow path, by programs that live for a while or use much memory; the many short-lived ones never
 * pay for it. Before that, and when the program has closed our descriptor, a reader that may read the process's memory
 * finds the block through the beacon. Context: hook-safe. */
#ifndef NP_CORE_PUBLISH_H
#define NP_CORE_PUBLISH_H

#include "stats.h"

#define NP_PUBLISH_NAME                                                                                      \
    "numaperf"               /* of the memfd: the link in /proc/PID/fd says "/memfd:numaperf (deleted)" */
#define NP_PUBLISH_AFTER 100 /* milliseconds that a program lives before it publishes */
#define NP_PUBLISH_LARGE ((size_t)32 << 20) /* bytes in use, with which it does at once */

#define NP_BEACON_MAGIC "numaperf beacon 1\nhere:" /* 24 bytes with its NUL */

/** What the shim came to in this process. */
enum np_shim_state {
    NP_SHIM_STARTING = 0,
    NP_SHIM_DISABLED, /* NUMAPERF_DISABLE */
    NP_SHIM_INVALID,  /* the policy file, or what it asks for */
    NP_SHIM_FAILED,   /* no memory to start */
    NP_SHIM_ACTIVE,
};

/** Lies in the shim's data, at a multiple of its alignment, for readers of /proc/PID/mem. */
struct np_beacon {
    _Alignas(64) char magic[24];
    uint32_t size;           /* of this */
    _Atomic uint32_t state;  /* enum np_shim_state */
    _Atomic uintptr_t stats; /* address of struct np_stats, 0 unless active */
};

/** np_publish_state() - keep for readers what became of the shim. Context: start-up. */
void np_publish_state(enum np_shim_state state);
/** np_publish_start() - @stats is the block to publish later. Context: start-up. */
void np_publish_start(struct np_stats *stats);
/** np_publish_try() - see np_publish_tick(). */
void np_publish_try(size_t size);
/** np_publish_after_fork_child() - the child leaves its parent's block and gets a private copy of it, to be published
 * when it is time. Call it before anything is counted in the child. Return: false when there was no memory: the block is
 * still the parent's. */
bool np_publish_after_fork_child(void);

extern _Atomic bool np_publish_waiting;

/** np_publish_tick() - publish if it is time. For slow paths that hold no lock.
 * @size: bytes that are about to be allocated. */
static inline void np_publish_tick(size_t size)
{
    if (atomic_load_explicit(&np_publish_waiting, memory_order_relaxed))
        np_publish_try(size);
}

#endif
