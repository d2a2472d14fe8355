/* SPDX-License-Identifier: MIT */
#include "extent.h"

#include "commit.h"
#include "fit.h"
#include "log.h"
#include "owner.h"
#include "parked.h"
#include "repair.h"
#include "retain.h"
#include "tally.h"
#include "thp.h"

#include <errno.h>
#include <string.h>

/* The live run that begins at @block, or the end of the program: this is no block of ours. Handlers of
 * SIGABRT fork to run a debugger, so the lock goes first. */
static uint32_t run_of(struct np_zone *zone, const void *block, const char *what, bool locked)
{
    size_t offset = (size_t)((const char *)block - zone->base);
    uint32_t run = np_pages(offset);
    /* Without the lock too: the state of a live run changes by its owner's calls only, and beyond the end
     * there is none. */
    bool begins = np_bytes(run) == offset && offset < atomic_load_explicit(&zone->open, memory_order_relaxed);
    if (begins && zone->runs.entry[run].state == NP_RUN_LIVE)
        return run;
    bool freed = begins && zone->runs.entry[run].state != NP_RUN_NONE;
    if (locked)
        np_zone_unlock(zone);
    np_fatal("%s: %s of %p: %s", zone->placement->section, what, block,
             freed ? "the block was freed before" : "no block begins there");
}

/* The size of the huge pages that a block of @size bytes consists of, or 0. */
static size_t huge_size_of(const struct np_zone *zone, size_t size)
{
    size_t huge = zone->explicit_size                    ? zone->explicit_size
                  : zone->advice == NP_ADVICE_HUGE_PAGES ? np_thp_size()
                                                         : 0;
    return size >= huge ? huge : 0;
}

/* Blocks of huge pages have them whole: what a block uses in part is there in full, and must count when it
 * is kept. */
static uint32_t pages_of(const struct np_zone *zone, size_t size)
{
    uint32_t unit = np_pages(huge_size_of(zone, size)), pages = np_pages_for(size);
    return unit ? (pages + unit - 1) / unit * unit : pages;
}

/* Blocks that may consist of huge pages begin where one begins. */
static uint32_t alignment_pages(const struct np_zone *zone, size_t size, size_t alignment)
{
    size_t huge = huge_size_of(zone, size);
    if (!huge && !zone->explicit_size && size >= NP_EXTENT_REMAP_FROM && size >= np_thp_size())
        huge = np_thp_size();
    if (alignment < huge)
        alignment = huge;
    return alignment > np_bytes(1) ? np_pages(alignment) : 1;
}

/* Under first touch: did another thread place the pages that are there? */
static bool is_strange(const struct np_zone *zone, const struct np_run *entry)
{
    return zone->keeps_owner && entry->owner != np_owner();
}

/* A run for @pages of @all. Old pages in the room beyond twice the block would be nobody's: they go. So do another
 * thread's in all of it, under first touch. */
static int take_with_room(struct np_zone *zone, uint32_t pages, uint64_t all, uint32_t align,
                          uint32_t *ret_run)
{
    if (zone->explicit_size || all <= pages || all > UINT32_MAX / 2) /* pages of a pool cost something */
        return -ENOSPC;
    if (all >= np_pages(np_thp_size()) && align < np_pages(np_thp_size()))
        align = np_pages(np_thp_size()); /* whole huge pages move as they are */
    int error = np_fit_take(zone, (uint32_t)all, align, ret_run);
    if (error)
        return error;
    struct np_run *entry = &zone->runs.entry[*ret_run];
    entry->flags |= NP_RUN_GROWN;
    uint32_t first = *ret_run + (is_strange(zone, entry) ? pages : 2 * pages), end = *ret_run + (uint32_t)all;
    if (first < end && np_runs_count_held(&zone->runs, first, end - first) &&
        np_retain_drop(zone, first, end - first))
        entry->flags &= (uint8_t)~NP_RUN_ALL_USED;
    return 0;
}

int np_extent_take(struct np_zone *zone, size_t size, size_t alignment, size_t room, void **ret_block)
{
    if (size > zone->capacity || alignment > zone->capacity)
        return -ENOSPC;
    if (zone->failed)
        return -ENOMEM;
    uint32_t pages = pages_of(zone, size), run;
    uint32_t align = alignment_pages(zone, size, alignment);
    bool fresh = false;
    np_zone_lock(zone);
    int error = take_with_room(zone, pages, room >> np_page_shift, align, &run);
    if (error)
        error = np_fit_take(zone, pages, align, &run);
    if (!error) {
        struct np_run *entry = &zone->runs.entry[run];
        fresh = !(entry->flags & NP_RUN_ALL_USED);
        entry->held = pages;
        entry->stamp = zone->last_free;
        np_tally_add(zone, pages);
        np_stats_add(&zone->published->allocations, 1);
    }
    (void)np_retain_settle(zone);
    np_zone_unlock(zone);
    if (error)
        return error;
    if (fresh)
        np_retain_make_way(zone, np_bytes(pages));
    *ret_block = np_zone_address(zone, run);
    return 0;
}

static int prefault(struct np_zone *zone, uint32_t first, uint32_t end)
{
    uint32_t stretch, count;
    for (; np_runs_find(&zone->runs, first, end, NP_PAGE_ABSENT, true, &stretch, &count);
         first = stretch + count) {
        int error = np_kernel_populate(np_zone_address(zone, stretch), np_bytes(count));
        if (error)
            return error;
        np_runs_mark(&zone->runs, stretch, count, NP_PAGE_ZERO);
    }
    return 0;
}

static void clear(struct np_zone *zone, uint32_t first, uint32_t end)
{
    uint32_t stretch, count;
    for (; np_runs_find(&zone->runs, first, end, NP_PAGE_USED, true, &stretch, &count);
         first = stretch + count)
        memset(np_zone_address(zone, stretch), 0, np_bytes(count));
}

/* First touch decides anew, unless this very thread placed the pages that are there. */
static void drop_others_pages(struct np_zone *zone, uint32_t run, uint32_t first, uint32_t end)
{
    if (!is_strange(zone, &zone->runs.entry[run]))
        return;
    uint32_t stretch, count;
    if (np_runs_find(&zone->runs, first, end, NP_PAGE_ABSENT, false, &stretch, &count) &&
        np_retain_drop(zone, stretch, end - stretch))
        zone->runs.entry[run].flags &= (uint8_t)~NP_RUN_ALL_USED;
}

/* np_extent_prepare() but for the counting. */
static int prepare(struct np_zone *zone, void *block, size_t from, bool zero)
{
    uint32_t run = np_zone_page(zone, block);
    struct np_run *entry = &zone->runs.entry[run];
    if (entry->flags & NP_RUN_ALL_USED && !zero && !is_strange(zone, entry))
        return 0; /* used before and used again: the usual case of a loop */
    uint32_t first = run + (from ? np_pages_for(from) : 0), end = run + entry->held;
    drop_others_pages(zone, run, first, end);
    bool all_used = entry->flags & NP_RUN_ALL_USED;
    if (zone->hard && !all_used) {
        int error = np_commit(zone, first, end - first);
        if (error)
            return error;
    } else if (zone->placement->prefault != NP_PREFAULT_NONE && !all_used) {
        int error = prefault(zone, first, end);
        if (error) /* the block is good all the same, its pages come when they are touched */
            np_stats_error(zone->stats, error);
    }
    if (zero && all_used)
        memset(block, 0, np_bytes(entry->held));
    else if (zero)
        clear(zone, first, end);
    return 0;
}

int np_extent_prepare(struct np_zone *zone, void *block, size_t from, bool zero)
{
    int error = prepare(zone, block, from, zero);
    if (!error)
        np_tally_peak(zone);
    return error;
}

void np_extent_untake(struct np_zone *zone, void *block)
{
    np_zone_lock(zone);
    uint32_t run = run_of(zone, block, "return", true);
    np_tally_remove(zone, zone->runs.entry[run].held);
    np_stats_add(&zone->published->allocations, (uint64_t)-1);
    if (zone->failed) /* somebody else's mapping may lie in it: nobody gets these addresses any more */
        zone->runs.entry[run].state = NP_RUN_AWAY;
    else
        np_runs_give(&zone->runs, run, zone->runs.entry[run].owner, np_retain_now());
    (void)np_retain_settle(zone);
    np_zone_unlock(zone);
}

int np_extent_take_slab(struct np_zone *zone, size_t size, void **ret_slab, bool *ret_fresh)
{
    uint32_t pages = np_pages(size), run;
    if (zone->failed)
        return -ENOMEM;
    for (bool trimmed = false;; trimmed = true) {
        np_zone_lock(zone);
        int error = np_fit_take(zone, pages, pages, &run);
        const bool fresh = !error && !(zone->runs.entry[run].flags & NP_RUN_ALL_USED);
        const bool told = !error && np_tally_add_slab(zone, size);
        (void)np_retain_settle(zone);
        np_zone_unlock(zone);
        if (error)
            return error;
        if (fresh)
            np_retain_make_way(zone, size);
        *ret_fresh |= fresh;
        *ret_slab = np_zone_address(zone, run);
        error = prepare(zone, *ret_slab, 0, false);
        if (!error && told)
            np_tally_peak(zone);
        if (!error)
            return 0;
        np_extent_give_slab(zone, *ret_slab, 0);
        /* The nodes of a hard zone are full: what its own free blocks hold may be just what is missing. */
        if (trimmed || !np_retain_trim_zone(zone))
            return error;
    }
}

/* Undoes what the program or a move did to a run that is on its way back. The lock is held, and free meanwhile: nobody else
 * knows the run. */
static void put_right(struct np_zone *zone, uint32_t run, uint32_t pages)
{
    struct np_run *entry = &zone->runs.entry[run];
    entry->state = NP_RUN_AWAY;
    entry->flags = 0;
    np_zone_unlock(zone);
    np_repair(zone, run, pages);
    np_zone_lock(zone);
}

void np_extent_give_slab(struct np_zone *zone, void *slab, uint64_t dropped)
{
    uint32_t run = np_zone_page(zone, slab), now = np_retain_now();
    np_zone_lock(zone);
    struct np_run *entry = &zone->runs.entry[run];
    uint32_t pages = entry->pages;
    np_tally_remove_slab(zone, np_bytes(pages));
    np_runs_mark(&zone->runs, run, pages, NP_PAGE_USED);
    for (; dropped; dropped &= dropped - 1)
        np_runs_mark(&zone->runs, run + (uint32_t)__builtin_ctzll(dropped), 1, NP_PAGE_ABSENT);
    if (entry->custom)
        put_right(zone, run, pages);
    np_runs_give(&zone->runs, run, np_owner_if(zone->keeps_owner), now);
    const bool told = np_retain_settle(zone);
    np_zone_unlock(zone);
    if (told || now != atomic_load_explicit(&zone->last_decay, memory_order_relaxed))
        np_retain_balance(zone, now);
}

/* Has the program given the block a policy by a way that we do not see? Asks the kernel, not every time. */
static bool is_bound(struct np_zone *zone, const struct np_run *entry, const char *block, uint64_t now)
{
    if (!np_parked_worth_checking(zone, entry, now))
        return false;
    zone->policy_checks += zone->policy_checks < NP_PARKED_CHECK_ALWAYS;
    return np_repair_needed(zone, block);
}

void np_extent_free(struct np_zone *zone, void *block)
{
    np_zone_lock(zone);
    uint32_t run = run_of(zone, block, "free", true);
    struct np_run *entry = &zone->runs.entry[run];
    uint32_t pages = entry->held;
    uint64_t now = np_kernel_milliseconds();
    bool custom = entry->custom || entry->seams[0] || is_bound(zone, entry, block, now);
    zone->last_free = (uint32_t)now;
    np_tally_remove(zone, pages);
    np_stats_add(&zone->published->frees, 1);
    if (!(entry->flags & NP_RUN_ALL_USED))
        np_runs_mark(&zone->runs, run, pages, NP_PAGE_USED);
    if (pages == entry->pages)
        entry->flags |= NP_RUN_ALL_USED;
    if (custom)
        put_right(zone, run, pages);
    uint32_t owner = np_owner_if(zone->keeps_owner), second = (uint32_t)(now / 1000);
    if (entry->flags & NP_RUN_ALL_USED && entry->pages == pages)
        np_parked_add(zone, run, owner, second);
    else
        np_runs_give(&zone->runs, run, owner, second);
    (void)np_retain_settle(zone);
    np_zone_unlock(zone);
    np_retain_balance(zone, second);
}

size_t np_extent_size(struct np_zone *zone, const void *block)
{
    return np_bytes(zone->runs.entry[run_of(zone, block, "malloc_usable_size", false)].held);
}

/* The end of the block goes as the block would: without what the program or a move did to it. */
static void shrink(struct np_zone *zone, uint32_t run, uint32_t pages)
{
    struct np_run *entry = &zone->runs.entry[run];
    uint32_t old = entry->held, rest_pages = entry->pages - pages;
    bool custom = entry->custom || entry->seams[0];
    np_tally_remove(zone, old);
    np_tally_add(zone, pages);
    uint32_t rest = np_runs_cut(&zone->runs, run, pages);
    np_runs_mark(&zone->runs, rest, old - pages, NP_PAGE_USED);
    if (custom)
        put_right(zone, rest, rest_pages);
    np_runs_give(&zone->runs, rest, np_owner_if(zone->keeps_owner), np_retain_now());
}

/* Lengthens a block over its room and over the free run behind it. What it takes from there once is
 * doubled: who grows once grows again. */
static bool grow(struct np_zone *zone, uint32_t run, uint32_t pages)
{
    struct np_run *entry = &zone->runs.entry[run];
    if (pages > entry->pages) {
        uint32_t missing = pages - entry->pages, owner;
        uint32_t next = np_runs_behind(&zone->runs, run);
        if (next == NP_NO_RUN || zone->runs.entry[next].pages < missing)
            return false;
        uint32_t spare = zone->runs.entry[next].pages - missing;
        if (!np_runs_absorb(&zone->runs, run, missing + (spare < pages ? spare : pages), &owner))
            return false;
        if (owner != entry->owner)
            entry->owner = NP_OWNER_NONE;
    }
    np_tally_remove(zone, entry->held);
    np_tally_add(zone, pages);
    entry->held = pages;
    entry->flags &= (uint8_t)~NP_RUN_ALL_USED;
    return true;
}

int np_extent_resize(struct np_zone *zone, void *block, size_t size)
{
    np_zone_lock(zone);
    uint32_t run = run_of(zone, block, "realloc", true);
    uint32_t pages = pages_of(zone, size), old = zone->runs.entry[run].held;
    bool fits = size <= zone->capacity;
    np_parked_join(zone, 0);
    if (fits && pages < old)
        shrink(zone, run, pages);
    else if (fits && pages > old)
        fits = grow(zone, run, pages);
    (void)np_retain_settle(zone);
    np_zone_unlock(zone);
    if (!fits)
        return -EAGAIN;
    if (pages > old)
        np_retain_make_way(zone, np_bytes(pages - old));
    if (pages <= old || np_extent_prepare(zone, block, np_bytes(old), false) == 0)
        return 0;
    np_zone_lock(zone);
    np_tally_remove(zone, pages);
    np_tally_add(zone, old);
    zone->runs.entry[run].held = old;
    np_zone_unlock(zone);
    return -EAGAIN;
}

void np_extent_note_custom(struct np_zone *zone, const void *address, size_t length, bool policy)
{
    if (!policy && zone->advice == NP_ADVICE_NONE)
        return; /* advice alone places nothing, and here there is none to go back to */
    np_zone_lock(zone);
    size_t from = (size_t)((const char *)address - zone->base), to = from + length;
    for (uint32_t run = 0; run < zone->runs.end && np_bytes(run) < to; run += zone->runs.entry[run].pages)
        if (zone->runs.entry[run].state == NP_RUN_LIVE && np_bytes(run + zone->runs.entry[run].pages) > from)
            zone->runs.entry[run].custom = true;
    np_zone_unlock(zone);
}
