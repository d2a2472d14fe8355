/* SPDX-License-Identifier: MIT */
/* tally - how many bytes a zone and its rule have live. The zone's lock is held, but for the peak.
 * Context: hook-safe. */
#ifndef NP_CORE_TALLY_H
#define NP_CORE_TALLY_H

#include "zone.h"

/* What the zone of a node tells of its slabs is up to twice this too much, and of what it retains too little: a line that all
 * nodes write would else go back and forth for each slab (measured: half of all remote misses of private structures). */
#define NP_TALLY_SLACK ((uint32_t)128 << 10)
#define NP_TALLY_SHARE 4 /* of what there is: no more than that */

/* What all zones of a rule have in use; where there is one, its lock does. */
static inline void np_tally_rule(struct np_zone *zone, uint64_t change)
{
    if (zone->alone)
        np_stats_add(&zone->stats->in_use_bytes, change);
    else
        atomic_fetch_add_explicit(&zone->stats->in_use_bytes, change, memory_order_relaxed);
}

static inline bool np_tally_tell_slabs(struct np_zone *zone, uint64_t slack)
{
    const uint64_t bytes = atomic_load_explicit(&zone->published->slab_bytes, memory_order_relaxed);
    slack = bytes / NP_TALLY_SHARE < slack ? bytes / NP_TALLY_SHARE : slack;
    if (bytes <= zone->slabs_told && zone->slabs_told <= bytes + 2 * slack)
        return false;
    np_tally_rule(zone, bytes + slack - zone->slabs_told);
    zone->slabs_told = bytes + slack;
    return true;
}

static inline void np_tally_add(struct np_zone *zone, uint32_t pages)
{
    uint64_t bytes = np_bytes(pages);
    np_stats_add(&zone->published->live_bytes, bytes);
    np_tally_rule(zone, bytes);
}

static inline void np_tally_remove(struct np_zone *zone, uint32_t pages)
{
    uint64_t bytes = np_bytes(pages);
    np_stats_add(&zone->published->live_bytes, -bytes);
    np_tally_rule(zone, -(uint64_t)bytes);
}

/** np_tally_add_slab() - Return: does the rule's total know more now? */
static inline bool np_tally_add_slab(struct np_zone *zone, size_t bytes)
{
    np_stats_add(&zone->published->slab_bytes, bytes);
    return np_tally_tell_slabs(zone, zone->slack);
}

static inline void np_tally_remove_slab(struct np_zone *zone, size_t bytes)
{
    np_stats_add(&zone->published->slab_bytes, -(uint64_t)bytes);
    (void)np_tally_tell_slabs(zone, zone->slack);
}

/** np_tally_retained() - tell what the zone's free pages come to. */
static inline void np_tally_retained(const struct np_zone *zone)
{
    atomic_store_explicit(&zone->published->retained_bytes, np_bytes(zone->runs.held + zone->parked.pages),
                          memory_order_relaxed);
}

/** np_tally_exactly() - tell what the zone's slabs really come to. */
static inline void np_tally_exactly(struct np_zone *zone)
{
    (void)np_tally_tell_slabs(zone, 0);
}

/** np_tally_peak() - a block is fit for use: see whether there was never more. One that a full node refuses
 * does not count. */
static inline void np_tally_peak(struct np_zone *zone)
{
    struct np_stats_rule *stats = zone->stats;
    uint64_t in_use = atomic_load_explicit(&stats->in_use_bytes, memory_order_relaxed);
    uint64_t peak = atomic_load_explicit(&stats->peak_bytes, memory_order_relaxed);
    while (in_use > peak &&
           !atomic_compare_exchange_weak_explicit(&stats->peak_bytes, &peak, in_use, memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
}

#endif
