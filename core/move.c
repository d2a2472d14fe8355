/* SPDX-License-Identifier: MIT */
/* move - carrying a block's contents to another place of its zone.
 *
 * Page tables are moved instead of bytes (mremap(2) with MREMAP_DONTUNMAP, Linux 5.7, so that no hole is left
 * behind) from 64 MiB on, and from 1 MiB on where the new place has no pages yet: no fault, and nothing is resident
 * twice. A moved mapping never merges with its new neighbours, so a block remembers
 * where its seams are: mremap works on one mapping at a time. */
#include "commit.h"
#include "extent.h"
#include "repair.h"
#include "retain.h"
#include "space.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

#define PIECES (NP_RUN_SEAMS + 2) /* of a block at most: one more than seams, and the border of base pages */

#define REMAP_FRESH_FROM ((size_t)1 << 20)

/* The room of a block that has grown out of room before: addresses cost nothing where the kernel does not charge them,
 * moves do. */
#define ROOM_AGAIN      8
#define ROOM_AGAIN_MOST ((size_t)128 << 20)

static struct np_run *entry_of(const struct np_zone *zone, const void *block)
{
    return &zone->runs.entry[np_zone_page(zone, block)];
}

static unsigned seam_count(const struct np_run *entry)
{
    unsigned count = 0;
    while (count < NP_RUN_SEAMS && entry->seams[count] && entry->seams[count] < entry->held)
        count++;
    return count;
}

/* Does it pay? Pages that are there already are used again, and moved ones are not once they are freed. */
static bool pays_to_remap(const struct np_zone *zone, const char *to, uint32_t pages)
{
    return np_bytes(pages) >= NP_EXTENT_REMAP_FROM ||
           (np_bytes(pages) >= REMAP_FRESH_FROM &&
            np_runs_count_held(&zone->runs, np_zone_page(zone, to), pages) < pages / 2);
}

/* Where each mapping of a block ends, in pages; mremap(2) that finds a second one says so when the target is gone. */
struct pieces {
    unsigned count;
    uint32_t end[PIECES];
};

static struct pieces find_pieces(const struct np_zone *zone, const char *block)
{
    const struct np_run *entry = entry_of(zone, block);
    const size_t start = (size_t)(block - zone->base);
    const unsigned seams = seam_count(entry);
    uint32_t border = start < NP_ZONE_SMALL_PAGES_FIRST ? np_pages(NP_ZONE_SMALL_PAGES_FIRST - start) : 0;
    struct pieces pieces = {0};
    for (unsigned i = 0; i <= seams; i++) {
        const uint32_t end = i < seams ? entry->seams[i] : entry->held;
        if (border && border < end)
            pieces.end[pieces.count++] = border;
        border = border <= end ? 0 : border;
        pieces.end[pieces.count++] = end;
    }
    return pieces;
}

/* A copy has no seams. While a block is small it is cheap, and leaves room for those of the moves to come. */
static unsigned most_pieces(const struct np_run *entry)
{
    if (np_bytes(entry->held) < NP_EXTENT_REMAP_FROM / 8)
        return 1;
    return np_bytes(entry->held) < NP_EXTENT_REMAP_FROM ? NP_RUN_SEAMS / 2 : NP_RUN_SEAMS;
}

/* The kernel takes the lock of mlockall(2) off the whole mapping that a piece is moved out of. */
static bool may_remap(const struct np_zone *zone, const char *from, const char *to, unsigned pieces)
{
    const struct np_run *entry = entry_of(zone, from);
    return !np_space.small_steps && pays_to_remap(zone, to, entry->held) && !zone->stripes &&
           !entry->custom && (size_t)(from - zone->base) >= zone->explicit_end &&
           (size_t)(to - zone->base) >= zone->explicit_end && pieces <= most_pieces(entry) &&
           np_kernel_support()->remap_keeps_source;
}

static int move_piece(struct np_zone *zone, char *from, char *to, size_t length)
{
    int error = np_kernel_remap(from, length, to, MREMAP_DONTUNMAP);
    if (!error)
        return 0;
    error = np_zone_close_hole(zone, to, length);
    if (!error && zone->hard)
        error = np_commit(zone, np_zone_page(zone, to), np_pages(length));
    if (!error)
        memcpy(to, from, length);
    return error;
}

/* Brings the first @count pieces home again, and leaves the target as if nothing had been there. */
static void move_back(struct np_zone *zone, char *from, char *to, unsigned count)
{
    const struct np_run *target = entry_of(zone, to);
    uint32_t start = 0, first = np_zone_page(zone, to);
    for (unsigned i = 0; i < count; i++) {
        uint32_t end = target->seams[i];
        (void)move_piece(zone, to + np_bytes(start), from + np_bytes(start), np_bytes(end - start));
        start = end;
    }
    np_runs_mark(&zone->runs, first, entry_of(zone, from)->held, NP_PAGE_USED);
    (void)np_retain_drop(zone, first, entry_of(zone, from)->held);
}

/* Moves the mappings piece by piece and notes the new seams. The moved pages are the target's afterwards. */
static int move_mappings(struct np_zone *zone, char *from, char *to, const struct pieces *pieces)
{
    uint32_t start = 0;
    for (unsigned i = 0; i < pieces->count; i++) {
        uint32_t end = pieces->end[i];
        int error = move_piece(zone, from + np_bytes(start), to + np_bytes(start), np_bytes(end - start));
        if (error) {
            move_back(zone, from, to, i);
            return error;
        }
        entry_of(zone, to)->seams[i] = end;
        start = end;
    }
    return 0;
}

static int move_by_remap(struct np_zone *zone, char *from, char *to, const struct pieces *pieces)
{
    struct np_run *source = entry_of(zone, from);
    uint32_t pages = source->held, first = (uint32_t)(source - zone->runs.entry);
    int error = np_extent_prepare(zone, to, np_bytes(pages), false);
    if (error)
        return error;
    /* The pages that come replace those that are there; what the target held of its own goes with its old
     * mapping. */
    np_runs_mark(&zone->runs, (uint32_t)(entry_of(zone, to) - zone->runs.entry), pages, NP_PAGE_ABSENT);
    entry_of(zone, to)->flags &= (uint8_t)~NP_RUN_ALL_USED;
    error = move_mappings(zone, from, to, pieces);
    if (error)
        return error;
    np_runs_mark(&zone->runs, first, pages, NP_PAGE_USED);
    source->flags = 0;
    if (source->seams[0]) /* mappings that were moved here stay apart until they are renewed */
        np_repair(zone, first, pages);
    else
        (void)np_retain_drop(zone, first, pages);
    np_extent_untake(zone, from);
    return 0;
}

int np_extent_move(struct np_zone *zone, void *from, void *to)
{
    const struct pieces pieces = find_pieces(zone, from);
    const unsigned mappings = pieces.count + 1;
    int error;
    if (may_remap(zone, from, to, pieces.count) && np_vma_take(mappings)) {
        error = move_by_remap(zone, from, to, &pieces);
        if (error)
            np_vma_give(mappings);
        return error;
    }
    error = np_extent_prepare(zone, to, 0, false);
    if (error)
        return error;
    memcpy(to, from, np_bytes(entry_of(zone, from)->held));
    np_extent_free(zone, from);
    return 0;
}

/* Does each open page count against a limit of the whole machine (overcommit_memory 2, proc_sys_vm(5))? */
static bool room_is_charged(void)
{
    enum { UNKNOWN, FREE, CHARGED };
    static _Atomic int known = UNKNOWN;
    int answer = atomic_load_explicit(&known, memory_order_relaxed);
    if (answer == UNKNOWN) {
        uint64_t mode = 0;
        (void)np_kernel_read_figure("/proc/sys/vm/overcommit_memory", &mode); /* without /proc: the default */
        answer = mode == 2 ? CHARGED : FREE;
        atomic_store_explicit(&known, answer, memory_order_relaxed);
    }
    return answer == CHARGED;
}

size_t np_extent_room(const struct np_zone *zone, const void *block, size_t size)
{
    size_t twice = 2 * size,
           again = size < ROOM_AGAIN_MOST / ROOM_AGAIN ? size * ROOM_AGAIN : ROOM_AGAIN_MOST;
    if (!(entry_of(zone, block)->flags & NP_RUN_GROWN) || again > zone->capacity / 16 ||
        np_space.small_steps || room_is_charged())
        return twice;
    return again > twice ? again : twice;
}
