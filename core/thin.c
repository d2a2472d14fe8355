/* SPDX-License-Identifier: MIT */
#include "thin.h"

#include "depot.h"
#include "thp.h"

/* Each fresh slab pays for a look at so many others, so that all are looked at before the zone has grown by a small part. */
#define LOOKS 32
/* Below it is not worth the system calls. */
#define LEAST_BYTES ((uint64_t)4 << 20)
#define FREE_SHARE  4

bool np_thin_allowed(const struct np_zone *zone)
{
    return !zone->hard && zone->placement->prefault == NP_PREFAULT_NONE &&
           zone->advice != NP_ADVICE_HUGE_PAGES && (zone->advice == NP_ADVICE_BASE_PAGES || !np_thp_always());
}

static bool much_is_free(const struct np_zone *zone)
{
    const uint64_t slabs = atomic_load_explicit(&zone->published->slab_bytes, memory_order_relaxed);
    const uint64_t live = atomic_load_explicit(&zone->published->small_bytes, memory_order_relaxed);
    return slabs >= LEAST_BYTES && live < slabs - slabs / FREE_SHARE;
}

void np_thin_some(struct np_zone *zone)
{
    if (!much_is_free(zone) || !np_thin_allowed(zone))
        return;
    uint32_t slot = atomic_load_explicit(&zone->thin_last, memory_order_relaxed);
    unsigned left = LOOKS;
    bool any = false;
    for (unsigned i = 0; i < np_bins.slots && left; i++) {
        slot = slot % np_bins.slots + 1;
        if (np_bins.slot[slot].class == zone->class_index)
            left -= np_depot_thin(zone, slot, left, &any);
    }
    atomic_store_explicit(&zone->thin_last, left ? slot : slot - 1, memory_order_relaxed);
}
