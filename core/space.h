/* SPDX-License-Identifier: MIT */
/* space - the one reservation of address space that all zones are cut from. Context: hook-safe. */
#ifndef NP_CORE_SPACE_H
#define NP_CORE_SPACE_H

#include "view.h"
#include "zone.h"

struct np_space {
    _Atomic uintptr_t base; /* 0 while nothing is reserved */
    _Atomic size_t span;    /* bytes of all zones */
    unsigned shift;         /* a zone is 1 << shift bytes */
    unsigned count;         /* zones */
    char *zones;            /* a page for each, which whoever starts it touches first: on its own node */
    size_t gap;             /* bytes at the end of a zone that are never opened */
    char *tables;           /* per zone: entries, contents, slabs, their remote records, depots */
    size_t table_span;      /* bytes of one zone's tables */
    size_t contents_offset; /* of the contents in it */
    size_t slabs_offset, remotes_offset, depots_offset;
    size_t kinds_span;        /* bytes of np_view.kinds */
    _Atomic bool released;    /* what is closed is no longer reserved: its addresses may be anybody's */
    _Atomic bool small_steps; /* address space or locked memory is limited: open no more than is asked for */
};

extern struct np_space np_space;

/* Before a zone in its page: a program that writes the first word of each of its pages drives the first cache lines of
 * others' pages out. */
#define NP_ZONE_AHEAD 2112

/** np_space_is_limited() - is there a limit to the process's address space? */
bool np_space_is_limited(void);
/** np_zones_reserved() - has np_zones_reserve() succeeded? No lock. */
static inline bool np_zones_reserved(void)
{
    return atomic_load_explicit(&np_space.base, memory_order_acquire) != 0;
}

static inline struct np_zone *np_zone_at(unsigned index)
{
    return (struct np_zone *)(void *)(np_space.zones + np_bytes(index) + NP_ZONE_AHEAD);
}

static inline unsigned np_zone_index(const struct np_zone *zone)
{
    return (unsigned)np_pages((size_t)((const char *)zone - np_space.zones));
}

/** np_zone_of() - the zone whose open part holds an address, or NULL. No lock. */
static inline struct np_zone *np_zone_of(const void *address)
{
    size_t offset = (uintptr_t)address - atomic_load_explicit(&np_space.base, memory_order_acquire);
    if (offset >= atomic_load_explicit(&np_space.span, memory_order_relaxed))
        return NULL;
    struct np_zone *zone = np_zone_at((unsigned)(offset >> np_space.shift));
    size_t in_zone = offset & (((size_t)1 << np_space.shift) - 1);
    return in_zone < atomic_load_explicit(&zone->open, memory_order_acquire) ? zone : NULL;
}

static inline size_t np_space_zone_pages(void)
{
    return ((size_t)1 << np_space.shift) >> np_page_shift;
}

/** np_zone_lay_out() - tell a zone that is about to be started where it lies, under the space's lock. */
void np_zone_lay_out(struct np_zone *zone);
/** np_space_nodes_with_cpus() - the nodes that have CPUs, from sysfs. Return: false when it cannot be read. */
bool np_space_nodes_with_cpus(np_nodeset *ret_nodes);

#endif
