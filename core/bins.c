/* SPDX-License-Identifier: MIT */
#include "bins.h"

#include "pages.h"

/* Bytes that a magazine may hold, the same where threads wait for the depot, and how many blocks at least and at most.
 * Measured: four threads that pass blocks on to each other have 1.1 times the peak memory under glibc with 16 KiB, 1.5 with
 * 64 KiB, and need the same time; trees take a tenth more time. */
#define MAGAZINE_BYTES           ((size_t)16 << 10)
#define MAGAZINE_BYTES_CONTENDED ((size_t)64 << 10)
#define MAGAZINE_LEAST           4
#define MAGAZINE_MOST            256u

/* Blocks that a slab should have at least, and which part of it may lie behind the last one: it is as many units as that takes.
 * Pages there cost nothing, but they are the same nodes' in each slab, where nodes take turns. */
#define SLAB_BLOCKS 8
#define SLAB_SHARE  32

_Static_assert(NP_SMALL_MOST *SLAB_BLOCKS == NP_SLAB_MOST, "the largest slab is of the largest blocks");

struct np_bins np_bins;

static size_t bin_size(unsigned bin)
{
    if (bin < 8)
        return (size_t)(bin + 1) << 4;
    size_t base = (size_t)128 << ((bin - 8) / 4);
    return base + base / 4 * ((bin - 8) % 4 + 1);
}

/* NP_BINS for what is larger than all bins. */
static unsigned bin_of(size_t size)
{
    unsigned bin = 0;
    while (bin < NP_BINS && bin_size(bin) < size)
        bin++;
    return bin;
}

static uint32_t magazine_blocks(size_t bytes, size_t size)
{
    size_t blocks = bytes / size;
    return blocks < MAGAZINE_LEAST  ? MAGAZINE_LEAST
           : blocks > MAGAZINE_MOST ? MAGAZINE_MOST
                                    : (uint32_t)blocks;
}

static void describe(struct np_slot *slot, uint16_t class, size_t size)
{
    size_t slab = NP_UNIT > np_bytes(1) ? NP_UNIT : np_bytes(1);
    while (slab < NP_SLAB_MOST && (slab < size * SLAB_BLOCKS || slab % size * SLAB_SHARE > slab))
        slab *= 2;
    slot->size = (uint32_t)size;
    slot->slab_bytes = (uint32_t)slab;
    slot->reciprocal = (((uint64_t)1 << NP_RECIPROCAL_SHIFT) + size - 1) / size;
    slot->blocks = (uint32_t)(slab / size);
    slot->class = class;
    slot->usual = magazine_blocks(MAGAZINE_BYTES, size);
    slot->most = magazine_blocks(MAGAZINE_BYTES_CONTENDED, size);
    for (uint32_t room = 0; room < slot->most;) {
        room = np_slot_room(slot, room + 1);
        np_bins.pointers += room + NP_MAGAZINE_BELOW;
    }
}

/* Requests of granule g are the sizes from 16 g - 15 to 16 g, of granule 0 only 0. */
static void fill_granules(uint8_t number)
{
    const struct np_slot *slot = &np_bins.slot[number];
    for (size_t granule = (slot->from + 15) >> NP_GRANULE_SHIFT; granule < NP_GRANULES; granule++) {
        size_t last = granule << NP_GRANULE_SHIFT, first = granule ? last - 15 : 0;
        if (last > slot->to)
            break;
        np_bins.of_last[granule] = number;
        if (first >= slot->from)
            np_bins.of_granule[granule] = number;
    }
}

bool np_bins_add(uint16_t class, size_t min_size, size_t max_size)
{
    size_t last = max_size - 1 < NP_SMALL_MOST ? max_size - 1 : NP_SMALL_MOST;
    for (unsigned bin = bin_of(min_size); bin < NP_BINS; bin++) {
        size_t from = bin ? bin_size(bin - 1) + 1 : 0, to = bin_size(bin);
        if (from > last)
            break;
        if (np_bins.slots + 1 == NP_MAX_SLOTS)
            return false;
        struct np_slot *slot = &np_bins.slot[++np_bins.slots];
        describe(slot, class, to);
        slot->from = (uint32_t)(from > min_size ? from : min_size);
        slot->to = (uint32_t)(to < last ? to : last);
        fill_granules(np_bins.slots);
    }
    return true;
}

unsigned np_bins_slot(size_t size)
{
    if (size > NP_SMALL_MOST)
        return 0;
    size_t granule = (size + 15) >> NP_GRANULE_SHIFT;
    unsigned slot = np_bins.of_granule[granule];
    if (slot)
        return slot;
    slot = np_bins.of_last[granule] ? np_bins.of_last[granule] : np_bins.slots;
    while (slot && np_bins.slot[slot].from > size)
        slot--;
    return slot && np_bins.slot[slot].to >= size ? slot : 0;
}

unsigned np_bins_aligned_slot(size_t size, size_t alignment)
{
    unsigned first = np_bins_slot(size);
    for (unsigned slot = first; slot && slot <= np_bins.slots; slot++) {
        if (np_bins.slot[slot].class != np_bins.slot[first].class)
            break;
        if ((np_bins.slot[slot].size & (alignment - 1)) == 0)
            return slot;
    }
    return 0;
}
