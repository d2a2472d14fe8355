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
/* Of a zone that its threads may have left, whose blocks hardly anybody wants again; one fresh slab in so many looks for such a
 * zone, since that costs lines of another node. */
#define LEFT_FREE_SHARE 8
#define LEFT_TURNS      4

bool np_thin_allowed(const struct np_zone *zone)
{
    return !zone->hard && zone->placement->prefault == NP_PREFAULT_NONE &&
           zone->advice != NP_ADVICE_HUGE_PAGES && (zone->advice == NP_ADVICE_BASE_PAGES || !np_thp_always());
}

static bool much_is_free(const struct np_zone *zone, unsigned share)
{
    const uint64_t slabs = atomic_load_explicit(&zone->published->slab_bytes, memory_order_relaxed);
    const uint64_t live = atomic_load_explicit(&zone->published->small_bytes, memory_order_relaxed);
    return slabs >= LEAST_BYTES && live < slabs - slabs / share;
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

/* Another zone of the class, each in its turn: NULL when it is nobody's turn, the zone's own, or one's that was never used. */
static struct np_zone *sibling(struct np_zone *zone)
{
    const uint32_t turn = atomic_fetch_add_explicit(&zone->thin_turn, 1, memory_order_relaxed);
    const unsigned zones = np_class_at(zone->class_index)->zone_count;
    if (turn % LEFT_TURNS)
        return NULL;
    struct np_zone *other = np_zone_at(np_class_small_zone(zone->class_index, turn / LEFT_TURNS % zones));
    const bool used = atomic_load_explicit(&other->started, memory_order_acquire) && other->has_depots;
    return other != zone && used ? other : NULL;
}

void np_thin_some(struct np_zone *zone)
{
    if (!np_thin_allowed(zone))
        return;
    if (much_is_free(zone, FREE_SHARE))
        thin(zone, LOOKS);
    struct np_zone *other = sibling(zone);
    if (other && much_is_free(other, LEFT_FREE_SHARE))
        thin(other, LOOKS * LEFT_TURNS);
}
