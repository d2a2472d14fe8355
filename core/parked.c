/* SPDX-License-Identifier: MIT */
#include "parked.h"

static void insert(struct np_zone *zone, uint32_t run, uint32_t owner, uint32_t stamp)
{
    struct np_parked *parked = &zone->parked;
    struct np_run *entry = &zone->runs.entry[run];
    entry->state = NP_RUN_AWAY;
    entry->owner = owner;
    entry->stamp = stamp;
    parked->pages += entry->pages;
    parked->run[parked->count] = run;
    parked->length[parked->count++] = entry->pages;
}

/* A run that was used whole and to which nothing was done, for which memory is left in the account of what is kept. */
static bool may_park(const struct np_zone *zone, const struct np_run *entry, uint64_t now)
{
    return entry->state == NP_RUN_LIVE && entry->flags & NP_RUN_ALL_USED && entry->held == entry->pages &&
           !entry->custom && !entry->seams[0] && zone->parked.count < NP_PARKED_MOST &&
           zone->runs.held + zone->parked.pages + entry->pages <=
               atomic_load_explicit(&zone->held_counted, memory_order_relaxed) &&
           !np_parked_worth_checking(zone, entry, now);
}

bool np_parked_push(struct np_zone *zone, const void *block)
{
    uint64_t now = np_kernel_milliseconds();
    uint32_t second = (uint32_t)(now / 1000);
    size_t offset = (size_t)((const char *)block - zone->base);
    uint32_t run = np_pages(offset);
    /* In a new second there is old memory to look for. */
    if (np_bytes(run) != offset || second != atomic_load_explicit(&zone->last_decay, memory_order_relaxed) ||
        !np_lock_try(&zone->lock))
        return false;
    const struct np_run *entry = &zone->runs.entry[run];
    uint32_t owner = zone->keeps_owner ? np_owner() : NP_OWNER_NONE;
    bool parks = run < zone->runs.end && may_park(zone, entry, now);
    if (parks) {
        np_tally_remove(zone, entry->pages);
        np_stats_add(&zone->published->frees, 1);
        zone->last_free = (uint32_t)now;
        insert(zone, run, owner, second);
    }
    np_lock_leave(&zone->lock);
    return parks;
}

/* Lets one run join the free runs. */
static void release_one(struct np_zone *zone)
{
    uint32_t run = np_parked_withdraw(zone, 0);
    np_runs_give(&zone->runs, run, zone->runs.entry[run].owner, zone->runs.entry[run].stamp);
}

void np_parked_add(struct np_zone *zone, uint32_t run, uint32_t owner, uint32_t stamp)
{
    if (zone->parked.count == NP_PARKED_MOST)
        release_one(zone);
    insert(zone, run, owner, stamp);
}

uint32_t np_parked_take(struct np_zone *zone, uint32_t pages, uint32_t align)
{
    uint32_t place = np_parked_find(zone, pages, align, false);
    if (place == NP_NO_RUN)
        place = np_parked_find(zone, pages, align, true);
    return place == NP_NO_RUN ? NP_NO_RUN : np_parked_withdraw(zone, place);
}

bool np_parked_clear(struct np_zone *zone)
{
    bool any = zone->parked.count > 0;
    while (zone->parked.count)
        release_one(zone);
    return any;
}
