/* SPDX-License-Identifier: MIT */
/* bins - the block sizes of the heap, and the frozen table from the size of a request to its slot.
 *
 * Bins are multiples of 16 bytes up to 128, then four for each doubling up to 32 KiB: no block is more than a
 * fifth larger than its request, or 16 bytes. A slot is one bin of one size class: a class border
 * inside a bin makes two slots of it. Context: hook-safe unless stated. */
#ifndef NP_CORE_BINS_H
#define NP_CORE_BINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NP_SMALL_MOST    ((size_t)32 << 10) /* larger requests are extents */
#define NP_GRANULE_SHIFT 4
#define NP_GRANULES      ((NP_SMALL_MOST >> NP_GRANULE_SHIFT) + 1)
#define NP_BINS          40
#define NP_MAX_SLOTS     128 /* NP_BINS, a border for each of 64 classes, and slot 0: none */

/** Slabs are made of units of this size, and begin at multiples of their own size. */
#define NP_UNIT_SHIFT 14
#define NP_UNIT       ((size_t)1 << NP_UNIT_SHIFT)
#define NP_UNIT_WORDS (NP_UNIT / 16 / 64) /* of bits, one for each of the smallest blocks */
#define NP_SLAB_MOST  ((size_t)256 << 10) /* bytes of the largest */

/** Pointers that are always NULL come before a magazine's first, so that a look at its newest two needs no test. */
#define NP_MAGAZINE_BELOW 2

/** Dividing an offset in a slab by the size of its blocks is one multiplication: with the reciprocal rounded up,
 * the product's high part is the quotient, and its low part is below the reciprocal when nothing is left over
 * (Lemire, Kaser, Kurz, "Faster remainder by direct computation", 2019). Offsets are below 2^18, sizes at most
 * 2^15, which 40 bits are enough for. */
#define NP_RECIPROCAL_SHIFT 40
#define NP_RECIPROCAL_MASK  (((uint64_t)1 << NP_RECIPROCAL_SHIFT) - 1)

struct np_slot {
    uint32_t size;       /* bytes of a block; 0 in slot 0 */
    uint32_t slab_bytes; /* a power of two of units */
    uint64_t reciprocal;
    uint32_t blocks;   /* of a slab */
    uint32_t usual;    /* blocks that a magazine may hold */
    uint32_t most;     /* the same where threads wait for the depot */
    uint32_t from, to; /* the requests that it serves, both ends included */
    uint16_t class;    /* index of the size class */
};

struct np_bins {
    uint8_t of_granule[NP_GRANULES]; /* slot of (size + 15) / 16, 0: ask np_bins_slot() */
    uint8_t of_last[NP_GRANULES];    /* slot of the granule's largest request */
    uint8_t slots;                   /* number of the last one */
    uint32_t pointers; /* of all magazines of a thread together, and of the rooms they grew out of */
    struct np_slot slot[NP_MAX_SLOTS];
};

/* Hidden, as all that the hooks touch: the compiler then needs no look at the global offset table. */
extern struct np_bins np_bins __attribute__((visibility("hidden")));

/** np_bins_add() - make the slots of a size class of requests [min_size, max_size). Context: start-up, classes by
 * rising sizes. Return: false when there are too many slots. */
bool np_bins_add(uint16_t class, size_t min_size, size_t max_size);

/** np_bins_slot() - the slot of a request, by its exact size, or 0. */
unsigned np_bins_slot(size_t size);
/** np_bins_aligned_slot() - a slot of the same class whose blocks of at least @size bytes begin at multiples of
 * @alignment, or 0. */
unsigned np_bins_aligned_slot(size_t size, size_t alignment);

/** np_slot_room() - for how many pointers a magazine that may hold @limit blocks has room: few steps, since a room that was
 * grown out of is not used again. */
static inline uint32_t np_slot_room(const struct np_slot *slot, uint32_t limit)
{
    uint32_t room = limit <= 32 ? 32 : limit <= 128 ? 128 : slot->most;
    return room < slot->most ? room : slot->most;
}

/** np_slot_shares_lines() - do several blocks lie in one cache line? */
static inline bool np_slot_shares_lines(const struct np_slot *slot)
{
    return slot->size < 64;
}

/** np_slot_block() - which block of its slab begins at @offset? Return: its number, or UINT32_MAX: none. */
static inline uint32_t np_slot_block(const struct np_slot *slot, size_t offset)
{
    uint64_t product = (offset & (slot->slab_bytes - 1)) * slot->reciprocal;
    uint32_t number = (uint32_t)(product >> NP_RECIPROCAL_SHIFT);
    return (product & NP_RECIPROCAL_MASK) < slot->reciprocal && number < slot->blocks ? number : UINT32_MAX;
}

#endif
