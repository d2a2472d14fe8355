/* SPDX-License-Identifier: MIT */
/* zone - a range of reserved address space that carries one placement.
 *
 * One reservation is cut into zones of equal size, a power of two, so the zone of an address is one subtraction and one
 * shift. A zone gets its policy and its advice once, when it is first used, for the whole of it; it is opened from the
 * bottom in steps and closed at the tail. Lock order: the space's lock, then zones by rising index.
 * Context: hook-safe. Functions with a zone expect its lock to be held unless they say otherwise. */
#ifndef NP_CORE_ZONE_H
#define NP_CORE_ZONE_H

#include "kernel.h"
#include "lock.h"
#include "pages.h"
#include "plan.h"
#include "policy.h"
#include "runs.h"
#include "stats.h"

/* So many bytes of a zone that asks for nothing else stay on base pages, a mapping of their own: with THP=always an almost
 * empty program must not cost megabytes. */
#define NP_ZONE_SMALL_PAGES_FIRST ((size_t)8 << 20)

struct np_stripes;
struct np_depot;
struct np_remote_group;

struct np_zone {
    _Alignas(64) struct np_lock lock;
    uint32_t last_free; /* millisecond of the clock, as of the last free */
    struct np_parked parked;
    char *base;
    size_t capacity;     /* bytes that may ever be opened; a gap behind keeps the VMAs of neighbours apart */
    _Atomic size_t open; /* bytes from base that are readable and writable */
    size_t reserved_end; /* bytes from base that are still ours while closed */
    _Atomic size_t explicit_end; /* bytes from base that are explicit huge pages */
    size_t explicit_size;        /* 2 MiB or 1 GiB when the class asks for explicit huge pages, else 0 */
    size_t tables_open;          /* pages of the zone that the tables can describe */
    size_t tables_reserved;      /* the same while the tables' own reservation is closed */
    struct np_runs runs;
    const struct np_placement *placement;
    struct np_stats_rule *stats;
    struct np_stats_zone *published;
    struct np_mpol policy;      /* the policy of pages that are not committed */
    struct np_mpol bound;       /* hard: the policy of committed pages */
    struct np_stripes *stripes; /* NULL unless the zone is striped */
    enum np_advice advice;
    int node;                      /* local: the zone's own node; else -1 */
    bool hard;                     /* pages are committed before they are handed out */
    bool keeps_owner;              /* first-touch: a thread gets old pages of its own only */
    _Atomic bool policy_failed;    /* mbind was refused: nothing to put right after the program's own calls */
    bool held_for_fork;            /* locked by np_zones_lock_all() */
    _Atomic bool started;          /* set under the space's lock */
    _Atomic bool failed;           /* hard, and its policy cannot be had: nothing is served */
    bool alone;                    /* the only zone of its class */
    uint32_t policy_checks, slack; /* freed blocks that were asked for their policy; bytes unsaid: tally.h */
    char *slabs;                   /* a record for each unit: slab.h */
    struct np_remote_group *remotes; /* likewise */
    struct np_depot *depots;         /* one for each slot */
    _Atomic uint32_t *posted;        /* for each slot the first slab with blocks that other nodes gave back */
    bool has_depots, small;          /* small: for slabs only, the class's large blocks have another zone */
    uint16_t class_index;
    /* Other nodes read what is above to give blocks back, and nothing below. */
    _Alignas(64) uint64_t slabs_told; /* bytes of slabs, as the rule's total has them */
    _Atomic uint64_t held_counted;    /* of runs.held and parked.pages: what the heap's total knows */
    _Atomic uint64_t fresh_bytes;     /* handed out since np_retain_make_way() last looked at all zones */
    _Atomic uint32_t colour, thin_last, thin_turn; /* next slab's; np_thin_some()'s slot and zone */
    _Atomic uint32_t last_decay;                   /* second when old pages were last looked for */
};

/** np_zones_reserve() - take address space for @count zones that serve nodes with @memory bytes in all.
 * The caller holds nothing. Return: 0; -ENOMEM when limits or the kernel leave less than is worth having. */
int np_zones_reserve(unsigned count, uint64_t memory, size_t alignment);
unsigned np_zones_count(void);
/** np_zones_hold() - is the address anywhere in the reservation, open or not? No lock. */
bool np_zones_hold(const void *address);

/** np_zone_start() - give a zone its policy, advice, name and tables. Return: 0 or -errno; policy errors are degradations
 * recorded in the zone's stats, not failures, unless the zone is hard. */
int np_zone_start(struct np_zone *zone);
/** np_zone_grow() - open at least @bytes more, whole pages; they become free runs. Return: 0; -ENOSPC when the zone is full;
 * -ENOMEM when the kernel refuses; -ENODEV when a cpuset took the nodes away. */
int np_zone_grow(struct np_zone *zone, size_t bytes);
/** np_zone_close_tail() - give the free run at the tail back to the reservation. Return: bytes closed. */
size_t np_zone_close_tail(struct np_zone *zone);
/** np_zone_renew() - put [start, start + length), which is open, back into the state of a zone just opened: no pages, one
 * mapping, the zone's policy and advice and none of anybody else's. Needs no lock: the range is the caller's.
 * Return: 0; -errno when the kernel refuses and the range is as it was. */
int np_zone_renew(struct np_zone *zone, void *start, size_t length);
/** np_zones_release_reserve() - unmap what is not open, in all zones. Takes the locks itself. */
void np_zones_release_reserve(void);
/** np_zone_close_hole() - mremap(2) has failed with [start, start + length) for its target, which it may have unmapped before:
 * map it anew if so. Return: 0, or -errno when somebody else has taken the addresses; the zone stops serving then. */
int np_zone_close_hole(struct np_zone *zone, void *start, size_t length);

/** np_vma_take() - may @count more VMAs be made? They are counted against a quarter of vm.max_map_count. */
bool np_vma_take(unsigned count);
void np_vma_give(unsigned count);

/* Locking that lets the forking thread go on: between np_zones_lock_all() and np_zones_unlock_all() it holds every lock. */
void np_zone_lock(struct np_zone *zone);
void np_zone_unlock(struct np_zone *zone);
void np_space_lock(void);
void np_space_unlock(void);
void np_zones_lock_all(void);
void np_zones_unlock_all(void);
bool np_zones_are_held(void); /* in this way, by the calling thread */

static inline char *np_zone_address(const struct np_zone *zone, uint32_t page)
{
    return zone->base + np_bytes(page);
}

/** np_zone_page() - the number of the page that holds an address of the zone. */
static inline uint32_t np_zone_page(const struct np_zone *zone, const void *address)
{
    return np_pages((size_t)((const char *)address - zone->base));
}

#endif
