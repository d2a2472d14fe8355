/* SPDX-License-Identifier: MIT */
#include "fit.h"

#include "parked.h"
#include "retain.h"

/* Takes the room back from all blocks that were given some. Return: was there any? */
static bool reclaim_room(struct np_zone *zone)
{
    bool any = false;
    for (uint32_t run = 0; run < zone->runs.end; run += zone->runs.entry[run].pages) {
        const struct np_run *entry = &zone->runs.entry[run];
        if (entry->state != NP_RUN_LIVE || entry->held == entry->pages)
            continue;
        uint32_t rest = np_runs_cut(&zone->runs, run, entry->held);
        np_runs_give(&zone->runs, rest, NP_OWNER_NONE, np_retain_now());
        any = true;
    }
    return any;
}

/* Opens what is missing behind the free run at the end, and no more than that: it may come from a pool of
 * huge pages. */
static int take_by_growth(struct np_zone *zone, uint32_t pages, uint32_t align, uint32_t *ret_run)
{
    struct np_runs *runs = &zone->runs;
    uint64_t first = ((uint64_t)runs->end - np_runs_tail(runs) + align - 1) / align * align;
    if (first + pages > runs->end) {
        int error = np_zone_grow(zone, np_bytes(first + pages - runs->end));
        if (error)
            return error;
    }
    *ret_run = np_runs_take_from(runs, runs->end - np_runs_tail(runs), (uint32_t)first, pages, NP_RUN_LIVE);
    return 0;
}

int np_fit_take(struct np_zone *zone, uint32_t pages, uint32_t align, uint32_t *ret_run)
{
    uint32_t run = np_parked_take(zone, pages, align);
    /* Requests of ever other sizes are served better by what neighbours make together. */
    if (run == NP_NO_RUN && zone->parked.count)
        np_parked_join(zone, pages);
    for (bool reclaimed = false;;) {
        if (run == NP_NO_RUN)
            run = np_runs_take(&zone->runs, pages, align);
        if (run != NP_NO_RUN) {
            *ret_run = run;
            return 0;
        }
        if (np_parked_clear(zone))
            continue;
        int error = take_by_growth(zone, pages, align, ret_run);
        if (!error)
            return 0;
        if (reclaimed || !reclaim_room(zone))
            return error;
        reclaimed = true;
    }
}
