/* SPDX-License-Identifier: MIT */
#include "magazine.h"

#include "cache.h"
#include "class.h"
#include "depot.h"
#include "log.h"
#include "space.h"
#include "strangers.h"

#include <errno.h>
#include <string.h>

#define FIRST_LIMIT 8
/* What a magazine may hold whose thread only allocates blocks of its size, or only frees them: nothing comes back out of it,
 * so it need only be large enough for a trip to the depot to count little (measured: threads that free what others
 * allocate parked a megabyte each). */
#define ONE_WAY_BYTES  ((size_t)4 << 10)
#define ONE_WAY_BLOCKS 2
/* A magazine that lasts for this many times its blocks is large enough. */
#define LASTING 4

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* ---- Counting ---- */

static void count(uint32_t zone, uint64_t allocations, uint64_t frees, size_t size)
{
    struct np_stats_zone *stats = np_zone_at(zone)->published;
    if (allocations)
        atomic_fetch_add_explicit(&stats->small_allocations, allocations, memory_order_relaxed);
    if (frees)
        atomic_fetch_add_explicit(&stats->small_frees, frees, memory_order_relaxed);
    if (allocations != frees)
        atomic_fetch_add_explicit(&stats->small_bytes, (allocations - frees) * size, memory_order_relaxed);
}

void np_cache_count(struct np_cache *cache, unsigned slot)
{
    struct np_magazine *magazine = &cache->magazine[slot];
    struct np_counted *counted = &cache->counted[slot];
    const uint64_t frees = __atomic_load_n(&magazine->frees, __ATOMIC_RELAXED);
    const uint64_t allocations = np_magazine_allocations(magazine);
    if (allocations == counted->allocations && frees == counted->frees)
        return;
    count(magazine->zone, allocations - counted->allocations, frees - counted->frees,
          np_bins.slot[slot].size);
    *counted = (struct np_counted){allocations, frees};
}

/* ---- Magazines ---- */

void np_cache_flush(struct np_cache *cache, unsigned slot, uint32_t keep)
{
    struct np_magazine *magazine = &cache->magazine[slot];
    if (magazine->count <= keep)
        return;
    np_cache_count(cache, slot);
    const uint32_t leaving = magazine->count - keep, strangers = np_strangers_among(magazine, leaving);
    np_depot_give(np_zone_at(magazine->zone), slot, magazine->blocks, leaving);
    memmove(magazine->blocks, magazine->blocks + leaving, keep * sizeof *magazine->blocks);
    magazine->frees -= strangers;
    cache->counted[slot].frees -= strangers;
    magazine->balance -= leaving - strangers;
    magazine->count = keep;
    np_magazine_set_full(magazine);
}

static void limit(struct np_cache *cache, unsigned slot, uint32_t blocks)
{
    struct np_magazine *magazine = &cache->magazine[slot];
    size_t bytes = (size_t)(magazine->limit - blocks) * np_bins.slot[slot].size;
    np_cache_flush(cache, slot, blocks);
    magazine->limit = (uint16_t)blocks;
    np_magazine_set_full(magazine);
    cache->granted -= bytes;
    np_caches_discharge(bytes);
}

/* What the thread has done with a slot since its magazine was last filled, emptied or made larger. */
static struct np_counted since_last(const struct np_cache *cache, unsigned slot)
{
    const struct np_magazine *magazine = &cache->magazine[slot];
    const struct np_counted *counted = &cache->counted[slot];
    return (struct np_counted){np_magazine_allocations(magazine) - counted->allocations,
                               magazine->frees - counted->frees};
}

static uint32_t one_way_most(const struct np_slot *slot)
{
    uint32_t blocks = (uint32_t)(ONE_WAY_BYTES / slot->size);
    return blocks < ONE_WAY_BLOCKS ? ONE_WAY_BLOCKS : smaller(blocks, slot->most);
}

static uint32_t two_way_most(const struct np_slot *slot, const struct np_magazine *magazine)
{
    return np_depot_is_contended(np_zone_at(magazine->zone), magazine->slot) ? slot->most : slot->usual;
}

/* Pointers for a magazine that has become larger. */
static void make_room(struct np_cache *cache, struct np_magazine *magazine)
{
    if (magazine->limit <= magazine->room)
        return;
    void **blocks = cache->pointers + NP_MAGAZINE_BELOW;
    magazine->room = (uint16_t)np_slot_room(&np_bins.slot[magazine->slot], magazine->limit);
    cache->pointers = blocks + magazine->room;
    if (magazine->count)
        memcpy(blocks, magazine->blocks, magazine->count * sizeof *blocks);
    magazine->blocks = blocks;
}

/* Lets a magazine hold twice as much, up to @most and within the bounds. Return: false when it stays as it is. */
static bool grow(struct np_cache *cache, unsigned slot, uint32_t most)
{
    struct np_magazine *magazine = &cache->magazine[slot];
    uint32_t wanted = magazine->limit ? magazine->limit * 2 : FIRST_LIMIT;
    wanted = smaller(wanted, most);
    if (wanted <= magazine->limit)
        return false;
    size_t bytes = (size_t)(wanted - magazine->limit) * np_bins.slot[slot].size;
    if (cache->granted + bytes > NP_CACHE_MOST || !np_caches_charge(bytes))
        return false;
    cache->granted += bytes;
    magazine->limit = (uint16_t)wanted;
    make_room(cache, magazine);
    np_magazine_set_full(magazine);
    return true;
}

/* A magazine has run dry or over: should it be larger? */
static bool adapt(struct np_cache *cache, unsigned slot, bool one_way, struct np_counted since)
{
    uint32_t most = one_way ? one_way_most(&np_bins.slot[slot])
                            : two_way_most(&np_bins.slot[slot], &cache->magazine[slot]);
    if (since.allocations + since.frees > (uint64_t)cache->magazine[slot].limit * LASTING ||
        !grow(cache, slot, most))
        return false;
    np_cache_count(cache, slot);
    return true;
}

void np_cache_empty(struct np_cache *cache)
{
    np_outboxes_flush(cache);
    np_outboxes_count(cache);
    for (unsigned slot = 1; slot <= np_bins.slots; slot++) {
        if (cache->magazine[slot].limit)
            limit(cache, slot, 0);
        np_cache_count(cache, slot);
    }
}

/* What a magazine's thread has outside is not its account's any more. */
static void forget(struct np_cache *cache, unsigned slot)
{
    struct np_magazine *magazine = &cache->magazine[slot];
    np_cache_count(cache, slot);
    cache->counted[slot] = (struct np_counted){0, 0};
    magazine->balance = magazine->count;
    magazine->frees = 0;
    magazine->strangers = 0;
    np_magazine_set_full(magazine);
}

void np_cache_forget(struct np_cache *cache)
{
    for (unsigned slot = 1; slot <= np_bins.slots; slot++)
        forget(cache, slot);
}

void np_cache_age(struct np_cache *cache)
{
    for (unsigned slot = 1; slot <= np_bins.slots; slot++) {
        struct np_magazine *magazine = &cache->magazine[slot];
        const struct np_counted before = cache->counted[slot];
        if (!magazine->limit)
            continue;
        np_cache_count(cache, slot);
        if (before.allocations == cache->counted[slot].allocations &&
            before.frees == cache->counted[slot].frees)
            limit(cache, slot, magazine->limit / 2);
    }
}

void np_cache_follow(struct np_cache *cache)
{
    unsigned cpu, position = np_class_position(&cpu);
    const bool first = cache->cpu == -1;
    const unsigned before = cache->position;
    if (first || position != before)
        np_cache_enter_node(cache, position);
    cache->cpu = (int32_t)cpu;
    if (position == before)
        return;
    for (unsigned slot = 1; slot <= np_bins.slots; slot++) {
        uint32_t zone = np_class_small_zone(np_bins.slot[slot].class, position);
        if (zone == cache->magazine[slot].zone)
            continue;
        np_cache_flush(cache, slot, 0);
        forget(cache, slot);
        cache->magazine[slot].zone = zone;
    }
    if (!first)
        atomic_fetch_add_explicit(&np_class_stats()->node_migrations, 1, memory_order_relaxed);
}

/* ---- The slow paths ---- */

/* Fills a magazine, to its half when blocks also come back to it, at least by one block. */
static int refill(struct np_cache *cache, unsigned slot, void **ret_block)
{
    struct np_magazine *magazine = &cache->magazine[slot];
    struct np_heap_class *class = np_class_at(np_bins.slot[slot].class);
    int error = np_class_zone_ready(class, magazine->zone);
    if (error)
        return error;
    struct np_counted since = since_last(cache, slot);
    bool one_way = since.frees == 0;
    (void)adapt(cache, slot, one_way, since);
    struct np_zone *zone = np_zone_at(magazine->zone);
    uint32_t wanted =
        one_way ? smaller(magazine->limit, one_way_most(&np_bins.slot[slot])) : magazine->limit / 2;
    const bool lines = np_caches_are_several();
    int taken = magazine->limit > 1 ? np_depot_take(zone, slot, magazine->blocks, wanted, lines)
                                    : np_depot_take(zone, slot, ret_block, 1, lines);
    if (taken < 0)
        return taken;
    magazine->balance += taken;
    magazine->strangers = 0;
    if (magazine->limit > 1) {
        *ret_block = magazine->blocks[taken - 1];
        magazine->count = (uint32_t)taken - 1;
    }
    np_magazine_set_full(magazine);
    np_cache_count(cache, slot);
    return 0;
}

/* One block past the magazines: from another zone of the class, or for a thread that has none. */
static int take_one(unsigned slot, uint32_t index, void **ret_block)
{
    int taken = np_class_zone_ready(np_class_at(np_bins.slot[slot].class), index);
    if (!taken)
        taken = np_depot_take(np_zone_at(index), slot, ret_block, 1, false);
    if (taken < 0)
        return taken;
    count(index, 1, 0, np_bins.slot[slot].size);
    return 0;
}

/* The nodes of a zone were taken away: any other of the class's. */
static int take_elsewhere(unsigned slot, uint32_t not_this, void **ret_block)
{
    uint16_t class = np_bins.slot[slot].class;
    int error = -ENODEV;
    for (unsigned i = 0; error == -ENODEV && i < np_class_at(class)->zone_count; i++) {
        uint32_t zone = np_class_small_zone(class, i);
        if (zone != not_this)
            error = take_one(slot, zone, ret_block);
    }
    return error;
}

/* Where the kernel does not say the CPU by itself, it is asked each time, unless all nodes are the same to us. */
static void follow_if_moved(struct np_cache *cache)
{
    const bool untold = cache->cpu_now == &cache->cpu;
    if (*cache->cpu_now != cache->cpu || (untold && np_class_local_zones() > 1))
        np_cache_follow(cache);
}

int np_small_allocate(unsigned slot, void **ret_block)
{
    uint16_t class = np_bins.slot[slot].class;
    int error = 0;
    if (!np_zones_reserved()) /* by the first thread of all, before it makes its magazines */
        error = np_class_zone_ready(np_class_at(class), np_class_small_zone(class, np_class_position(NULL)));
    if (error)
        return error;
    struct np_cache *cache = np_cache_enter();
    uint32_t zone;
    if (cache) {
        struct np_magazine *magazine = &cache->magazine[slot];
        np_cache_tick(cache);
        follow_if_moved(cache);
        zone = magazine->zone;
        if (magazine->count)
            *ret_block = magazine->blocks[--magazine->count];
        else
            error = refill(cache, slot, ret_block);
    } else {
        zone = np_class_small_zone(class, np_class_position(NULL));
        error = take_one(slot, zone, ret_block);
    }
    if (error == -ENODEV)
        error = take_elsewhere(slot, zone, ret_block);
    np_cache_leave(cache);
    return error;
}

/* Makes room in a full magazine: it becomes larger, or half of its blocks go, or all that are of no use. */
static void make_way(struct np_cache *cache, struct np_magazine *magazine)
{
    const unsigned slot = magazine->slot;
    struct np_counted since = since_last(cache, slot);
    bool one_way = since.allocations == 0;
    if (!one_way)
        magazine->strangers = 0;
    if (!adapt(cache, slot, one_way, since))
        np_cache_flush(cache, slot, one_way ? 0 : magazine->limit / 2);
    np_magazine_set_full(magazine);
}

/* Takes a block back that the magazine of its slot is for. */
static void put(struct np_cache *cache, struct np_magazine *magazine, void *block)
{
    if (np_stranger_next(magazine) && np_stranger_note(magazine)) {
        np_outbox_put(cache, magazine->zone, magazine->slot, block);
        return;
    }
    np_cache_tick(cache);
    if (magazine->count == magazine->limit)
        make_way(cache, magazine);
    if (magazine->count < magazine->limit) {
        magazine->frees++;
        magazine->blocks[magazine->count++] = block;
        np_magazine_set_full(magazine);
    } else {
        np_outbox_put(cache, magazine->zone, magazine->slot, block);
    }
}

/* Of a thread's own blocks the newest two are looked at; a stranger must not go home while it is here. */
static bool holds(const struct np_magazine *magazine, const void *block)
{
    const uint32_t count = magazine->count, looked = np_stranger_next(magazine) ? count : smaller(count, 2);
    bool found = false;
    for (uint32_t i = count - looked; i < count; i++)
        found |= magazine->blocks[i] == block;
    return found;
}

size_t np_small_size(const struct np_zone *zone, unsigned slot, const void *block, const char *call)
{
    if (np_slot_block(&np_bins.slot[slot], (size_t)((const char *)block - zone->base)) == UINT32_MAX)
        np_fatal("%s: %s of %p: no block begins there", zone->placement->section, call, block);
    return np_bins.slot[slot].size;
}

void np_small_free(unsigned slot, void *block)
{
    uint32_t index = (uint32_t)(((uintptr_t)block - np_space.base) >> np_space.shift);
    struct np_zone *zone = np_zone_at(index);
    (void)np_small_size(zone, slot, block, "free");
    struct np_cache *cache = np_cache_enter();
    if (cache)
        follow_if_moved(cache);
    if (!cache) {
        np_depot_give(zone, slot, &block, 1);
        count(index, 0, 1, np_bins.slot[slot].size);
    } else if (cache->magazine[slot].zone != index) {
        np_outbox_put(cache, index, slot, block);
    } else if (holds(&cache->magazine[slot], block)) {
        np_cache_leave(cache);
        np_fatal("%s: free of %p: the block was freed before", zone->placement->section, block);
    } else {
        put(cache, &cache->magazine[slot], block);
    }
    np_cache_leave(cache);
}
