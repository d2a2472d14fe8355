/* SPDX-License-Identifier: MIT */
/* slab - a run of a zone's pages cut into blocks of one slot.
 *
 * What is known of it stands in a record beside the zone, on the zone's own node: one bit for each block that is
 * free, and one for each that a thread of another node has given back. Nothing is written into a block.
 * Context: hook-safe; the lock of the slot's depot is held unless stated. */
#ifndef NP_CORE_SLAB_H
#define NP_CORE_SLAB_H

#include "bins.h"
#include "zone.h"

/** Units of a zone are counted from 1, so that zeroed tables are empty ones. */
#define NP_NO_SLAB 0u

/** The record of a slab lies where the first of its units has one, and may go on over those of the others. A zeroed one is of no
 * slab. */
struct np_slab {
    uint32_t next, previous; /* in the depot's list of slabs with free blocks: numbers of units */
    uint32_t free;           /* blocks whose bit is set */
    uint32_t start;          /* the block that is handed out first: where the slab's colour is */
    uint32_t turn;           /* words from start's on that have no bits */
    bool listed;
    _Atomic uint8_t slot; /* written under the depot's lock, 0: the record is of no slab */
    bool thin; /* the kernel has the pages that no block in use lies on, and no block has come back since */
    uint64_t
        dropped; /* pages that the kernel got, and of which none was handed out since: one bit for each */
    uint64_t bits[];
};

/** What threads of other nodes write stands in a table of its own, which most programs never touch, and there together for
 * several units, the same word of each side by side: each cache line of it costs them a way to this node and back. First
 * comes the link of a slab: whether it is on its depot's list of slabs with blocks from other nodes, above it the next one. */
#define NP_POSTED     1u
#define NP_NEXT_SHIFT 1

/** np_slab_slot() - also without the lock: then it is a hint, until somebody who has the lock says that the slab is his. */
static inline unsigned np_slab_slot(const struct np_slab *slab)
{
    return atomic_load_explicit(&slab->slot, memory_order_relaxed);
}

static inline uint32_t np_slab_unit(const struct np_zone *zone, const void *address)
{
    return (uint32_t)((size_t)((const char *)address - zone->base) >> NP_UNIT_SHIFT) + 1;
}

/** np_slab_first() - the unit that the slab of a block of @slot begins with. No lock. */
static inline uint32_t np_slab_first(const struct np_zone *zone, const struct np_slot *slot,
                                     const void *block)
{
    return ((np_slab_unit(zone, block) - 1) & ~((slot->slab_bytes >> NP_UNIT_SHIFT) - 1)) + 1;
}

/** np_slab_address() - where a unit begins. No lock. */
static inline char *np_slab_address(const struct np_zone *zone, uint32_t unit)
{
    return zone->base + ((size_t)(unit - 1) << NP_UNIT_SHIFT);
}

/** np_slab_at(), np_slab_link_at() - the record and the link of the slab that begins with a unit. No lock. */
struct np_slab *np_slab_at(const struct np_zone *zone, uint32_t unit);
_Atomic uint32_t *np_slab_link_at(const struct np_zone *zone, uint32_t unit);

/** np_slab_new() - make a slab for the slot with a number of the zone's free pages; all its blocks are free.
 * Return: 0, *ret_unit, and *ret_fresh is set to true when pages without memory came with it; -ENOSPC, -ENOMEM, -ENODEV as
 * np_extent_take(). */
int np_slab_new(struct np_zone *zone, unsigned number, uint32_t *ret_unit, bool *ret_fresh);
/** np_slab_return() - give the pages of a slab whose blocks are all free back to the zone. */
void np_slab_return(struct np_zone *zone, uint32_t unit);

/** np_slab_take() - hand out up to @most blocks, in the order of their addresses from the slab's colour on: the first one stands
 * at ret_blocks[most - 1], the others before it. @lines: first those that share their cache lines with no other thread's.
 * Return: how many. */
unsigned np_slab_take(struct np_zone *zone, uint32_t unit, void **ret_blocks, unsigned most, bool lines);
/** np_slab_take_pages() - hand out the blocks that lie on pages on which none in use does. Return: one bit for each such page of the
 * slab. */
uint64_t np_slab_take_pages(struct np_slab *slab);
/** np_slab_drop_pages() - give such pages back to the kernel. No lock. Return: those that it took. */
uint64_t np_slab_drop_pages(struct np_zone *zone, uint32_t unit, uint64_t pages);
/** np_slab_give_pages() - take the blocks on these pages back. */
void np_slab_give_pages(struct np_slab *slab, uint64_t pages);
/** np_slab_give() - take blocks back, up to the first that is not of this slab. Return: how many; 0 when the first is free already, or
 * none. */
unsigned np_slab_give(struct np_zone *zone, uint32_t unit, void *const *blocks, unsigned count);
/** np_slab_collect() - take back what threads of other nodes have given back. Return: UINT32_MAX, or the number of a block
 * that was free already. */
uint32_t np_slab_collect(struct np_zone *zone, uint32_t unit);
/** np_slab_has_remote() - is there anything to collect? No lock. */
bool np_slab_has_remote(const struct np_zone *zone, uint32_t unit);
/** np_slab_post() - give blocks of one word back from another node. No lock. Return: false when one of them was
 * given back by another node already. */
bool np_slab_post(struct np_zone *zone, uint32_t unit, unsigned word, uint64_t bits);

#endif
