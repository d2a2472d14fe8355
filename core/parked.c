/* SPDX-License-Identifier: MIT */
#include "parked.h"

/* As many as threads may take turns side by side: a run that has no place loses its pages to whoever comes next. */
static uint32_t places(const struct np_zone *zone)
{
    return zone->keeps_owner ? NP_PARKED_MOST_OWN : NP_PARKED_MOST;
}

static void insert(struct np_zone *zone, uint32_t run, uint32_t owner, uint32_t stamp)
{
    struct np_parked *parked = &zone->parked;
    struct np_run *entry = &zone->runs.entry[run];
    entry->state = NP_RUN_AWAY;
    entry->flags &= (uint8_t)~NP_RUN_GROWN;
    entry->owner = owner;
    entry->stamp = stamp;
    parked->pages += entry->pages;
    parked->run[parked->count] = run;
    parked->owner[parked->count] = owner;
    parked->length[parked->count++] = entry->pages;
}

/* A run that was used whole and to which nothing was done, for which memory is left in the account of what is kept. */
static bool may_park(const struct np_zone *zone, const struct np_run *entry, uint64_t now)
{
    return entry->state == NP_RUN_LIVE && entry->flags & NP_RUN_ALL_USED && entry->held == entry->pages &&
           !entry->custom && !entry->seams[0] && zone->parked.count < places(zone) &&
           zone->runs.held + zone->parked.pages + entry->pages <=
               atomic_load_explicit(&zone->held_counted, memory_order_relaxed) +
                   (uint64_t)2 * np_pages(zone->slack) &&
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
    uint32_t owner = np_owner_if(zone->keeps_owner);
    bool parks = run < zone->runs.end && may_park(zone, entry, now);
    if (parks) {
        np_tally_remove(zone, entry->pages);
        np_stats_add(&zone->published->frees, 1);
        zone->last_free = (uint32_t)now;
        insert(zone, run, owner, second);
        np_tally_retained(zone);
    }
    np_lock_leave(&zone->lock);
    return parks;
}

/* Lets one run join the free runs. */
static void release(struct np_zone *zone, uint32_t place)
{
    uint32_t run = np_parked_withdraw(zone, place);
    np_runs_give(&zone->runs, run, zone->runs.entry[run].owner, zone->runs.entry[run].stamp);
}

void np_parked_add(struct np_zone *zone, uint32_t run, uint32_t owner, uint32_t stamp)
{
    if (zone->parked.count == places(zone))
        release(zone, 0);
    insert(zone, run, owner, stamp);
}

uint32_t np_parked_take(struct np_zone *zone, uint32_t pages, uint32_t align)
{
    uint32_t place = np_parked_find(zone, pages, align);
    return place == NP_NO_RUN ? NP_NO_RUN : np_parked_withdraw(zone, place);
}

void np_parked_join(struct np_zone *zone, uint32_t pages)
{
    uint64_t all = 0;
    for (uint32_t i = 0; i < zone->parked.count; i++)
        all += np_parked_serves(zone, i) ? zone->parked.length[i] : 0;
    for (uint32_t i = zone->parked.count; all >= pages && i-- > 0;)
        if (np_parked_serves(zone, i))
            release(zone, i);
}

bool np_parked_clear(struct np_zone *zone)
{
    bool any = zone->parked.count > 0;
    while (zone->parked.count)
        release(zone, zone->parked.count - 1);
    return any;
}
