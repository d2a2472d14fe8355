/* SPDX-License-Identifier: MIT */
#include "depot.h"

#include "log.h"
#include "tables.h"
#include "thin.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* Keeping one wholly free slab spares a program that allocates and frees around a slab's border the work of making it
 * anew each time. */
#define EMPTY_KEPT 1

/* More than one in sixteen takes of the lock that have to wait, for a while, are contention. */
#define CONTENTION_STEP 16
#define CONTENDED_FROM  64
#define CONTENTION_MOST 256

static void note_waiting(struct np_depot *depot, bool waited)
{
    uint32_t contention = atomic_load_explicit(&depot->contention, memory_order_relaxed);
    if (waited && contention <= CONTENTION_MOST - CONTENTION_STEP)
        atomic_store_explicit(&depot->contention, contention + CONTENTION_STEP, memory_order_relaxed);
    else if (!waited && contention)
        atomic_store_explicit(&depot->contention, contention - 1, memory_order_relaxed);
}

/* Nobody else is here while this thread forks. */
static void lock(struct np_depot *depot)
{
    if (np_zones_are_held())
        return;
    const bool waits = atomic_load_explicit(&depot->held, memory_order_relaxed);
    pthread_mutex_lock(&depot->lock);
    atomic_store_explicit(&depot->held, true, memory_order_relaxed);
    note_waiting(depot, waits);
}

bool np_depot_is_contended(const struct np_zone *zone, unsigned slot)
{
    return zone->has_depots &&
           atomic_load_explicit(&zone->depots[slot].contention, memory_order_relaxed) >= CONTENDED_FROM;
}

static void unlock(struct np_depot *depot)
{
    if (np_zones_are_held())
        return;
    atomic_store_explicit(&depot->held, false, memory_order_relaxed);
    pthread_mutex_unlock(&depot->lock);
}

static _Noreturn void refuse_block(const struct np_zone *zone, const void *block)
{
    np_fatal("%s: free of %p: the block was freed before", zone->placement->section, block);
}

static bool is_empty(const struct np_slab *slab)
{
    return slab->free == np_bins.slot[np_slab_slot(slab)].blocks;
}

/* ---- The list ---- */

static void unlist(struct np_zone *zone, struct np_depot *depot, struct np_slab *slab)
{
    if (slab->previous != NP_NO_SLAB)
        np_slab_at(zone, slab->previous)->next = slab->next;
    else
        depot->first = slab->next;
    if (slab->next != NP_NO_SLAB)
        np_slab_at(zone, slab->next)->previous = slab->previous;
    else
        depot->last = slab->previous;
    slab->listed = false;
}

static void list(struct np_zone *zone, struct np_depot *depot, uint32_t unit, bool at_end)
{
    struct np_slab *slab = np_slab_at(zone, unit);
    slab->previous = at_end ? depot->last : NP_NO_SLAB;
    slab->next = at_end ? NP_NO_SLAB : depot->first;
    if (slab->previous != NP_NO_SLAB)
        np_slab_at(zone, slab->previous)->next = unit;
    else
        depot->first = unit;
    if (slab->next != NP_NO_SLAB)
        np_slab_at(zone, slab->next)->previous = unit;
    else
        depot->last = unit;
    slab->listed = true;
}

/* Behind all that have not been made thin, before one that is wholly free. */
static void list_thin(struct np_zone *zone, struct np_depot *depot, uint32_t unit)
{
    const uint32_t last = depot->last;
    if (last == NP_NO_SLAB || !is_empty(np_slab_at(zone, last))) {
        list(zone, depot, unit, true);
        return;
    }
    unlist(zone, depot, np_slab_at(zone, last));
    list(zone, depot, unit, true);
    list(zone, depot, last, true);
}

/* A slab has got blocks back. @was_thin: it is not any more, and does not belong among those that are. */
static void settle(struct np_zone *zone, struct np_depot *depot, uint32_t unit, bool was_thin)
{
    struct np_slab *slab = np_slab_at(zone, unit);
    if (slab->listed && !was_thin && !is_empty(slab))
        return;
    if (slab->listed)
        unlist(zone, depot, slab);
    if (!is_empty(slab)) {
        list(zone, depot, unit, false);
        return;
    }
    if (depot->empty == EMPTY_KEPT) {
        np_slab_return(zone, unit);
        return;
    }
    depot->empty++;
    list(zone, depot, unit, true);
}

/* ---- What other nodes gave back ---- */

/* Return: is it for the calling thread to post the slab? Nobody else does meanwhile. */
static bool claim(struct np_zone *zone, uint32_t unit)
{
    return !(atomic_fetch_or(np_slab_link_at(zone, unit), NP_POSTED) & NP_POSTED);
}

/* The slab is claimed. */
static void post(struct np_zone *zone, uint32_t unit, unsigned slot)
{
    _Atomic uint32_t *link = np_slab_link_at(zone, unit);
    uint32_t head = atomic_load(&zone->posted[slot]);
    do
        atomic_store_explicit(link, head << NP_NEXT_SHIFT | NP_POSTED, memory_order_relaxed);
    while (!atomic_compare_exchange_weak(&zone->posted[slot], &head, unit));
}

/* The thread that posted this slab had set its bits before, and they may have been collected and the slab have been
 * given back meanwhile: then the record stands for no slab now, or for one of another depot. */
static void forward(struct np_zone *zone, uint32_t unit)
{
    _Atomic uint32_t *link = np_slab_link_at(zone, unit);
    atomic_store(link, 0);
    while (np_slab_has_remote(zone, unit) && claim(zone, unit)) {
        unsigned slot = np_slab_slot(np_slab_at(zone, unit));
        if (slot) {
            post(zone, unit, slot);
            return;
        }
        /* Collected and given back in between: no depot would ever look at it. */
        atomic_store(link, 0);
    }
}

/* Return: NULL, or a block that was free already. */
static const void *collect(struct np_zone *zone, unsigned slot)
{
    struct np_depot *depot = &zone->depots[slot];
    if (atomic_load_explicit(&zone->posted[slot], memory_order_relaxed) == NP_NO_SLAB)
        return NULL;
    uint32_t unit = atomic_exchange(&zone->posted[slot], NP_NO_SLAB), next;
    for (; unit != NP_NO_SLAB; unit = next) {
        struct np_slab *slab = np_slab_at(zone, unit);
        next = atomic_load_explicit(np_slab_link_at(zone, unit), memory_order_relaxed) >> NP_NEXT_SHIFT;
        if (np_slab_slot(slab) != slot) {
            forward(zone, unit);
            continue;
        }
        const bool was_empty = is_empty(slab), was_thin = slab->thin;
        uint32_t twice = np_slab_collect(zone, unit);
        if (twice != UINT32_MAX)
            return np_slab_address(zone, unit) + (size_t)twice * np_bins.slot[slot].size;
        if (!was_empty && slab->free)
            settle(zone, depot, unit, was_thin && !slab->thin);
    }
    return NULL;
}

/* ---- Taking and giving ---- */

static int take_locked(struct np_zone *zone, unsigned slot, void **ret_blocks, unsigned most, bool lines,
                       bool *ret_fresh)
{
    struct np_depot *depot = &zone->depots[slot];
    unsigned missing = most;
    while (missing) {
        uint32_t unit = depot->first;
        if (unit == NP_NO_SLAB) {
            if (missing < most)
                break;
            int error = np_slab_new(zone, slot, &unit, ret_fresh);
            if (error)
                return error;
            depot->empty++;
            list(zone, depot, unit, true);
        }
        struct np_slab *slab = np_slab_at(zone, unit);
        depot->empty -= is_empty(slab);
        missing -= np_slab_take(zone, unit, ret_blocks, missing, lines);
        if (!slab->free)
            unlist(zone, depot, slab);
    }
    if (missing)
        memmove(ret_blocks, ret_blocks + missing, (most - missing) * sizeof *ret_blocks);
    return (int)(most - missing);
}

int np_depot_take(struct np_zone *zone, unsigned slot, void **ret_blocks, unsigned most, bool lines)
{
    struct np_depot *depot = &zone->depots[slot];
    if (!zone->has_depots)
        return -ENOMEM;
    lock(depot);
    bool fresh = false;
    const void *twice = collect(zone, slot);
    int taken = twice ? 0 : take_locked(zone, slot, ret_blocks, most, lines, &fresh);
    unlock(depot);
    if (twice)
        refuse_block(zone, twice);
    if (fresh)
        np_thin_some(zone);
    return taken;
}

/* Gives back the blocks at the beginning of the list that are of one slab. Return: how many, 0: the first was free already. */
static unsigned give_to_one(struct np_zone *zone, unsigned slot, void **blocks, unsigned count)
{
    const uint32_t unit = np_slab_first(zone, &np_bins.slot[slot], blocks[0]);
    const struct np_slab *slab = np_slab_at(zone, unit);
    const bool was_thin = slab->thin;
    const unsigned given = np_slab_slot(slab) == slot ? np_slab_give(zone, unit, blocks, count) : 0;
    if (given)
        settle(zone, &zone->depots[slot], unit, was_thin);
    return given;
}

void np_depot_give(struct np_zone *zone, unsigned slot, void **blocks, unsigned count)
{
    struct np_depot *depot = &zone->depots[slot];
    lock(depot);
    for (unsigned i = 0, given; i < count; i += given) {
        given = give_to_one(zone, slot, blocks + i, count - i);
        if (!given) {
            unlock(depot); /* a handler of the abort may fork */
            refuse_block(zone, blocks[i]);
        }
    }
    unlock(depot);
}

void np_depot_post(struct np_zone *zone, void **blocks, unsigned count)
{
    for (unsigned i = 0; i < count;) {
        unsigned number = np_space_kinds(zone)[np_slab_unit(zone, blocks[i]) - 1];
        const struct np_slot *slot = &np_bins.slot[number];
        const uint32_t unit = np_slab_first(zone, slot, blocks[i]);
        uint64_t bits = 0;
        unsigned word = 0;
        for (unsigned first = i; i < count; i++) {
            if (np_slab_first(zone, slot, blocks[i]) != unit)
                break;
            uint32_t block = np_slot_block(slot, (size_t)((char *)blocks[i] - zone->base));
            if (i > first && block / 64 != word)
                break;
            uint64_t bit = (uint64_t)1 << block % 64;
            if (block == UINT32_MAX || bits & bit)
                refuse_block(zone, blocks[i]);
            word = block / 64;
            bits |= bit;
        }
        if (!np_slab_post(zone, unit, word, bits))
            refuse_block(zone, blocks[i - 1]);
        if (claim(zone, unit))
            post(zone, unit, number);
    }
}

void np_depot_collect(struct np_zone *zone, unsigned slot)
{
    struct np_depot *depot = &zone->depots[slot];
    if (atomic_load_explicit(&zone->posted[slot], memory_order_relaxed) == NP_NO_SLAB ||
        pthread_mutex_trylock(&depot->lock) != 0)
        return;
    const void *twice = collect(zone, slot);
    pthread_mutex_unlock(&depot->lock);
    if (twice)
        refuse_block(zone, twice);
}

/* The blocks on the pages are held meanwhile, or the slab might be given back as a whole. */
static uint64_t drop_unlocked(struct np_zone *zone, struct np_depot *depot, uint32_t unit, uint64_t pages)
{
    unlock(depot);
    const uint64_t dropped = np_slab_drop_pages(zone, unit, pages);
    lock(depot);
    return dropped;
}

unsigned np_depot_thin(struct np_zone *zone, unsigned slot, unsigned most, bool *ret_any)
{
    struct np_depot *depot = &zone->depots[slot];
    unsigned looked_at = 0;
    lock(depot);
    for (; looked_at < most && depot->first != NP_NO_SLAB; looked_at++) {
        const uint32_t unit = depot->first;
        struct np_slab *slab = np_slab_at(zone, unit);
        if (slab->thin)
            break;
        depot->empty -= is_empty(slab);
        unlist(zone, depot, slab);
        slab->thin = true;
        const uint64_t pages = np_slab_take_pages(slab), here = pages & ~slab->dropped;
        const uint64_t dropped = here ? drop_unlocked(zone, depot, unit, here) : 0;
        np_slab_give_pages(slab, pages);
        slab->dropped |= dropped;
        *ret_any |= dropped != 0;
        if (is_empty(slab) || !slab->thin)
            settle(zone, depot, unit, false);
        else if (!slab->listed) /* another thread may have come by, and even have done the same */
            list_thin(zone, depot, unit);
    }
    unlock(depot);
    return looked_at;
}

static bool trim_depot(struct np_zone *zone, unsigned slot)
{
    struct np_depot *depot = &zone->depots[slot];
    bool any = false;
    lock(depot);
    const void *twice = collect(zone, slot);
    while (depot->last != NP_NO_SLAB && is_empty(np_slab_at(zone, depot->last))) {
        uint32_t unit = depot->last;
        unlist(zone, depot, np_slab_at(zone, unit));
        depot->empty--;
        np_slab_return(zone, unit);
        any = true;
    }
    unlock(depot);
    if (twice)
        refuse_block(zone, twice);
    return any;
}

bool np_depots_trim(struct np_zone *zone)
{
    bool any = false;
    for (unsigned slot = 1; slot <= np_bins.slots; slot++) {
        if (np_bins.slot[slot].class != zone->class_index)
            continue;
        any |= trim_depot(zone, slot);
        if (np_thin_allowed(zone))
            (void)np_depot_thin(zone, slot, UINT_MAX, &any);
    }
    return any;
}
