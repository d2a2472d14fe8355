/* SPDX-License-Identifier: MIT */
/* space - the one reservation of address space that all zones are cut from, and the tables beside it.
 * Context: hook-safe. */
#ifndef NP_CORE_SPACE_H
#define NP_CORE_SPACE_H

#include "view.h"
#include "zone.h"

struct np_space {
    _Atomic uintptr_t base; /* 0 while nothing is reserved */
    _Atomic size_t span;    /* bytes of all zones */
    unsigned shift;         /* a zone is 1 << shift bytes */
    unsigned count;         /* zones */
    struct np_zone *zones;
    char *tables;           /* per zone: entries, contents, slabs, their remote records, depots */
    size_t table_span;      /* bytes of one zone's tables */
    size_t contents_offset; /* of the contents in it */
    size_t slabs_offset, remotes_offset, depots_offset;
    size_t kinds_span;        /* bytes of np_view.kinds */
    _Atomic bool released;    /* what is closed is no longer reserved: its addresses may be anybody's */
    _Atomic bool small_steps; /* address space or locked memory is limited: open no more than is asked for */
};

extern struct np_space np_space;

#define NP_SLAB_STRIDE   160 /* of a unit's struct np_slab */
#define NP_REMOTE_STRIDE 192 /* of a unit's struct np_slab_remote */
#define NP_DEPOT_STRIDE  128 /* of struct np_depot */
/* Before the first struct np_run. The run at the start of a zone, or at any multiple of 2 MiB, would else be described in
 * the first cache line of a page: a program that writes the first word of each of its pages drives that line out. */
#define NP_RUNS_AHEAD 1088

/** np_zones_reserved() - has np_zones_reserve() succeeded? No lock. */
static inline bool np_zones_reserved(void)
{
    return atomic_load_explicit(&np_space.base, memory_order_acquire) != 0;
}

static inline struct np_zone *np_zone_at(unsigned index)
{
    return &np_space.zones[index];
}

/** np_zone_of() - the zone whose open part holds an address, or NULL. No lock. */
static inline struct np_zone *np_zone_of(const void *address)
{
    size_t offset = (uintptr_t)address - atomic_load_explicit(&np_space.base, memory_order_acquire);
    if (offset >= atomic_load_explicit(&np_space.span, memory_order_relaxed))
        return NULL;
    struct np_zone *zone = &np_space.zones[offset >> np_space.shift];
    size_t in_zone = offset & (((size_t)1 << np_space.shift) - 1);
    return in_zone < atomic_load_explicit(&zone->open, memory_order_acquire) ? zone : NULL;
}

static inline size_t np_space_zone_pages(void)
{
    return ((size_t)1 << np_space.shift) >> np_page_shift;
}

static inline char *np_space_tables(const struct np_zone *zone)
{
    return np_space.tables + (size_t)(zone - np_space.zones) * np_space.table_span;
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

static inline char *np_space_remotes(const struct np_zone *zone)
{
    return np_space_tables(zone) + np_space.remotes_offset;
}

static inline struct np_depot *np_space_depots(const struct np_zone *zone)
{
    return (struct np_depot *)(void *)(np_space_tables(zone) + np_space.depots_offset);
}

/** np_space_units() - units that begin in the first @pages pages of a zone. */
static inline size_t np_space_units(size_t pages)
{
    return (np_bytes(pages) + NP_UNIT - 1) >> NP_UNIT_SHIFT;
}

/** np_space_kinds() - for each unit of the zone: the slot of the slab that it belongs to, 0: none. */
static inline uint8_t *np_space_kinds(const struct np_zone *zone)
{
    return np_view.kinds + (((uintptr_t)zone->base - np_space.base) >> NP_UNIT_SHIFT);
}

/** np_space_nodes_with_cpus() - the nodes that have CPUs, from sysfs. Return: false when it cannot be read. */
bool np_space_nodes_with_cpus(np_nodeset *ret_nodes);

#endif
