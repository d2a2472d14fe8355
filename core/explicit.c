/* SPDX-License-Identifier: MIT */
#include "explicit.h"

#include "log.h"
#include "space.h"
#include "stripes.h"
#include "verify.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>

#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#endif

static int populate_under(char *start, size_t length, const struct np_mpol *policy)
{
    int error = np_kernel_mbind(start, length, policy);
    return error ? error : np_kernel_populate(start, length);
}

/* The n-th of the nodes, going round. */
static int node_in_turn(const np_nodeset *nodes, uint64_t number)
{
    unsigned skip = (unsigned)(number % np_nodeset_count(nodes));
    int node = np_nodeset_next(nodes, -1);
    while (skip--)
        node = np_nodeset_next(nodes, node);
    return node;
}

/* The kernel would begin each mapping with the first node, so pages are given their nodes one by one. */
static int populate_in_turn(struct np_zone *zone, char *start, size_t offset, size_t length)
{
    for (size_t at = 0; at < length; at += zone->explicit_size) {
        uint64_t number = (offset + at) / zone->explicit_size;
        struct np_mpol one = {.mode = NP_MPOL_BIND};
        np_nodeset_add(&one.nodes, zone->stripes ? np_stripes_node(zone->stripes, number)
                                                 : node_in_turn(&zone->placement->nodes, number));
        int error = populate_under(start + at, zone->explicit_size, &one);
        if (error)
            return error;
    }
    return 0;
}

/* Do the pages take turns among the nodes? Then each is a mapping of its own, for good: mappings of huge pages do not
 * merge. */
static bool goes_in_turn(const struct np_zone *zone)
{
    return zone->stripes || zone->policy.mode == NP_MPOL_INTERLEAVE ||
           zone->policy.mode == NP_MPOL_WEIGHTED_INTERLEAVE;
}

/* Under bind in every mode: a soft policy would take another node's huge pages while the wanted node has ordinary ones. A
 * pool without a page there answers EFAULT; nobody is killed for it. */
static int populate_aside(struct np_zone *zone, char *start, size_t offset, size_t length)
{
    if (zone->hard)
        return populate_under(start, length, &zone->bound);
    if (zone->policy.mode == NP_MPOL_DEFAULT)
        return np_kernel_populate(start, length);
    const struct np_mpol bound = {.mode = NP_MPOL_BIND, .nodes = zone->policy.nodes};
    int error = goes_in_turn(zone) ? populate_in_turn(zone, start, offset, length)
                                   : populate_under(start, length, &bound);
    if (error)
        return error;
    return zone->stripes ? np_stripes_apply(zone->stripes, start - offset, offset, offset + length)
                         : np_kernel_mbind(start, length, &zone->policy);
}

static void note_failure(struct np_zone *zone, int error)
{
    char reason[NP_REASON_SIZE];
    np_stats_error(zone->stats, error);
    np_format(reason, sizeof reason, "explicit huge pages of %zu kB cannot be had: transparent ones instead",
              zone->explicit_size >> 10);
    np_stats_degrade(zone->stats, NP_BEST_EFFORT, reason);
}

/* Moves what was made aside into the zone, mapping by mapping: mremap(2) takes one. On failure the zone's range is ordinary
 * memory again. */
static int move_in(struct np_zone *zone, char *aside, size_t offset, size_t length, size_t piece)
{
    char *target = zone->base + offset;
    for (size_t at = 0; at < length; at += piece) {
        int error = np_kernel_remap(aside + at, piece, target + at, 0);
        if (!error)
            continue;
        (void)np_zone_close_hole(zone, target + at, piece);
        if (at && np_zone_renew(zone, target, at) < 0)
            zone->failed = true;
        (void)np_kernel_unmap(aside + at, length - at); /* what moved out may be somebody else's by now */
        return error;
    }
    return 0;
}

static int bring_in(struct np_zone *zone, size_t offset, size_t length)
{
    int size_flag = __builtin_ctzll(zone->explicit_size) << MAP_HUGE_SHIFT;
    void *aside;
    int error = np_kernel_map(NULL, length, PROT_READ | PROT_WRITE, MAP_HUGETLB | size_flag, &aside);
    if (error)
        return error;
    error = populate_aside(zone, aside, offset, length);
    if (error) {
        (void)np_kernel_unmap(aside, length);
        return error;
    }
    return move_in(zone, aside, offset, length, goes_in_turn(zone) ? zone->explicit_size : length);
}

int np_explicit_open(struct np_zone *zone, size_t offset, size_t length)
{
    if (zone->reserved_end < zone->capacity || length % zone->explicit_size || offset % zone->explicit_size)
        return -EBUSY;
    unsigned mappings = goes_in_turn(zone) ? (unsigned)(length / zone->explicit_size) : 1;
    int error = -ENOMEM;
    if (np_vma_take(mappings)) {
        error = bring_in(zone, offset, length);
        if (error)
            np_vma_give(mappings);
    }
    if (error)
        note_failure(zone, error);
    return error;
}

void np_explicit_warn_fork(const struct np_zone *zone)
{
    if (!zone->explicit_end)
        return;
    char path[96];
    uint64_t free_pages;
    np_format(path, sizeof path, "/sys/kernel/mm/hugepages/hugepages-%zukB/free_hugepages",
              zone->explicit_size >> 10);
    if (np_kernel_read_figure(path, &free_pages) < 0)
        return;
    if (free_pages * zone->explicit_size < zone->explicit_end)
        np_log(NP_LOG_WARN,
               "%s: fork with %zu explicit huge pages and %" PRIu64
               " free ones: a child that reads what its parent "
               "writes meanwhile gets SIGBUS once the pool is empty",
               zone->placement->section, zone->explicit_end / zone->explicit_size, free_pages);
}
