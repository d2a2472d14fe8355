/* SPDX-License-Identifier: MIT */
#include "slab.h"

#include "extent.h"
#include "retain.h"
#include "tables.h"

#include <string.h>

_Static_assert(sizeof(struct np_slab) + NP_UNIT_WORDS * sizeof(uint64_t) <= NP_SLAB_STRIDE,
               "the space reserves a record for each unit");

struct np_slab *np_slab_at(const struct np_zone *zone, uint32_t unit)
{
    return (struct np_slab *)(void *)(zone->slabs + (size_t)(unit - 1) * NP_SLAB_STRIDE);
}

static struct np_remote_group *remote_group(const struct np_zone *zone, uint32_t unit)
{
    return zone->remotes + (unit - 1) / NP_REMOTE_GROUP;
}

_Atomic uint32_t *np_slab_link_at(const struct np_zone *zone, uint32_t unit)
{
    return &remote_group(zone, unit)->links[(unit - 1) % NP_REMOTE_GROUP];
}

/* A slab of several units may use the words of all of them. */
static _Atomic uint64_t *remote_bits(const struct np_zone *zone, uint32_t unit, unsigned word)
{
    const uint32_t its_unit = unit + word / NP_UNIT_WORDS;
    return &remote_group(zone, its_unit)->words[word % NP_UNIT_WORDS][(its_unit - 1) % NP_REMOTE_GROUP];
}

static uint8_t *kind_of(const struct np_zone *zone, uint32_t unit)
{
    return np_space_kinds(zone) + unit - 1;
}

static unsigned words_of(const struct np_slot *slot)
{
    return (slot->blocks + 63) / 64;
}

/* Slabs begin at rotating pages of theirs. Else the first pages, which are used most, would be the first node's of an
 * interleaved zone (measured: the first blocks of 48 slabs on four nodes were 48/0/0/0). */
static uint32_t colour(struct np_zone *zone, const struct np_slot *slot)
{
    uint32_t turn = atomic_fetch_add_explicit(&zone->colour, 1, memory_order_relaxed);
    uint32_t pages = np_pages(slot->slab_bytes), page = (turn + turn / pages) % pages;
    return (uint32_t)((np_bytes(page) + slot->size - 1) / slot->size) % slot->blocks;
}

int np_slab_new(struct np_zone *zone, unsigned number, uint32_t *ret_unit, bool *ret_fresh)
{
    const struct np_slot *slot = &np_bins.slot[number];
    void *memory;
    int error = np_extent_take_slab(zone, slot->slab_bytes, &memory, ret_fresh);
    if (error)
        return error;
    uint32_t unit = np_slab_unit(zone, memory), words = words_of(slot);
    struct np_slab *slab = np_slab_at(zone, unit);
    /* The link belongs to the threads of other nodes: one of them may still be posting it for the last slab that was
     * here. */
    slab->turn = 0;
    slab->listed = slab->thin = false;
    slab->dropped = 0;
    memset(slab->bits, 0xff, words * sizeof *slab->bits);
    if (slot->blocks % 64)
        slab->bits[words - 1] = ((uint64_t)1 << slot->blocks % 64) - 1;
    atomic_store_explicit(&slab->slot, (uint8_t)number, memory_order_relaxed);
    slab->free = slot->blocks;
    slab->start = colour(zone, slot);
    memset(kind_of(zone, unit), (int)number, slot->slab_bytes >> NP_UNIT_SHIFT);
    *ret_unit = unit;
    return 0;
}

void np_slab_return(struct np_zone *zone, uint32_t unit)
{
    struct np_slab *slab = np_slab_at(zone, unit);
    memset(kind_of(zone, unit), 0, np_bins.slot[np_slab_slot(slab)].slab_bytes >> NP_UNIT_SHIFT);
    atomic_store_explicit(&slab->slot, 0, memory_order_relaxed);
    np_extent_give_slab(zone, np_slab_address(zone, unit), slab->dropped);
}

/* The bits of a word that are to be handed out in turn @turn: the word of the start is taken in two halves. */
static uint64_t in_turn(const struct np_slab *slab, unsigned word, unsigned turn, unsigned words)
{
    uint64_t below = ((uint64_t)1 << slab->start % 64) - 1;
    if (turn == 0)
        return slab->bits[word] & ~below;
    return turn == words ? slab->bits[word] & below : slab->bits[word];
}

/* Of the free blocks those whose cache lines are free as a whole. Lines and blocks begin together at every fourth block of
 * 16 or 48 bytes and at every second one of 32. */
static uint64_t whole_lines(uint64_t bits, uint32_t size)
{
    const uint64_t seconds = UINT64_MAX / 3, fourths = UINT64_MAX / 15;
    const uint64_t pairs = bits & bits >> 1;
    if (size == 32)
        return (pairs & seconds) * 3;
    return (pairs & pairs >> 2 & fourths) * 15;
}

/* Hands out up to @most of the blocks of @bits, the last one first. Return: how many are missing. */
static unsigned take_from(struct np_slab *slab, unsigned word, uint64_t bits, char *base, void **ret_blocks,
                          unsigned most)
{
    const size_t size = np_bins.slot[np_slab_slot(slab)].size;
    char *first = base + (size_t)word * 64 * size;
    uint64_t left = bits;
    for (; left && most; left &= left - 1)
        ret_blocks[--most] = first + (size_t)(unsigned)__builtin_ctzll(left) * size;
    slab->bits[word] ^= bits ^ left;
    return most;
}

static unsigned word_of_turn(const struct np_slab *slab, unsigned turn, unsigned words)
{
    const unsigned word = slab->start / 64 + turn;
    return word >= words ? word - words : word;
}

unsigned np_slab_take(struct np_zone *zone, uint32_t unit, void **ret_blocks, unsigned most, bool lines)
{
    struct np_slab *slab = np_slab_at(zone, unit);
    const struct np_slot *slot = &np_bins.slot[np_slab_slot(slab)];
    char *base = np_slab_address(zone, unit);
    const unsigned words = words_of(slot);
    unsigned missing = most;
    lines = lines && np_slot_shares_lines(slot);
    for (unsigned turn = slab->turn; lines && turn <= words && missing; turn++) {
        const unsigned word = word_of_turn(slab, turn, words);
        missing = take_from(slab, word, whole_lines(in_turn(slab, word, turn, words), slot->size), base,
                            ret_blocks, missing);
    }
    for (; slab->turn <= words; slab->turn++) {
        const unsigned word = word_of_turn(slab, slab->turn, words);
        missing = take_from(slab, word, in_turn(slab, word, slab->turn, words), base, ret_blocks, missing);
        if (in_turn(slab, word, slab->turn, words))
            break;
    }
    slab->free -= most - missing;
    slab->dropped = 0;
    return most - missing;
}

/* The blocks that lie on a page, wholly or in part: [*ret_first, *ret_end), none where the page is behind the last block. */
static void blocks_on(const struct np_slot *slot, unsigned page, uint32_t *ret_first, uint32_t *ret_end)
{
    const uint32_t first = (uint32_t)(np_bytes(page) / slot->size);
    const uint32_t end = (uint32_t)((np_bytes(page + 1) - 1) / slot->size) + 1;
    *ret_end = end < slot->blocks ? end : slot->blocks;
    *ret_first = first < *ret_end ? first : *ret_end;
}

/* The bits of a word that are of the blocks [first, end). */
static uint64_t bits_between(unsigned word, uint32_t first, uint32_t end)
{
    const uint32_t low = word * 64;
    const uint64_t from = first > low ? UINT64_MAX << (first - low) : UINT64_MAX;
    const uint64_t to = end < low + 64 ? ((uint64_t)1 << (end - low)) - 1 : UINT64_MAX;
    return from & to;
}

static bool all_free(const struct np_slab *slab, uint32_t first, uint32_t end)
{
    for (unsigned word = first / 64; word * 64 < end; word++)
        if (bits_between(word, first, end) & ~slab->bits[word])
            return false;
    return true;
}

/* Sets the bits of blocks, or clears them. Return: how many were changed. */
static uint32_t mark(struct np_slab *slab, uint32_t first, uint32_t end, bool is_free)
{
    uint32_t changed = 0;
    for (unsigned word = first / 64; word * 64 < end; word++) {
        const uint64_t now = slab->bits[word], bits = bits_between(word, first, end);
        slab->bits[word] = is_free ? now | bits : now & ~bits;
        changed += (uint32_t)__builtin_popcountll(now ^ slab->bits[word]);
    }
    return changed;
}

uint64_t np_slab_take_pages(struct np_slab *slab)
{
    const struct np_slot *slot = &np_bins.slot[np_slab_slot(slab)];
    uint64_t pages = 0;
    uint32_t first, end;
    for (unsigned page = 0; page < np_pages(slot->slab_bytes); page++) {
        blocks_on(slot, page, &first, &end);
        if (first < end && all_free(slab, first, end))
            pages |= (uint64_t)1 << page;
    }
    for (uint64_t left = pages; left; left &= left - 1) {
        blocks_on(slot, (unsigned)__builtin_ctzll(left), &first, &end);
        slab->free -= mark(slab, first, end, false);
    }
    return pages;
}

uint64_t np_slab_drop_pages(struct np_zone *zone, uint32_t unit, uint64_t pages)
{
    const uint32_t slab = np_zone_page(zone, np_slab_address(zone, unit));
    uint64_t dropped = 0;
    while (pages) {
        const unsigned first = (unsigned)__builtin_ctzll(pages);
        const uint64_t rest = ~(pages >> first);
        const unsigned count = rest ? (unsigned)__builtin_ctzll(rest) : 64;
        const uint64_t behind = first + count < 64 ? UINT64_MAX << (first + count) : 0;
        if (np_retain_drop(zone, slab + first, count))
            dropped |= pages & ~behind;
        pages &= behind;
    }
    return dropped;
}

void np_slab_give_pages(struct np_slab *slab, uint64_t pages)
{
    uint32_t first, end;
    for (uint64_t left = pages; left; left &= left - 1) {
        blocks_on(&np_bins.slot[np_slab_slot(slab)], (unsigned)__builtin_ctzll(left), &first, &end);
        slab->free += mark(slab, first, end, true);
    }
    slab->turn = 0;
}

/* In which turn a word comes first, when the turns begin with the word @first. */
static unsigned turn_of(unsigned word, unsigned first, unsigned words)
{
    return word < first ? word + words - first : word - first;
}

static void look_again_from(struct np_slab *slab, unsigned turn)
{
    if (turn < slab->turn)
        slab->turn = turn;
}

unsigned np_slab_give(struct np_zone *zone, uint32_t unit, void *const *blocks, unsigned count)
{
    struct np_slab *slab = np_slab_at(zone, unit);
    const struct np_slot slot = np_bins.slot[np_slab_slot(slab)]; /* a copy: writing bits cannot change it */
    const char *base = np_slab_address(zone, unit);
    const unsigned words = words_of(&slot), first = slab->start / 64;
    unsigned given = 0, first_turn = words;
    for (; given < count; given++) {
        const size_t offset = (size_t)((const char *)blocks[given] - base);
        const uint32_t number = np_slot_block(&slot, offset), word = number / 64;
        const uint64_t bit = (uint64_t)1 << number % 64;
        if (offset >= slot.slab_bytes || number == UINT32_MAX || slab->bits[word] & bit)
            break;
        slab->bits[word] |= bit;
        const unsigned turn = turn_of(word, first, words);
        first_turn = turn < first_turn ? turn : first_turn;
    }
    slab->free += given;
    slab->thin = false;
    look_again_from(slab, first_turn);
    return given;
}

uint32_t np_slab_collect(struct np_zone *zone, uint32_t unit)
{
    struct np_slab *slab = np_slab_at(zone, unit);
    unsigned words = words_of(&np_bins.slot[np_slab_slot(slab)]);
    /* Whoever gives a block back from now on posts the slab anew. */
    atomic_store(np_slab_link_at(zone, unit), 0);
    for (unsigned word = 0; word < words; word++) {
        _Atomic uint64_t *remote = remote_bits(zone, unit, word);
        if (!atomic_load(remote)) /* not before the link is 0 */
            continue;
        uint64_t bits = atomic_exchange(remote, 0);
        if (slab->bits[word] & bits)
            return word * 64 + (uint32_t)__builtin_ctzll(slab->bits[word] & bits);
        slab->bits[word] |= bits;
        slab->free += (uint32_t)__builtin_popcountll(bits);
        slab->thin = false;
        look_again_from(slab, turn_of(word, slab->start / 64, words));
    }
    return UINT32_MAX;
}

bool np_slab_has_remote(const struct np_zone *zone, uint32_t unit)
{
    /* Whatever slab is there now: none of the smallest blocks has more. */
    const unsigned words =
        np_bytes(1) > NP_UNIT ? (unsigned)(np_bytes(1) / NP_UNIT) * NP_UNIT_WORDS : NP_UNIT_WORDS;
    for (unsigned word = 0; word < words; word++)
        if (atomic_load(remote_bits(zone, unit, word)))
            return true;
    return false;
}

bool np_slab_post(struct np_zone *zone, uint32_t unit, unsigned word, uint64_t bits)
{
    return !(atomic_fetch_or(remote_bits(zone, unit, word), bits) & bits);
}
