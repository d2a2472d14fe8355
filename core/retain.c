/* SPDX-License-Identifier: MIT */
#include "retain.h"

#include "class.h"
#include "commit.h"
#include "parked.h"
#include "space.h"
#include "tally.h"
#include "thp.h"

#include <sys/mman.h>

#define RETAIN_LEAST ((uint64_t)64 << 20)
/* What goes beyond the limit brings it down by this part more: the tables take memory too. */
#define RETAIN_SLACK   64
#define RETAIN_SHARE   8 /* of live bytes */
#define RETAIN_SECONDS 10
/* What may be held beyond the most that was ever in use, as shares of it and bytes. As much again as the second share where
 * zones have threads, which want their free pages back (measured: half of it, and private structures have twice the remote
 * misses); as the third by the zone itself, since free runs that fit nobody are no sign of a program that needs them no more. */
#define PEAK_SHARE      32
#define PEAK_LEAST      ((uint64_t)512 << 10)
#define PEAK_BUSY_SHARE 4
#define PEAK_BUSY_EACH  ((uint64_t)512 << 10) /* node, at most */
#define PEAK_OWN_SHARE  3
#define PEAK_SLACK      8 /* of what is retained: dropped beyond the limit */
/* Fresh bytes of a zone for each that there is before all are looked at, since their counters are lines of other nodes; and at
 * most, or the peak would be missed. */
#define FRESH_FOR_EACH ((uint64_t)4 << 10)
#define FRESH_MOST     ((uint64_t)64 << 10)
#define MOST_LOOKED_AT 256 /* runs without a whole unit are passed over, but not without end */

/* Bytes of all zones. */
struct totals {
    uint64_t in_use, retained;
};

static _Alignas(64) _Atomic uint64_t retained_pages;
static _Atomic uint64_t most_in_use; /* bytes */
static _Atomic uint64_t
    cannot_be_had; /* bytes that stayed retained though they were too many: locked, or of a pool */

uint32_t np_retain_now(void)
{
    return (uint32_t)(np_kernel_milliseconds() / 1000);
}

bool np_retain_settle(struct np_zone *zone)
{
    uint64_t held = zone->runs.held + zone->parked.pages;
    uint64_t counted = atomic_load_explicit(&zone->held_counted, memory_order_relaxed);
    const uint32_t slack = np_pages(zone->slack);
    np_tally_retained(zone);
    if (held >= counted && held <= counted + (uint64_t)2 * slack)
        return false;
    held -= held < slack ? held : slack;
    atomic_fetch_add_explicit(&retained_pages, held - counted, memory_order_relaxed);
    atomic_store_explicit(&zone->held_counted, held, memory_order_relaxed);
    return true;
}

/* As the zones have told, which is quickly asked. */
static uint64_t retained_as_told(void)
{
    return np_bytes(atomic_load_explicit(&retained_pages, memory_order_relaxed));
}

static uint64_t retained_of(const struct np_zone *zone)
{
    return atomic_load_explicit(&zone->published->retained_bytes, memory_order_relaxed);
}

static struct totals count_all_zones(void)
{
    const struct np_stats *stats = np_class_stats();
    struct totals sum = {0, 0};
    for (uint32_t i = 0; i < atomic_load_explicit(&stats->zone_count, memory_order_acquire); i++) {
        const struct np_stats_zone *zone = &stats->zones[i];
        sum.in_use += atomic_load_explicit(&zone->live_bytes, memory_order_relaxed) +
                      atomic_load_explicit(&zone->slab_bytes, memory_order_relaxed);
        sum.retained += atomic_load_explicit(&zone->retained_bytes, memory_order_relaxed);
    }
    return sum;
}

static uint64_t retained_limit(void)
{
    const uint64_t live = count_all_zones().in_use;
    return live / RETAIN_SHARE > RETAIN_LEAST ? live / RETAIN_SHARE : RETAIN_LEAST;
}

bool np_retain_drop(struct np_zone *zone, uint32_t first, uint32_t pages)
{
    /* Of explicit huge pages the kernel drops whole ones only and says nothing of the rest. */
    if (!np_kernel_support()->dontneed_clears || np_bytes(first) < zone->explicit_end)
        return false;
    int error;
    if (zone->hard)
        error = np_uncommit(zone, first, pages);
    else
        error = np_kernel_advise(np_zone_address(zone, first), np_bytes(pages), MADV_DONTNEED);
    if (error)
        return false; /* locked memory: it stays */
    np_runs_mark(&zone->runs, first, pages, NP_PAGE_ABSENT);
    return true;
}

/* Part of a huge page given back frees nothing and splits it, so pages go in units of what the zone may be
 * made of. */
static uint32_t unit_pages(const struct np_zone *zone)
{
    size_t huge = zone->advice == NP_ADVICE_BASE_PAGES ? 0 : np_thp_size();
    return huge ? np_pages(huge) : 1;
}

/* Chooses what of a free run to drop: at most @most pages, from its end, in whole units. Explicit huge
 * pages cannot be dropped: the next touch might find the pool empty. */
static uint32_t choose_part(const struct np_zone *zone, uint32_t run, uint64_t most, uint32_t unit,
                            uint32_t *ret_first)
{
    uint32_t first = run, end = run + zone->runs.entry[run].pages;
    uint32_t explicit_pages = np_pages(zone->explicit_end);
    if (first < explicit_pages)
        first = explicit_pages;
    first = (first + unit - 1) / unit * unit;
    end = end / unit * unit;
    if (first >= end)
        return 0;
    /* From the end until enough held pages are found: the front of a run is what best fit hands out again
     * first. */
    uint32_t start = end;
    uint64_t held = 0;
    for (; start > first && held < most; start--)
        held += zone->runs.content[start - 1] != NP_PAGE_ABSENT;
    if (!held)
        return 0;
    start = start / unit * unit;
    *ret_first = start > first ? start : first;
    return end - *ret_first;
}

/* Drops one part of a free run outside the lock. Return: pages dropped. */
static uint32_t drop_part(struct np_zone *zone, uint32_t run, uint32_t first, uint32_t pages)
{
    uint32_t owner = zone->runs.entry[run].owner, stamp = zone->runs.entry[run].stamp;
    (void)np_runs_take_from(&zone->runs, run, first, pages, NP_RUN_AWAY);
    uint32_t held = zone->runs.entry[first].held;
    (void)np_retain_settle(zone);
    np_zone_unlock(zone);
    bool dropped = np_retain_drop(zone, first, pages);
    np_zone_lock(zone);
    np_runs_give(&zone->runs, first, owner, stamp);
    (void)np_retain_settle(zone);
    return dropped ? held : 0;
}

/* The oldest run that was last used before @before and has something to drop, with that part. */
static uint32_t choose_run(struct np_zone *zone, uint64_t most, uint32_t before, uint32_t unit,
                           uint32_t *ret_first, uint32_t *ret_pages)
{
    uint32_t run = zone->runs.oldest;
    for (unsigned looked_at = 0; run != NP_NO_RUN && looked_at < MOST_LOOKED_AT; looked_at++) {
        if ((int32_t)(zone->runs.entry[run].stamp - before) >= 0)
            return NP_NO_RUN;
        *ret_pages = choose_part(zone, run, most, unit, ret_first);
        if (*ret_pages)
            return run;
        run = zone->runs.entry[run].newer;
    }
    return NP_NO_RUN;
}

/* Drops up to @most pages from the oldest runs that were last used before @before. The zone's lock is
 * held. */
static uint64_t drop_oldest(struct np_zone *zone, uint64_t most, uint32_t before, uint32_t unit)
{
    uint64_t dropped = 0;
    while (dropped < most) {
        uint32_t first, pages;
        uint32_t run = choose_run(zone, most - dropped, before, unit, &first, &pages);
        uint32_t part = run == NP_NO_RUN ? 0 : drop_part(zone, run, first, pages);
        if (!part)
            break;
        dropped += part;
    }
    return dropped;
}

static void balance_zone(struct np_zone *zone, uint32_t now)
{
    uint64_t limit = retained_limit();
    (void)np_parked_clear(zone);
    (void)np_retain_settle(zone);
    for (uint32_t unit = unit_pages(zone);; unit = 1) {
        uint64_t retained = retained_as_told();
        if (retained <= limit)
            break;
        (void)drop_oldest(zone, np_pages_for(retained - limit + limit / RETAIN_SLACK), now + 1, unit);
        if (unit == 1)
            break;
    }
    if (atomic_exchange_explicit(&zone->last_decay, now, memory_order_relaxed) == now)
        return;
    (void)drop_oldest(zone, UINT64_MAX, now - RETAIN_SECONDS, unit_pages(zone));
    uint32_t tail = np_runs_tail(&zone->runs);
    if (tail && (int32_t)(now - zone->runs.entry[zone->runs.end - tail].stamp) > RETAIN_SECONDS) {
        (void)np_zone_close_tail(zone);
        (void)np_retain_settle(zone);
    }
}

/* Is there nothing to do in this zone before the next second? */
static bool balanced(const struct np_zone *zone, uint32_t now)
{
    uint64_t retained = retained_as_told();
    return now == atomic_load_explicit(&zone->last_decay, memory_order_relaxed) &&
           (retained <= RETAIN_LEAST || retained <= retained_limit());
}

static void balance_unlocked(struct np_zone *zone, uint32_t now)
{
    np_zone_lock(zone);
    balance_zone(zone, now);
    np_zone_unlock(zone);
}

void np_retain_balance(struct np_zone *zone, uint32_t now)
{
    if (balanced(zone, now))
        return;
    balance_unlocked(zone, now);
    /* Zones that nobody uses age too: whoever comes by in a new second looks after them. */
    for (unsigned i = 0; i < np_zones_count(); i++) {
        struct np_zone *other = np_zone_at(i);
        if (other != zone && atomic_load_explicit(&other->started, memory_order_acquire) &&
            !balanced(other, now))
            balance_unlocked(other, now);
    }
}

/* The most bytes that were ever in use, with those of now. */
static uint64_t peak_of(uint64_t in_use)
{
    uint64_t most = atomic_load_explicit(&most_in_use, memory_order_relaxed);
    while (in_use > most && !atomic_compare_exchange_weak_explicit(
                                &most_in_use, &most, in_use, memory_order_relaxed, memory_order_relaxed))
        ;
    return in_use > most ? in_use : most;
}

/* Drops up to @most pages of a zone, whole huge pages first. */
static uint64_t make_way_in(struct np_zone *zone, uint64_t most, uint32_t now)
{
    uint32_t unit = unit_pages(zone);
    np_zone_lock(zone);
    (void)np_parked_clear(zone);
    uint64_t dropped = drop_oldest(zone, most, now + 1, unit);
    if (unit > 1 && dropped < most)
        dropped += drop_oldest(zone, most - dropped, now + 1, 1);
    (void)np_retain_settle(zone);
    np_zone_unlock(zone);
    return dropped;
}

/* How many pages are too many of @retained bytes, and some more, so that this is not asked for each block. */
static uint64_t pages_beyond(uint64_t retained, uint64_t limit)
{
    return retained > limit ? np_pages(retained - limit + retained / PEAK_SLACK) : 0;
}

/* In the zones that no thread is at any more, or in all but this one. */
static void make_way_elsewhere(const struct np_zone *zone, bool left, uint64_t pages, uint32_t now)
{
    for (unsigned i = 0; pages && i < np_zones_count(); i++) {
        struct np_zone *other = np_zone_at(i);
        if (other == zone || !atomic_load_explicit(&other->started, memory_order_acquire) ||
            retained_of(other) == 0 || (left && !np_class_zone_is_left(other)))
            continue;
        uint64_t dropped = make_way_in(other, pages, now);
        pages -= dropped < pages ? dropped : pages;
    }
}

static bool is_due(struct np_zone *zone, size_t bytes)
{
    const uint32_t zones = atomic_load_explicit(&np_class_stats()->zone_count, memory_order_relaxed);
    const uint64_t fresh = atomic_fetch_add_explicit(&zone->fresh_bytes, bytes, memory_order_relaxed) + bytes;
    if (fresh < zones * FRESH_FOR_EACH && fresh < FRESH_MOST)
        return false;
    atomic_store_explicit(&zone->fresh_bytes, 0, memory_order_relaxed);
    return true;
}

void np_retain_make_way(struct np_zone *zone, size_t bytes)
{
    if (!is_due(zone, bytes))
        return;
    const struct totals all = count_all_zones();
    /* The nodes of a hard zone may yet refuse these bytes. */
    const uint64_t peak = peak_of(all.in_use - (zone->hard ? bytes : 0)), retained = all.retained;
    const uint64_t least = peak + peak / PEAK_SHARE + PEAK_LEAST - (all.in_use < peak ? all.in_use : peak);
    const uint64_t share = peak / PEAK_BUSY_SHARE, most = np_class_local_zones() * PEAK_BUSY_EACH;
    const uint64_t limit = least + (share < most ? share : most);
    if (retained <= least || retained == atomic_load_explicit(&cannot_be_had, memory_order_relaxed))
        return;
    uint32_t now = np_retain_now();
    if (retained_of(zone) < retained - retained / PEAK_SLACK) { /* else there is next to nothing */
        make_way_elsewhere(zone, true, pages_beyond(retained, least), now);
        make_way_elsewhere(zone, false, pages_beyond(count_all_zones().retained, limit), now);
    }
    uint64_t pages = pages_beyond(count_all_zones().retained, limit + peak / PEAK_OWN_SHARE);
    if (pages && make_way_in(zone, pages, now) == 0)
        atomic_store_explicit(&cannot_be_had, count_all_zones().retained, memory_order_relaxed);
}

bool np_retain_trim_zone(struct np_zone *zone)
{
    np_zone_lock(zone);
    (void)np_parked_clear(zone);
    bool any = drop_oldest(zone, UINT64_MAX, np_retain_now() + 1, 1) > 0;
    any |= np_zone_close_tail(zone) > 0;
    (void)np_retain_settle(zone);
    np_tally_exactly(zone);
    np_zone_unlock(zone);
    return any;
}

bool np_retain_trim(void)
{
    bool any = false;
    for (unsigned i = 0; i < np_zones_count(); i++) {
        struct np_zone *zone = np_zone_at(i);
        if (atomic_load_explicit(&zone->started, memory_order_acquire))
            any |= np_retain_trim_zone(zone);
    }
    return any;
}
