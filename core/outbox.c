/* SPDX-License-Identifier: MIT */
#include "cache.h"
#include "class.h"
#include "depot.h"
#include "log.h"
#include "space.h"

#include <string.h>

#define MOST_BLOCKS (sizeof((struct np_outbox *)0)->blocks / sizeof(void *))
/* Bytes that a thread's outboxes may hold: a share of what is in use, between these bounds. */
#define OUTBOX_SHARE 64
#define OUTBOX_LEAST ((size_t)32 << 10)
#define OUTBOX_MOST  ((size_t)128 << 10)
#define TOLD_AT      500 /* blocks, or: */
#define TOLD_BYTES   ((uint32_t)256 << 10)

/* Shellsort: few blocks, often in order already, and no memory of its own. */
static void sort(void **blocks, uint32_t count)
{
    static const uint32_t gaps[] = {132, 57, 23, 10, 4, 1};
    for (unsigned g = 0; g < sizeof gaps / sizeof *gaps; g++)
        for (uint32_t i = gaps[g]; i < count; i++) {
            void *block = blocks[i];
            uint32_t at = i;
            for (; at >= gaps[g] && (uintptr_t)blocks[at - gaps[g]] > (uintptr_t)block; at -= gaps[g])
                blocks[at] = blocks[at - gaps[g]];
            blocks[at] = block;
        }
}

/* The stats learn of several flushes at once: their lines are other nodes' too. */
static void tell(struct np_outbox *outbox, uint32_t index)
{
    struct np_stats_zone *stats = np_zone_at(index)->published;
    atomic_fetch_add_explicit(&stats->small_frees, outbox->sent, memory_order_relaxed);
    atomic_fetch_add_explicit(&stats->remote_frees, outbox->sent - outbox->near, memory_order_relaxed);
    atomic_fetch_sub_explicit(&stats->small_bytes, outbox->sent_bytes, memory_order_relaxed);
    outbox->sent = outbox->sent_bytes = outbox->near = 0;
}

/* A block is free for the program from when it came here. */
static void note_all(struct np_outbox *outbox)
{
    outbox->sent += outbox->count - outbox->told;
    outbox->sent_bytes += outbox->bytes - outbox->told_bytes;
    outbox->told = outbox->count;
    outbox->told_bytes = outbox->bytes;
}

static void flush(struct np_cache *cache, uint32_t index)
{
    struct np_outbox *outbox = &cache->outboxes[index];
    sort(outbox->blocks, outbox->count);
    np_depot_post(np_zone_at(index), outbox->blocks, outbox->count);
    note_all(outbox);
    outbox->told = outbox->told_bytes = 0;
    if (outbox->sent >= TOLD_AT || outbox->sent_bytes >= TOLD_BYTES)
        tell(outbox, index);
    cache->outbox_bytes -= outbox->bytes;
    outbox->count = outbox->bytes = 0;
    np_cache_tick(cache);
}

void np_outboxes_count(struct np_cache *cache)
{
    for (uint32_t zone = 0; zone < np_zones_count(); zone++) {
        struct np_outbox *outbox = &cache->outboxes[zone];
        if (outbox->count == outbox->told && !outbox->sent)
            continue; /* most were never used, and have no memory: looking does not give them any */
        note_all(outbox);
        tell(outbox, zone);
    }
}

/* Blocks on their way serve nobody: a small heap should not have much of its memory there. */
static void grant(struct np_cache *cache)
{
    size_t bytes = np_class_bytes_in_use() / OUTBOX_SHARE;
    bytes = bytes < OUTBOX_LEAST ? OUTBOX_LEAST : bytes > OUTBOX_MOST ? OUTBOX_MOST : bytes;
    if (cache->granted + bytes > NP_CACHE_MOST || !np_caches_charge(bytes))
        return;
    cache->granted += bytes;
    cache->outbox_most = bytes;
}

void np_outbox_put(struct np_cache *cache, uint32_t zone, unsigned slot, void *block)
{
    struct np_outbox *outbox = &cache->outboxes[zone];
    uint32_t size = np_bins.slot[slot].size;
    if (!cache->outbox_most)
        grant(cache);
    for (uint32_t newest = outbox->count; newest && newest + 2 > outbox->count; newest--)
        if (outbox->blocks[newest - 1] == block)
            np_fatal("%s: free of %p: the block was freed before", np_zone_at(zone)->placement->section,
                     block);
    outbox->near += cache->magazine[slot].zone == zone;
    outbox->blocks[outbox->count++] = block;
    outbox->bytes += size;
    cache->outbox_bytes += size;
    if (outbox->count == MOST_BLOCKS || !cache->outbox_most)
        flush(cache, zone);
    else if (cache->outbox_bytes > cache->outbox_most)
        np_outboxes_flush(cache);
}

void np_outboxes_flush(struct np_cache *cache)
{
    for (uint32_t zone = 0; cache->outbox_bytes && zone < np_zones_count(); zone++)
        if (cache->outboxes[zone].count)
            flush(cache, zone);
    cache->granted -= cache->outbox_most;
    np_caches_discharge(cache->outbox_most);
    cache->outbox_most = 0;
}
