/* SPDX-License-Identifier: MIT */
/* magazine - a thread's own arrays of pointers to free blocks, one for each slot (Bonwick and Adams, "Magazines and
 * Vmem", USENIX 2001), and for each zone an outbox of blocks that go home together.
 *
 * The common malloc and free are here: a look into a table, one into the magazine. All else is in np_small_allocate() and
 * np_small_free(). Context: hook-safe. */
#ifndef NP_CORE_MAGAZINE_H
#define NP_CORE_MAGAZINE_H

#include "view.h"

struct np_zone;

/** A cache line. Written by its thread only. */
struct np_magazine {
    uint32_t count, full; /* blocks in it; at how many of them free takes the slow path */
    uint32_t zone;        /* number of the zone that they are of */
    uint32_t slab_mask;   /* of struct np_slot: bytes of a slab - 1 */
    uint64_t reciprocal;
    void **blocks;  /* NP_MAGAZINE_BELOW that are always NULL come before the first */
    uint64_t frees; /* put into it by free */
    int64_t
        balance; /* taken from the depot less what was given back: with the frees, less the count, blocks handed out */
    uint32_t last; /* offset in a slab of its last block */
    uint16_t slot;
    uint16_t limit, room; /* blocks that may be in it, pointers that there is room for at blocks */
    uint16_t strangers;   /* freed one after the other without an allocation in between */
    uint32_t seen;        /* allocations, low bits, at the last stranger */
};
_Static_assert(sizeof(struct np_magazine) == 64, "one cache line");

/** What the stats know of a magazine. */
struct np_counted {
    uint64_t allocations, frees;
};

struct np_outbox {
    uint32_t count, bytes;
    uint32_t sent, sent_bytes; /* what the stats do not know of yet */
    uint32_t told, told_bytes; /* what they know of those that are still here */
    uint32_t
        near; /* of what they do not know of yet: blocks of the thread's own zone, which are no remote frees */
    void *blocks[252];
};

/** All that a thread has. Behind the magazines of the slots that there are lie what the stats know of them, the magazines'
 * pointers and the outboxes of all zones: what is used first, on few pages. */
struct np_cache {
    const volatile int32_t *cpu_now; /* where the kernel says on which CPU this thread runs, or &cpu */
    int32_t cpu;                     /* the magazines are those of this CPU's node */
    unsigned position;               /* of that node among those of `local` */
    _Atomic bool busy;               /* in the slow path */
    bool in_use;                     /* a thread has it */
    uint32_t trims;                  /* how many were asked for when it was last emptied */
    uint32_t calls;                  /* of np_cache_tick() */
    uint32_t collected;              /* second when it last collected what other nodes gave back to its own */
    size_t granted;                  /* bytes that magazines and outboxes may hold */
    size_t outbox_bytes;             /* what the outboxes hold */
    size_t outbox_most;              /* 0: nothing is granted */
    struct np_cache *next, *next_idle;
    struct np_outbox *outboxes;
    void **pointers;            /* for magazines that grow: not used yet, all NULL */
    struct np_counted *counted; /* of each slot */
    _Alignas(64) struct np_magazine magazine[NP_MAX_SLOTS];
};

/** The calling thread's, or one whose magazines are empty and take nothing: before the first allocation, in the slow
 * path, where a signal handler may come by, and after the thread's end. */
extern __thread struct np_cache *np_cache __attribute__((tls_model("initial-exec"), visibility("hidden")));

/** np_magazine_pop() - a block for a request of @size bytes. Return: NULL when that takes more than a look. */
static inline void *np_magazine_pop(size_t size)
{
    if (size > NP_SMALL_MOST)
        return NULL;
    struct np_cache *cache = np_cache;
    struct np_magazine *magazine = &cache->magazine[np_bins.of_granule[(size + 15) >> NP_GRANULE_SHIFT]];
    uint32_t count = magazine->count;
    if (count == 0 || *cache->cpu_now != cache->cpu)
        return NULL;
    void *block = magazine->blocks[count - 1];
    __atomic_store_n(&magazine->count, count - 1, __ATOMIC_RELAXED);
    return block;
}

/** np_magazine_push() - take back a block of the thread's own zone. Return: false when it is none, or takes more than
 * a look. */
static inline bool np_magazine_push(void *block)
{
    size_t offset = np_view_offset(block);
    if (offset == SIZE_MAX)
        return false;
    struct np_magazine *magazine = &np_cache->magazine[np_view.kinds[offset >> NP_UNIT_SHIFT]];
    uint32_t count = magazine->count;
    if (count >= magazine->full || offset >> np_view.shift != magazine->zone)
        return false;
    uint64_t product = (offset & magazine->slab_mask) * magazine->reciprocal;
    if ((product & NP_RECIPROCAL_MASK) >= magazine->reciprocal ||
        (offset & magazine->slab_mask) > magazine->last)
        return false;
    void **top = magazine->blocks + count;
    if (top[-1] == block || top[-2] == block)
        return false;
    *top = block;
    __atomic_store_n(&magazine->frees, magazine->frees + 1, __ATOMIC_RELAXED);
    /* A child that fork makes in between finds the block in the magazine or not there at all. */
    __atomic_store_n(&magazine->count, count + 1, __ATOMIC_RELEASE);
    return true;
}

/** np_small_allocate() - a block of @slot, by the slow path. Return: 0; -errno as np_heap_allocate()'s zones. */
int np_small_allocate(unsigned slot, void **ret_block);
/** np_small_free() - free a block in a slab of @slot, by the slow path. Aborts when none begins there. */
void np_small_free(unsigned slot, void *block);
/** np_small_size() - the bytes of a block in a slab of @slot. Aborts, naming @call, when none begins there. */
size_t np_small_size(const struct np_zone *zone, unsigned slot, const void *block, const char *call);

#endif
