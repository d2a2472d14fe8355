/* SPDX-License-Identifier: MIT */
/* view - what a free needs to know of the reservation: together in a cache line that is only read.
 * Context: hook-safe. */
#ifndef NP_CORE_VIEW_H
#define NP_CORE_VIEW_H

#include "bins.h"

#include <stdatomic.h>

/* Of variables that calls for large blocks read: together in one page. A program that writes into many pages drives ours
 * out of the TLB, and each costs a walk then, in a virtual machine a tenth of a microsecond. */
#define NP_TOGETHER __attribute__((section(".data")))

struct np_view {
    _Atomic uintptr_t base; /* of the reservation; before, a number that no address comes near to */
    _Atomic size_t
        span; /* bytes of all zones; 0 while nothing is reserved, and after closed addresses were given up */
    uint8_t *kinds; /* for each unit of the reservation: the slot of the slab that it belongs to, 0: none */
    unsigned shift; /* a zone is 1 << shift bytes */
};

extern struct np_view np_view __attribute__((visibility("hidden"), aligned(64)));

/** np_view_offset() - how far into the reservation an address lies. Return: SIZE_MAX for addresses outside. */
static inline size_t np_view_offset(const void *address)
{
    size_t span = atomic_load_explicit(&np_view.span, memory_order_acquire);
    size_t offset = (uintptr_t)address - atomic_load_explicit(&np_view.base, memory_order_relaxed);
    return offset < span ? offset : SIZE_MAX;
}

/** np_view_small_size() - the bytes of a small block. Return: 0 when none begins there, or it takes more than a look. */
static inline size_t np_view_small_size(const void *block)
{
    size_t offset = np_view_offset(block);
    if (offset == SIZE_MAX)
        return 0;
    const struct np_slot *slot = &np_bins.slot[np_view.kinds[offset >> NP_UNIT_SHIFT]];
    return slot->size && np_slot_block(slot, offset) != UINT32_MAX ? slot->size : 0;
}

#endif
