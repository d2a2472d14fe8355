/* SPDX-License-Identifier: MIT */
/* Giving a region another policy, and its pages new places. */
#include "commit.h"
#include "region.h"
#include "verify.h"
#include "zone.h"

#include <errno.h>
#include <stdlib.h>

/* Is there room on the nodes of a hard bind for what is not there yet? Asked before anything is changed. */
static int check_room(const struct np_region *region, const np_nodeset *nodes)
{
    struct np_page_count counts = {0};
    uint64_t there;
    const int error = np_verify_range(region->data, region->size, &counts);
    if (error)
        return error;
    uint64_t missing = counts.present + counts.absent;
    for (int id = -1; (id = np_nodeset_next(nodes, id)) >= 0;)
        missing -= counts.on_node[id];
    if (np_region_explicit(region) || !np_commit_obtainable(nodes, &there))
        return 0; /* the pools answer for themselves */
    return there < missing * np_kernel_page_size() ? -ENOMEM : 0;
}

/* Every page is there, or nothing is: under the preferred policy first, so that nothing meets the out-of-memory killer. */
static int hold(struct np_region *region, const struct np_region_policy *policy)
{
    atomic_store(&region->shared, false);
    int error = np_kernel_populate(region->data, region->size);
    if (!error)
        error = np_commit_check(region->data, region->size, &policy->placement->nodes);
    if (!error)
        error = np_kernel_mbind(region->data, region->size, &policy->plan.bound);
    if (!error && atomic_load(&region->shared)) /* by a fork, meanwhile */
        error = np_kernel_mbind(region->data, region->size, &policy->plan.policy);
    return error;
}

static int change_hard(struct np_region *region, const struct np_region_policy *policy)
{
    size_t left, present;
    const int error = np_region_place(region, policy, &left, &present);
    if (error || !policy->plan.committed)
        return error;
    return left > 0 ? -EBUSY : hold(region, policy);
}

static void change_soft(struct np_region *region, const struct np_region_policy *policy)
{
    size_t left, present;
    const int error = np_region_place(region, policy, &left, &present);
    if (error)
        np_region_note(region, NP_NOTE_MOVE, "pages stay where they were: %s", np_strerror(error));
    else if (left > 0)
        np_region_note(region, NP_NOTE_MOVE, "%zu of %zu pages could not be moved and stay where they were",
                       left, present);
}

static int change(struct np_region *region, struct np_region_policy *policy)
{
    int error = np_region_apply(region, policy, false);
    if (error || policy->unplaced || policy->placement->mode == NP_SYSTEM)
        return error;
    if (region->hardness == NP_HARD)
        return change_hard(region, policy);
    change_soft(region, policy);
    return 0;
}

/* As much as can be had again: pages that found no way back are found by the next verification. */
static void change_back(struct np_region *region)
{
    struct np_region_policy *policy = &region->policy;
    struct np_page_count counts = {0};
    size_t left, present;
    np_vma_give(policy->vmas);
    policy->vmas = 0;
    region->bound = false;
    if (np_region_apply(region, policy, false) < 0)
        return;
    if (policy->placement->mode != NP_SYSTEM)
        (void)np_region_place(region, policy, &left, &present);
    if (policy->plan.committed)
        region->bound = hold(region, policy) == 0;
    if (np_verify_range(region->data, region->size, &counts) == 0)
        np_region_note_counts(region, &counts);
    np_region_judge(region);
}

int np_region_move(np_region *region, const np_policy *wanted)
{
    if (region == NULL || wanted == NULL)
        return -EINVAL;
    struct np_region_policy *policy = calloc(1, sizeof *policy);
    if (policy == NULL)
        return -ENOMEM;
    int error = np_region_resolve(wanted, region->hardness, policy);
    if (!error && policy->plan.committed)
        error = check_room(region, &policy->placement->nodes);
    if (!error) {
        np_region_unnote(region, NP_NOTE_MOVE);
        error = change(region, policy);
        if (error) {
            np_vma_give(policy->vmas);
            change_back(region);
        }
    }
    if (!error) {
        struct np_region_policy old = region->policy;
        np_vma_give(old.vmas);
        np_region_exchange(region, policy);
        np_region_forget(&old);
        region->bound = policy->plan.committed;
        region->elsewhere = 0;
        np_region_unnote(region, NP_NOTE_FILL);
        np_region_unnote(region, NP_NOTE_CHECK);
        np_region_judge(region);
    }
    if (error)
        np_region_forget(policy);
    free(policy);
    return error;
}
