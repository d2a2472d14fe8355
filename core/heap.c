/* SPDX-License-Identifier: MIT */
#include "heap.h"

#include "cache.h"
#include "class.h"
#include "commit.h"
#include "depot.h"
#include "explicit.h"
#include "extent.h"
#include "log.h"
#include "parked.h"
#include "publish.h"
#include "retain.h"
#include "space.h"

#include <errno.h>
#include <string.h>

static int allocate_in(struct np_heap_class *class, unsigned index, size_t size, size_t alignment, bool zero,
                       void **ret_block)
{
    int error = np_class_zone_ready(class, index);
    if (error)
        return error;
    struct np_zone *zone = np_zone_at(index);
    for (bool trimmed = false;; trimmed = true) {
        error = np_extent_take(zone, size, alignment, 0, ret_block);
        if (error)
            return error;
        error = np_extent_prepare(zone, *ret_block, 0, zero);
        if (!error)
            return 0;
        np_extent_untake(zone, *ret_block);
        /* The nodes of a hard zone are full: what its own free blocks hold may be just what is missing. */
        if (trimmed || !np_retain_trim_zone(zone))
            return error;
    }
}

/* A class that cannot serve a request: the program's malloc fails in hard mode, the next malloc serves it
 * in soft mode. */
static int refuse(struct np_heap_class *class, int error)
{
    np_stats_error(class->stats, error);
    if (class->placement->hardness == NP_HARD)
        return -ENOMEM;
    atomic_fetch_add_explicit(&class->stats->passed_on, 1, memory_order_relaxed);
    np_stats_degrade(class->stats, NP_BEST_EFFORT,
                     error == -ENOSPC ? "its zone is full: the next malloc served some requests"
                     : error == -ENODEV
                         ? "its nodes are no longer allowed: the next malloc served some requests"
                         : "address space or memory was refused: the next malloc served some requests");
    return -EAGAIN;
}

/* The slot whose blocks are fit for a request, or 0: it becomes an extent. */
static unsigned slot_of(size_t size, size_t alignment)
{
    if (size > NP_SMALL_MOST)
        return 0;
    return alignment <= NP_BLOCK_ALIGNMENT ? np_bins_slot(size) : np_bins_aligned_slot(size, alignment);
}

static int allocate_small(struct np_heap_class *class, unsigned slot, bool zero, void **ret_block)
{
    int error = np_small_allocate(slot, ret_block);
    if (error)
        return refuse(class, error);
    if (zero)
        memset(*ret_block, 0, np_bins.slot[slot].size);
    return 0;
}

__attribute__((noinline)) static int allocate(struct np_heap_class *class, size_t size, size_t alignment,
                                              bool zero, void **ret_block)
{
    np_publish_tick(size);
    if (!class->zone_count)
        return refuse(class, -ENOMEM);
    unsigned small = slot_of(size, alignment);
    if (small)
        return allocate_small(class, small, zero, ret_block);
    unsigned slot = np_class_slot(class);
    int error = allocate_in(class, class->first_zone + slot, size, alignment, zero, ret_block);
    if (!error)
        return 0;
    for (unsigned other = 0; error == -ENODEV && other < class->zone_count; other++)
        if (other != slot)
            error = allocate_in(class, class->first_zone + other, size, alignment, zero, ret_block);
    return error ? refuse(class, error) : 0;
}

/* A large block by the short way. Return: NULL when it takes more than that. */
static inline char *allocate_parked(const struct np_heap_class *class, size_t size)
{
    int slot = np_class_slot_at_hand(class);
    if (slot < 0 || !np_zones_reserved())
        return NULL;
    struct np_zone *zone = np_zone_at(class->first_zone + (unsigned)slot);
    return atomic_load_explicit(&zone->started, memory_order_acquire) ? np_parked_pop(zone, size) : NULL;
}

__attribute__((noinline)) static int clear(void *block, size_t size)
{
    memset(block, 0, size);
    return 0;
}

/* The short way needs no stack frame. */
int np_heap_allocate(struct np_heap_class *class, size_t size, size_t alignment, bool zero, void **ret_block)
{
    char *block = NULL;
    if (size > NP_SMALL_MOST && alignment <= NP_BLOCK_ALIGNMENT)
        block = allocate_parked(class, size);
    if (!block)
        return allocate(class, size, alignment, zero, ret_block);
    *ret_block = block;
    return zero ? clear(block, size) : 0;
}

bool np_heap_owns(const void *block)
{
    return np_zone_of(block) || (np_zones_hold(block) && !np_space.released);
}

static struct np_zone *zone_of_block(const void *block, const char *what)
{
    struct np_zone *zone = np_zone_of(block);
    if (!zone)
        np_fatal("%s of %p: no block begins there", what, block);
    return zone;
}

/* The slot of the slab that an address of a zone is in, or 0. */
static unsigned slot_at(const void *block)
{
    return np_view.kinds[((uintptr_t)block - np_space.base) >> NP_UNIT_SHIFT];
}

void np_heap_free(void *block)
{
    struct np_zone *zone = zone_of_block(block, "free");
    unsigned slot = slot_at(block);
    if (slot)
        np_small_free(slot, block);
    else if (!np_parked_push(zone, block))
        np_extent_free(zone, block);
}

size_t np_heap_usable_size(const void *block)
{
    struct np_zone *zone = zone_of_block(block, "malloc_usable_size");
    unsigned slot = slot_at(block);
    return slot ? np_small_size(zone, slot, block, "malloc_usable_size") : np_extent_size(zone, block);
}

/* A small block stays where it is while it is not twice as large as the request needs. */
static int resize_small(const struct np_zone *zone, unsigned slot, void *block, size_t size, void **ret_block)
{
    size_t old = np_small_size(zone, slot, block, "realloc");
    unsigned wanted = size <= old ? np_bins_slot(size) : 0;
    if (!wanted || np_bins.slot[wanted].class != np_bins.slot[slot].class ||
        np_bins.slot[wanted].size <= old / 2)
        return -EAGAIN;
    *ret_block = block;
    return 0;
}

/* A larger block of the same class, with room to grow, and the contents carried over. */
static int resize_by_move(struct np_heap_class *class, struct np_zone *zone, void *block, size_t size,
                          void **ret_block)
{
    void *larger;
    int error = np_extent_take(zone, size, 0, np_extent_room(zone, block, size), &larger);
    if (error)
        return -EAGAIN;
    error = np_extent_move(zone, block, larger);
    if (error) {
        np_extent_untake(zone, larger);
        np_stats_error(class->stats, error);
        return -EAGAIN;
    }
    *ret_block = larger;
    return 0;
}

int np_heap_resize(void *block, size_t size, void **ret_block)
{
    struct np_zone *zone = zone_of_block(block, "realloc");
    unsigned slot = slot_at(block);
    if (slot)
        return resize_small(zone, slot, block, size, ret_block);
    size_t old = np_extent_size(zone, block);
    struct np_heap_class *class = np_heap_class(size);
    if (!class || class->placement != zone->placement || size <= NP_SMALL_MOST)
        return -EAGAIN;
    if (np_extent_resize(zone, block, size) == 0) {
        *ret_block = block;
        return 0;
    }
    return size > old ? resize_by_move(class, zone, block, size, ret_block) : -EAGAIN;
}

bool np_heap_trim(void)
{
    bool any = false;
    np_caches_trim();
    struct np_cache *cache = np_cache_enter(); /* nobody forks while the depots are looked through */
    for (unsigned i = 0; i < np_zones_count(); i++)
        if (atomic_load_explicit(&np_zone_at(i)->started, memory_order_acquire) && np_zone_at(i)->has_depots)
            any |= np_depots_trim(np_zone_at(i));
    np_cache_leave(cache);
    return np_retain_trim() || any;
}

bool np_heap_count(unsigned milliseconds)
{
    return np_caches_count(milliseconds);
}

void np_heap_note_mapping(const void *address, size_t length)
{
    struct np_zone *zone = np_zone_of(address);
    if (zone)
        np_extent_note_custom(zone, address, length, true);
}

void np_heap_note_advice(const void *address, size_t length)
{
    struct np_zone *zone = np_zone_of(address);
    if (zone)
        np_extent_note_custom(zone, address, length, false);
}

void np_heap_release_reserve(void)
{
    np_zones_release_reserve();
}

void np_heap_before_fork(void)
{
    np_caches_before_fork();
    np_zones_lock_all();
    np_commit_note_fork();
}

/* Pages that parent and child share are copied when one of them writes: under bind, with the nodes full,
 * that copy would be the OOM killer's. So both go on under the preferred policy; what is committed later
 * is bound again. */
static void loosen_hard_zones(void)
{
    for (unsigned i = 0; i < np_zones_count(); i++) {
        struct np_zone *zone = np_zone_at(i);
        size_t open = atomic_load_explicit(&zone->open, memory_order_relaxed);
        if (zone->hard && open)
            (void)np_kernel_mbind(zone->base, open, &zone->policy);
    }
}

void np_heap_after_fork_parent(void)
{
    loosen_hard_zones();
    for (unsigned i = 0; i < np_zones_count(); i++)
        np_explicit_warn_fork(np_zone_at(i));
    np_zones_unlock_all();
    np_caches_after_fork_parent();
}

void np_heap_after_fork_child(void)
{
    loosen_hard_zones();
    np_zones_unlock_all();
    np_caches_after_fork_child();
}

unsigned np_heap_zone_count(void)
{
    return np_class_stats() ? atomic_load_explicit(&np_class_stats()->zone_count, memory_order_acquire) : 0;
}

void np_heap_zone_range(unsigned index, unsigned *ret_rule, int *ret_node, const void **ret_start,
                        size_t *ret_length)
{
    const struct np_stats_zone *zone = &np_class_stats()->zones[index];
    *ret_rule = zone->rule;
    *ret_node = zone->node;
    *ret_start = (const void *)(uintptr_t)zone->start;
    *ret_length = atomic_load_explicit(&zone->open, memory_order_relaxed);
}
