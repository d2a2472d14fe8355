/* SPDX-License-Identifier: MIT */
#include "census.h"

#include "live.h"
#include "smaps.h"

#include <string.h>

/* Is a page on this node misplaced (or spilled) for the rule? @home is the zone's own node, or -1. */
static bool is_elsewhere(const struct np_stats_rule *rule, int home, int node)
{
    switch ((enum np_mode)rule->mode) {
    case NP_LOCAL:
        return home >= 0 && node != home;
    case NP_BIND:
    case NP_PREFERRED:
    case NP_PREFERRED_MANY:
    case NP_INTERLEAVE:
    case NP_WEIGHTED_INTERLEAVE:
        return !np_nodeset_has(&rule->nodes, node);
    case NP_SYSTEM:
    case NP_FIRST_TOUCH:
        break;
    }
    return false;
}

struct walk {
    pid_t pid;
    const struct np_stats *stats;
    struct np_page_count *pages;
    struct np_census *census; /* of each rule */
};

/* The stats of another process may say anything. */
static struct np_census *census_of(const struct walk *walk, uint32_t index)
{
    return index < walk->stats->rule_count ? &walk->census[index] : NULL;
}

/* Adds the pages of one range. @home: the one node of a zone, or -1. */
static void count_range(const struct walk *walk, uint32_t index, int home, uintptr_t start, size_t length)
{
    struct np_census *census = census_of(walk, index);
    struct np_page_count *pages = walk->pages;
    if (!census)
        return;
    memset(pages, 0, sizeof *pages);
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): of a process that may be another one */
    int result = np_verify_range_of(walk->pid, (const void *)start, length, pages);
    if (result < 0) {
        census->error = result;
        return;
    }
    for (int node = 0; node < NP_MAX_NODES; node++) {
        census->on_node[node] += pages->on_node[node];
        if (is_elsewhere(&walk->stats->rules[index], home, node))
            census->elsewhere += pages->on_node[node];
    }
}

/* A range that a rule holds, within a mapping: at most that much of the mapping's huge pages is its own, as mappings merge
 * with their neighbours. */
static void add_huge(const struct walk *walk, uint32_t index, const struct np_smaps_entry *entry,
                     uintptr_t start, uintptr_t end)
{
    struct np_census *census = census_of(walk, index);
    start = start > entry->start ? start : entry->start;
    end = end < entry->end ? end : entry->end;
    if (census && start < end)
        census->huge_bytes += entry->huge < end - start ? entry->huge : end - start;
}

/* ---- Zones ---- */

static size_t open_bytes(const struct np_stats_zone *zone)
{
    return atomic_load_explicit(&zone->open, memory_order_relaxed);
}

static void count_zones(const struct walk *walk, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct np_stats_zone *zone = &walk->stats->zones[i];
        count_range(walk, zone->rule, zone->node, zone->start, open_bytes(zone));
    }
}

static void add_zones_huge(const struct walk *walk, const struct np_smaps_entry *entry)
{
    const uint32_t count = atomic_load_explicit(&walk->stats->zone_count, memory_order_acquire);
    for (uint32_t i = 0; i < count && entry->huge > 0; i++) {
        const struct np_stats_zone *zone = &walk->stats->zones[i];
        add_huge(walk, zone->rule, entry, zone->start, zone->start + open_bytes(zone));
    }
}

/* ---- Mappings: what has no page at all is passed over, as reservations may be larger than any memory ---- */

static void count_pieces(const struct walk *walk, const struct np_smaps_entry *entry)
{
    struct np_live_piece piece = {.end = entry->start};
    while (np_live_at(walk->stats, piece.end, &piece) && piece.start < entry->end) {
        const uintptr_t start = piece.start > entry->start ? piece.start : entry->start;
        const uintptr_t end = piece.end < entry->end ? piece.end : entry->end;
        count_range(walk, piece.rule, -1, start, end - start);
        add_huge(walk, piece.rule, entry, start, end);
    }
}

static void count_entry(void *context, const struct np_smaps_entry *entry)
{
    if (entry->resident == 0)
        return;
    add_zones_huge(context, entry);
    count_pieces(context, entry);
}

void np_census_take(pid_t pid, const struct np_stats *stats, struct np_page_count *pages,
                    struct np_census *ret_census)
{
    struct walk walk = {.pid = pid, .stats = stats, .pages = pages, .census = ret_census};
    const uint32_t zones = atomic_load_explicit(&stats->zone_count, memory_order_acquire);
    bool needed = zones > 0;
    memset(ret_census, 0, stats->rule_count * sizeof *ret_census);
    count_zones(&walk, zones);
    for (uint32_t i = 0; i < stats->rule_count; i++)
        needed = needed || stats->rules[i].maps;
    int result = needed ? np_smaps_read(pid, count_entry, &walk) : 0;
    for (uint32_t i = 0; i < stats->rule_count && result < 0; i++)
        if (stats->rules[i].maps)
            ret_census[i].error = result;
}
