/* SPDX-License-Identifier: MIT */
/* depot - the store of free blocks of one slot in one zone, behind the magazines of all threads: a list of slabs with free
 * blocks. Magazines are filled by clearing bits and emptied by setting them, under the depot's own lock; threads of other
 * nodes set bits without it and post the slab, on a list whose head stands beside those of the zone's other depots.
 * Context: hook-safe; these functions take the lock themselves.
 * Lock order: the depot's, then its zone's. */
#ifndef NP_CORE_DEPOT_H
#define NP_CORE_DEPOT_H

#include "slab.h"

/** A zeroed one is an empty depot: to glibc that is a mutex which nobody has. */
struct np_depot {
    _Alignas(64) pthread_mutex_t lock;
    uint32_t first, last;        /* of the slabs with free blocks; wholly free ones come last */
    uint32_t empty;              /* slabs whose blocks are all free: one is kept */
    _Atomic uint32_t contention; /* how often its lock was waited for of late */
    _Atomic bool held;           /* somebody has the lock: a glance */
};

/** np_depot_take() - up to @most blocks of @slot, the one to be handed out first at the end; @lines as np_slab_take(). Return: how many; -ENOSPC, -ENOMEM or -ENODEV for none. */
int np_depot_take(struct np_zone *zone, unsigned slot, void **ret_blocks, unsigned most, bool lines);
/** np_depot_give() - take blocks of @slot back from their own zone's magazine. Aborts when one is free already. */
void np_depot_give(struct np_zone *zone, unsigned slot, void **blocks, unsigned count);
/** np_depot_is_contended() - do threads wait for each other here? Magazines should be larger then (Bonwick and Adams, section
 * 3.4). No lock. */
bool np_depot_is_contended(const struct np_zone *zone, unsigned slot);
/** np_depot_post() - take back blocks of any slots of @zone from a thread of another node, sorted by address, without
 * a lock. Aborts as np_depot_give(). */
void np_depot_post(struct np_zone *zone, void **blocks, unsigned count);
/** np_depot_collect() - take in what other nodes gave back to a slot that nobody may be allocating from, unless the lock is
 * held. */
void np_depot_collect(struct np_zone *zone, unsigned slot);
/** np_depot_thin() - give the pages of up to @most slabs on which no block in use lies back to the kernel, but not those of slabs
 * where that was done before and nothing has changed. Return: how many slabs were looked at; *ret_any is set to true when a
 * page went. */
unsigned np_depot_thin(struct np_zone *zone, unsigned slot, unsigned most, bool *ret_any);
/** np_depots_trim() - collect what was posted, give every slab whose blocks are all free back to its zone, and of the others
 * the pages that no block in use lies on to the kernel. Return: was there any? */
bool np_depots_trim(struct np_zone *zone);

#endif
