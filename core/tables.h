/* SPDX-License-Identifier: MIT */
/* tables - what is known of a zone's pages and units, beside the zone and on its node: runs, contents, slabs, what other nodes
 * gave back, depots. Context: hook-safe. */
#ifndef NP_CORE_TABLES_H
#define NP_CORE_TABLES_H

#include "depot.h"
#include "space.h"

#define NP_SLAB_STRIDE  160 /* of a unit's struct np_slab */
#define NP_REMOTE_GROUP 16  /* units: a cache line of links */

/** What threads of other nodes write for a group of units. */
struct np_remote_group {
    _Alignas(64) _Atomic uint32_t links[NP_REMOTE_GROUP];
    _Atomic uint64_t words[NP_UNIT_WORDS][NP_REMOTE_GROUP];
};

/* Before the first struct np_run. The run at the start of a zone, or at any multiple of 2 MiB, would else be described in
 * the first cache line of a page: see NP_ZONE_AHEAD. */
#define NP_RUNS_AHEAD 1088

static inline char *np_space_tables(const struct np_zone *zone)
{
    return np_space.tables + np_zone_index(zone) * np_space.table_span;
}

static inline struct np_run *np_space_entries(const struct np_zone *zone)
{
    return (struct np_run *)(void *)(np_space_tables(zone) + NP_RUNS_AHEAD);
}

/** np_space_runs_bytes() - of the first table, for a zone's first @pages pages. */
static inline size_t np_space_runs_bytes(size_t pages)
{
    return pages ? NP_RUNS_AHEAD + pages * sizeof(struct np_run) : 0;
}

static inline uint8_t *np_space_contents(const struct np_zone *zone)
{
    return (uint8_t *)np_space_tables(zone) + np_space.contents_offset;
}

static inline char *np_space_slabs(const struct np_zone *zone)
{
    return np_space_tables(zone) + np_space.slabs_offset;
}

static inline struct np_remote_group *np_space_remotes(const struct np_zone *zone)
{
    return (struct np_remote_group *)(void *)(np_space_tables(zone) + np_space.remotes_offset);
}

static inline struct np_depot *np_space_depots(const struct np_zone *zone)
{
    return (struct np_depot *)(void *)(np_space_tables(zone) + np_space.depots_offset);
}

/** np_space_posted() - behind the depots: together, so that posting slabs of several slots takes few cache lines. */
static inline _Atomic uint32_t *np_space_posted(const struct np_zone *zone)
{
    return (_Atomic uint32_t *)(void *)(np_space_depots(zone) + np_bins.slots + 1);
}

/** np_space_depots_bytes() - of the depots of a zone and the heads of their lists. */
static inline size_t np_space_depots_bytes(void)
{
    return (np_bins.slots + 1) * (sizeof(struct np_depot) + sizeof(uint32_t));
}

/** np_space_units() - units that begin in the first @pages pages of a zone. */
static inline size_t np_space_units(size_t pages)
{
    return (np_bytes(pages) + NP_UNIT - 1) >> NP_UNIT_SHIFT;
}

/** np_space_remote_bytes() - of the table of remote words for so many units. */
static inline size_t np_space_remote_bytes(size_t units)
{
    return (units + NP_REMOTE_GROUP - 1) / NP_REMOTE_GROUP * sizeof(struct np_remote_group);
}

/** np_space_kinds() - for each unit of the zone: the slot of the slab that it belongs to, 0: none. */
static inline uint8_t *np_space_kinds(const struct np_zone *zone)
{
    return np_view.kinds + (((uintptr_t)zone->base - np_space.base) >> NP_UNIT_SHIFT);
}

#endif
