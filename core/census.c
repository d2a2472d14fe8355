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

/* Adds the pages of one range. @home: the one node of a zone, or -1. Return: how many are present. */
static uint64_t count_range(pid_t pid, const struct np_stats_rule *rule, int home, const void *start,
                            size_t length, struct np_census *census)
{
    struct np_page_count *pages = &census->pages;
    memset(pages, 0, sizeof *pages);
    int result = np_verify_range_of(pid, start, length, pages);
    if (result < 0) {
        census->error = result;
        return 0;
    }
    for (int node = 0; node < NP_MAX_NODES; node++) {
        census->on_node[node] += pages->on_node[node];
        if (is_elsewhere(rule, home, node))
            census->elsewhere += pages->on_node[node];
    }
    return pages->present;
}

static void count_zone(pid_t pid, const struct np_stats_rule *rule, const struct np_stats_zone *zone,
                       struct np_census *census)
{
    const void *start = (const void *)(uintptr_t)zone->start;
    const size_t length = atomic_load_explicit(&zone->open, memory_order_relaxed);
    uint64_t huge = 0;
    if (count_range(pid, rule, zone->node, start, length, census) > 0 &&
        np_verify_huge_bytes_of(pid, start, length, &huge) == 0)
        census->huge_bytes += huge;
}

/* ---- Mappings: what has no page at all is passed over, as reservations may be larger than any memory ---- */

struct walk {
    pid_t pid;
    const struct np_stats *stats;
    uint32_t index;
    struct np_census *census;
};

static void count_pieces(void *context, const struct np_smaps_entry *entry)
{
    const struct walk *walk = context;
    struct np_live_piece piece = {.end = entry->start};
    if (entry->resident == 0)
        return;
    while (np_live_at(walk->stats, piece.end, &piece) && piece.start < entry->end) {
        const uintptr_t start = piece.start > entry->start ? piece.start : entry->start;
        const uintptr_t end = piece.end < entry->end ? piece.end : entry->end;
        if (piece.rule != walk->index)
            continue;
        (void)count_range(walk->pid, &walk->stats->rules[walk->index], -1, (const void *)start, end - start,
                          walk->census);
        walk->census->huge_bytes += entry->huge < end - start ? entry->huge : end - start;
    }
}

void np_census_take(pid_t pid, const struct np_stats *stats, unsigned index, struct np_census *ret_census)
{
    memset(ret_census, 0, sizeof *ret_census);
    const uint32_t zones = atomic_load_explicit(&stats->zone_count, memory_order_acquire);
    for (uint32_t i = 0; i < zones; i++) {
        if (stats->zones[i].rule == index)
            count_zone(pid, &stats->rules[index], &stats->zones[i], ret_census);
    }
    if (!stats->rules[index].maps)
        return;
    struct walk walk = {.pid = pid, .stats = stats, .index = index, .census = ret_census};
    int result = np_smaps_read(pid, count_pieces, &walk);
    if (result < 0)
        ret_census->error = result;
}
