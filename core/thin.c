/* SPDX-License-Identifier: MIT */
#include "thin.h"

#include "class.h"
#include "depot.h"
#include "space.h"
#include "thp.h"

/* Each fresh slab pays for a look at so many others, so that all are looked at before the zone has grown by a small part. */
#define LOOKS 32
/* Below it is not worth the system calls. */
#define LEAST_BYTES ((uint64_t)4 << 20)
#define FREE_SHARE  4
/* The same of a zone that all threads have left, whose free blocks hardly anybody wants again; one fresh slab in so many looks
 * for such a zone, since that costs lines of another node. */
#define LEFT_FREE_SHARE  8
#define LEFT_LEAST_BYTES ((uint64_t)128 << 10)
#define LEFT_TURNS       4

bool np_thin_allowed(const struct np_zone *zone)
{
    return !zone->hard && zone->placement->prefault == NP_PREFAULT_NONE &&
           zone->advice != NP_ADVICE_HUGE_PAGES && (zone->advice == NP_ADVICE_BASE_PAGES || !np_thp_always());
}

static bool much_is_free(const struct np_zone *zone, uint64_t least, unsigned share)
{
    const uint64_t slabs = atomic_load_explicit(&zone->published->slab_bytes, memory_order_relaxed);
    const uint64_t live = atomic_load_explicit(&zone->published->small_bytes, memory_order_relaxed);
    return slabs >= least && live < slabs - slabs / share;
}

static void thin(struct np_zone *zone, unsigned looks)
{
    uint32_t slot = atomic_load_explicit(&zone->thin_last, memory_order_relaxed);
    unsigned left = looks;
    bool any = false;
    for (unsigned i = 0; i < np_bins.slots && left; i++) {
        slot = slot % np_bins.slots + 1;
        if (np_bins.slot[slot].class != zone->class_index)
            continue;
        np_depot_collect(zone, slot);
        left -= np_depot_thin(zone, slot, left, &any);
    }
    atomic_store_explicit(&zone->thin_last, left ? slot : slot - 1, memory_order_relaxed);
}

/* The next of the class's other zones that was ever used, or NULL. */
static struct np_zone *sibling(const struct np_zone *zone, unsigned turn)
{
    const unsigned zones = np_class_at(zone->class_index)->zone_count;
    for (unsigned i = 0; i < zones; i++) {
        struct np_zone *other = np_zone_at(np_class_small_zone(zone->class_index, (turn + i) % zones));
        if (other != zone && atomic_load_explicit(&other->started, memory_order_acquire) && other->has_depots)
            return other;
    }
    return NULL;
}

static void thin_what_was_left(struct np_zone *zone)
{
    const uint32_t turn = atomic_fetch_add_explicit(&zone->thin_turn, 1, memory_order_relaxed);
    struct np_zone *other = turn % LEFT_TURNS ? NULL : sibling(zone, turn / LEFT_TURNS);
    if (other && np_class_zone_is_left(other) && much_is_free(other, LEFT_LEAST_BYTES, LEFT_FREE_SHARE))
        thin(other, LOOKS * LEFT_TURNS);
}

void np_thin_some(struct np_zone *zone)
{
    if (!np_thin_allowed(zone))
        return;
    if (much_is_free(zone, LEAST_BYTES, FREE_SHARE))
        thin(zone, LOOKS);
    thin_what_was_left(zone);
}
