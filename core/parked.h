/* SPDX-License-Identifier: MIT */
/* parked - the blocks freed last, kept whole for requests of their sizes: the short way of programs that allocate and
 * free large blocks in turns. Context: hook-safe. */
#ifndef NP_CORE_PARKED_H
#define NP_CORE_PARKED_H

#include "owner.h"
#include "tally.h"

#define NP_PARKED_CHECK_FROM   ((size_t)256 << 10)
#define NP_PARKED_CHECK_ALWAYS 1024

/** np_parked_worth_checking() - shall a freed block be asked for its policy? From a size on the first so many are, then
 * those that lived for a tick of the clock: a program that binds a block keeps it, and one that frees at once must not pay
 * for a system call each time. @now: milliseconds. */
static inline bool np_parked_worth_checking(const struct np_zone *zone, const struct np_run *entry,
                                            uint64_t now)
{
    return !zone->policy_failed && np_bytes(entry->held) >= NP_PARKED_CHECK_FROM &&
           (zone->policy_checks < NP_PARKED_CHECK_ALWAYS || entry->stamp != (uint32_t)now);
}

/* For these the zone's lock is held. */

/** np_parked_add() - park a freed run all of whose pages are USED; when there is no place, another joins the free
 * runs. */
void np_parked_add(struct np_zone *zone, uint32_t run, uint32_t owner, uint32_t stamp);
/** np_parked_take() - a parked run, live again, that has that size and alignment and may serve this thread as it is.
 * Return: NP_NO_RUN when there is none. */
uint32_t np_parked_take(struct np_zone *zone, uint32_t pages, uint32_t align);
/** np_parked_join() - let the runs that may serve this thread join the free runs, if they have @pages or more together. */
void np_parked_join(struct np_zone *zone, uint32_t pages);
/** np_parked_clear() - let all parked runs join the free runs. Return: false when there were none. */
bool np_parked_clear(struct np_zone *zone);

/** np_parked_serves() - may what lies in a place be used by this thread with the pages that it has? Under first-touch only
 * if it freed it. */
static inline bool np_parked_serves(const struct np_zone *zone, uint32_t place)
{
    return !zone->keeps_owner || zone->parked.owner[place] == np_owner_this;
}
/** np_parked_find() - the place of a parked run of that size and alignment that serves this thread.
 * Return: NP_NO_RUN when there is none. */
static inline uint32_t np_parked_find(const struct np_zone *zone, uint32_t pages, uint32_t align)
{
    const struct np_parked *parked = &zone->parked;
    for (uint32_t i = parked->count; i-- > 0;)
        if (parked->length[i] == pages && !(parked->run[i] & (align - 1)) && np_parked_serves(zone, i))
            return i;
    return NP_NO_RUN;
}
/** np_parked_withdraw() - take a run out. Return: the run, live. */
static inline uint32_t np_parked_withdraw(struct np_zone *zone, uint32_t place)
{
    struct np_parked *parked = &zone->parked;
    uint32_t run = parked->run[place], last = --parked->count;
    parked->pages -= parked->length[place];
    parked->run[place] = parked->run[last];
    parked->length[place] = parked->length[last];
    parked->owner[place] = parked->owner[last];
    zone->runs.entry[run].state = NP_RUN_LIVE;
    return run;
}

/* For these nobody need hold it, and it is not waited for. */

/** np_parked_pop() - a block of @size bytes that is fit for use as it is: it was used before, by this thread if that
 * matters. Return: NULL when there is none, or the zone's lock is not to be had. */
static inline char *np_parked_pop(struct np_zone *zone, size_t size)
{
    uint32_t pages = np_pages_for(size), run = NP_NO_RUN;
    if (size >= zone->parked.below || zone->failed || !np_lock_try(&zone->lock))
        return NULL;
    uint32_t place = np_parked_find(zone, pages, 1);
    if (place != NP_NO_RUN) {
        run = np_parked_withdraw(zone, place);
        zone->runs.entry[run].stamp = zone->last_free;
        np_tally_add(zone, pages);
        np_tally_peak(zone);
        np_tally_retained(zone);
        np_stats_add(&zone->published->allocations, 1);
    }
    np_lock_leave(&zone->lock);
    return run == NP_NO_RUN ? NULL : np_zone_address(zone, run);
}

/** np_parked_push() - free a block that is as np_parked_pop() gives it. Return: false when it is not, or no block
 * begins there, or the zone's lock is not to be had. */
bool np_parked_push(struct np_zone *zone, const void *block);

#endif
