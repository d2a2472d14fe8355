/* SPDX-License-Identifier: MIT */
/* Moving present pages to where a policy would put them now. mbind(2) with MPOL_MF_MOVE leaves pages alone that the new
 * nodes allow, so that a region bound to one node would never be interleaved: each page is named to move_pages(2), which
 * drains every CPU's lists at each call and is therefore called for many pages of one target at once. */
#include "current.h"
#include "region.h"
#include "stripes.h"
#include "thp.h"

#include <errno.h>
#include <sys/mman.h>

#ifndef MADV_COLD
#define MADV_COLD 20
#endif

#define BATCH       32768 /* pages; 1 MiB of tables */
#define MOST_TRIES  8     /* for pages that are in use for a moment */
#define CYCLE_LIMIT ((size_t)NP_MAX_NODES * 255)

struct tables {
    void *pages[BATCH], *listed[BATCH];
    int at[BATCH], target[BATCH], status[BATCH], nodes[BATCH];
    uint16_t cycle[CYCLE_LIMIT];
};

struct placing {
    const struct np_region *region;
    const struct np_region_policy *policy;
    struct tables *tables;
    size_t count;                 /* present pages of the batch */
    struct np_stripes *stripes;   /* or: */
    size_t cycle_length;          /* nodes take turns in tables->cycle; or, 0: */
    int candidates[NP_MAX_NODES]; /* the nearest node first, */
    unsigned candidate_count;
    np_nodeset fine; /* and pages may be on any of these */
    size_t left, present;
};

/* ---- Where a page belongs ---- */

static bool is_spread(enum np_mode mode)
{
    return mode == NP_INTERLEAVE || mode == NP_WEIGHTED_INTERLEAVE;
}

/* As the kernel takes turns: each node as often in a row as it has weight. */
static void fill_cycle(struct placing *placing)
{
    const struct np_placement *placement = placing->policy->placement;
    for (int id = -1; (id = np_nodeset_next(&placement->nodes, id)) >= 0;) {
        const unsigned weight = placement->mode == NP_WEIGHTED_INTERLEAVE ? placement->weights[id] : 1;
        for (unsigned i = 0; i < weight; i++)
            placing->tables->cycle[placing->cycle_length++] = (uint16_t)id;
    }
}

/* The nodes of the policy by distance from the caller, or, where it has none, the caller's own. */
static int find_candidates(struct placing *placing)
{
    struct np_current *current;
    const bool has_nodes = np_mode_has_nodes(placing->policy->placement->mode);
    const int here = np_kernel_cpu_node(NULL);
    if (here < 0)
        return here;
    const int error = np_current_take(&current);
    if (error)
        return error;
    np_nodeset rest = has_nodes ? placing->policy->placement->nodes : *np_topology_allowed(current->topology);
    placing->fine = rest;
    for (int node; (node = np_topology_nearest(current->topology, here, &rest)) >= 0;) {
        placing->candidates[placing->candidate_count++] = node;
        np_nodeset_remove(&rest, node);
        if (!has_nodes) {
            placing->fine = (np_nodeset){0};
            (void)np_nodeset_add(&placing->fine, node);
            break;
        }
    }
    np_current_give(current);
    return 0;
}

/* The kernel counts turns by the address, of explicit pages by the offset (policy_nodemask and interleave_nid in
 * mm/mempolicy.c); so do we, and pages that are touched later fit in. */
static int target_of(const struct placing *placing, const char *page)
{
    const struct np_region *region = placing->region;
    const size_t offset = (size_t)(page - region->data);
    if (placing->stripes != NULL) {
        uint64_t start, end;
        return np_stripes_node(placing->stripes, np_stripes_at(placing->stripes, offset, &start, &end));
    }
    if (placing->cycle_length > 0) {
        const size_t position = np_region_explicit(region) ? offset : (uintptr_t)page;
        return placing->tables->cycle[position / region->page_size % placing->cycle_length];
    }
    return placing->candidates[0];
}

/* Is a page well placed? Not only its target will do, where the policy has no turns. */
static bool is_fine(const struct placing *placing, size_t index)
{
    const struct tables *tables = placing->tables;
    return tables->at[index] == tables->target[index] ||
           (placing->candidate_count > 0 && tables->at[index] >= 0 &&
            np_nodeset_has(&placing->fine, tables->at[index]));
}

/* ---- Moving ---- */

/* Looks up to BATCH pages from @page on. Return: where to go on; *ret_error. */
static char *look(struct placing *placing, char *page, int *ret_error)
{
    const struct np_region *region = placing->region;
    struct tables *tables = placing->tables;
    const size_t step = np_region_explicit(region) ? region->page_size : np_kernel_page_size();
    size_t asked = 0;
    placing->count = 0;
    for (; asked < BATCH && page < region->data + region->size; page += step)
        tables->listed[asked++] = page;
    *ret_error = np_kernel_page_nodes(0, asked, tables->listed, tables->status);
    for (size_t i = 0; *ret_error == 0 && i < asked; i++) {
        if (tables->status[i] < 0)
            continue;
        tables->pages[placing->count] = tables->listed[i];
        tables->at[placing->count] = tables->status[i];
        tables->target[placing->count++] = target_of(placing, tables->listed[i]);
    }
    return page;
}

/* Those of the batch whose target is @node and that are elsewhere. */
static size_t list(struct placing *placing, int node)
{
    struct tables *tables = placing->tables;
    size_t listed = 0;
    for (size_t i = 0; i < placing->count; i++)
        if (tables->target[i] == node && tables->at[i] != node) {
            tables->nodes[listed] = node;
            tables->listed[listed++] = tables->pages[i];
        }
    return listed;
}

static void note_moved(struct placing *placing, int node)
{
    struct tables *tables = placing->tables;
    size_t listed = 0;
    for (size_t i = 0; i < placing->count; i++)
        if (tables->target[i] == node && tables->at[i] != node)
            tables->at[i] = tables->status[listed++];
}

/* The kernel stops at what it cannot move, and tells of the rest nothing: the pages are asked for, and again while there is
 * progress. */
static int move_to(struct placing *placing, int node)
{
    struct tables *tables = placing->tables;
    size_t before = SIZE_MAX, listed = list(placing, node);
    for (unsigned tries = 0; listed > 0 && listed < before && tries < MOST_TRIES; tries++) {
        before = listed;
        int error = np_kernel_move_pages(listed, tables->listed, tables->nodes, tables->status);
        if (error == -EPERM || error == -ENOSYS || error == -EINVAL)
            return error;
        error = np_kernel_page_nodes(0, listed, tables->listed, tables->status);
        if (error)
            return error;
        note_moved(placing, node);
        listed = list(placing, node);
    }
    return 0;
}

static int move_batch(struct placing *placing)
{
    struct tables *tables = placing->tables;
    const np_nodeset targets =
        placing->candidate_count > 0 ? placing->fine : placing->policy->placement->nodes;
    int error = 0;
    if (placing->candidate_count == 0) {
        for (int node = -1; !error && (node = np_nodeset_next(&targets, node)) >= 0;)
            error = move_to(placing, node);
    }
    for (unsigned i = 0; !error && i < placing->candidate_count; i++) {
        for (size_t page = 0; page < placing->count; page++)
            if (i == 0 || !is_fine(placing, page))
                tables->target[page] = placing->candidates[i];
        error = move_to(placing, placing->candidates[i]);
    }
    for (size_t i = 0; i < placing->count; i++)
        placing->left += !is_fine(placing, i);
    placing->present += placing->count;
    return error;
}

/* A huge page goes as one. Where base pages shall take turns those that are there are split first: advice about a part of
 * one does that (Linux 5.4). Where it does not, what cannot be spread goes whole. */
static void split_huge_pages(const struct np_region *region)
{
    const size_t huge = np_thp_size(), base = np_kernel_page_size();
    if (huge == 0)
        return;
    char *end = region->data + region->size;
    char *page = region->data + (-(uintptr_t)region->data & (huge - 1));
    for (; page < end && (size_t)(end - page) >= huge; page += huge)
        (void)np_kernel_advise(page, base, MADV_COLD);
}

static int place_all(struct placing *placing)
{
    const struct np_region *region = placing->region;
    char *page = region->data;
    int error = 0;
    while (!error && page < region->data + region->size) {
        page = look(placing, page, &error);
        if (!error)
            error = move_batch(placing);
    }
    return error;
}

int np_region_place(const struct np_region *region, const struct np_region_policy *policy, size_t *ret_left,
                    size_t *ret_present)
{
    struct placing placing = {.region = region, .policy = policy};
    void *memory;
    if (np_kernel_map(NULL, sizeof(struct tables), PROT_READ | PROT_WRITE, 0, &memory) < 0)
        return -ENOMEM;
    placing.tables = memory;
    int error = 0;
    if (policy->plan.striped)
        error = (placing.stripes = np_region_stripes(region, policy)) != NULL ? 0 : -ENOMEM;
    else if (is_spread(policy->placement->mode))
        fill_cycle(&placing);
    else
        error = find_candidates(&placing);
    if (!error) {
        if (policy->plan.advice == NP_ADVICE_BASE_PAGES && !np_region_explicit(region))
            split_huge_pages(region);
        error = place_all(&placing);
    }
    np_stripes_free(placing.stripes);
    (void)np_kernel_unmap(memory, sizeof(struct tables));
    if (error)
        return error;
    *ret_left = placing.left;
    *ret_present = placing.present;
    return 0;
}
