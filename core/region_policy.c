/* SPDX-License-Identifier: MIT */
/* The policy of a region: resolved as a rule of a policy file is, and told to the kernel as a zone's is. */
#include "current.h"
#include "log.h"
#include "region.h"
#include "stripes.h"
#include "zone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* ---- Resolving ---- */

/* Is it a policy at all? */
static int check(const struct np_policy *wanted)
{
    if ((unsigned)wanted->mode > NP_WEIGHTED_INTERLEAVE)
        return -EINVAL;
    return np_mode_has_nodes(wanted->mode) && np_nodeset_next(&wanted->nodes, -1) < 0 ? -EINVAL : 0;
}

/* Of the nodes of a mode that takes one, the first that can be had. */
static int choose_preferred(const np_nodeset *wanted, const np_nodeset *allowed)
{
    np_nodeset usable = *wanted;
    np_nodeset_and(&usable, allowed);
    return np_nodeset_next(np_nodeset_count(&usable) > 0 ? &usable : wanted, -1);
}

static void choose(const struct np_policy *wanted, const np_nodeset *nodes, const np_nodeset *allowed,
                   struct np_node_choice *choice)
{
    choice->nodes = choice->dropped = *nodes;
    np_nodeset_and(&choice->nodes, allowed);
    np_nodeset_andnot(&choice->dropped, allowed);
    for (int id = -1; (id = np_nodeset_next(&choice->nodes, id)) >= 0;)
        choice->weights[id] = wanted->weights[id] != 0 ? wanted->weights[id] : 1;
}

static bool is_weighted(const struct np_policy *wanted)
{
    bool weighted = false;
    for (int id = -1; (id = np_nodeset_next(&wanted->nodes, id)) >= 0;)
        weighted = weighted || wanted->weights[id] != 0;
    return weighted;
}

/* Why hard mode refuses, or 0. */
static int refusal(const struct np_placement *placement, bool committed)
{
    if (np_nodeset_count(&placement->dropped) > 0)
        return -ENODEV;
    const int mbind_error = np_mode_uses_mbind(placement->mode) ? np_kernel_mbind_error() : 0;
    if (mbind_error)
        return mbind_error;
    if (committed && np_kernel_support()->move_pages_error)
        return np_kernel_support()->move_pages_error;
    return placement->reason[0] != '\0' ? -EOPNOTSUPP : 0;
}

/* None of the nodes is left: usable memory anywhere, and the reason names them. */
static void leave_unplaced(enum np_mode mode, const np_nodeset *dropped, const np_topology *topology,
                           struct np_region_policy *policy)
{
    policy->unplaced = true;
    policy->placement->mode = mode;
    policy->placement->dropped = *dropped;
    np_policy_explain_dropped(dropped, topology, policy->placement->reason);
    if (policy->placement->reason[0] == '\0')
        (void)np_format(policy->placement->reason, sizeof policy->placement->reason, "no node can be had");
}

/* Lays the wish open as a rule with its nodes chosen. */
static int place(const struct np_policy *wanted, const np_topology *topology, const np_nodeset *nodes,
                 enum np_hardness hardness, struct np_region_policy *policy)
{
    const struct np_rule rule = {.section = "region",
                                 .max_size = SIZE_MAX,
                                 .mode = wanted->mode,
                                 .nodes = {.present = true, .weighted = is_weighted(wanted)}};
    struct np_node_choice choice = {.note = ""};
    struct np_policy_problem problem;
    if (np_mode_has_nodes(wanted->mode))
        choose(wanted, nodes, np_topology_allowed(topology), &choice);
    else
        choice.nodes = *np_topology_allowed(topology);
    const int error = np_policy_resolve_choice(&rule, &choice, topology, policy->placement, &problem);
    if (error != -ENODEV || hardness == NP_HARD)
        return error;
    leave_unplaced(wanted->mode, &choice.dropped, topology, policy);
    return 0;
}

static int resolve(const struct np_policy *wanted, const np_topology *topology, enum np_hardness hardness,
                   struct np_region_policy *policy)
{
    const bool narrowed = wanted->mode == NP_PREFERRED && np_nodeset_count(&wanted->nodes) > 1;
    np_nodeset nodes = wanted->nodes;
    if (narrowed) {
        if (hardness == NP_HARD)
            return -EINVAL;
        np_nodeset_zero(&nodes);
        (void)np_nodeset_add(&nodes, choose_preferred(&wanted->nodes, np_topology_allowed(topology)));
    }
    const int error = place(wanted, topology, &nodes, hardness, policy);
    if (error)
        return error;
    const bool committed = hardness == NP_HARD && wanted->mode == NP_BIND;
    policy->plan.committed = committed;
    if (hardness == NP_HARD)
        return refusal(policy->placement, committed);
    char *reason = policy->placement->reason;
    if (np_mode_uses_mbind(wanted->mode) && np_kernel_mbind_error())
        policy->unplaced = true;
    if (narrowed && reason[0] == '\0')
        (void)np_format(reason, NP_REASON_SIZE, "preferred takes one node: %d", np_nodeset_next(&nodes, -1));
    return 0;
}

static int resolve_fully(const struct np_policy *wanted, enum np_hardness hardness,
                         struct np_region_policy *ret_policy)
{
    struct np_current *current = NULL;
    int error = check(wanted);
    if (!error && (ret_policy->placement = calloc(1, sizeof *ret_policy->placement)) == NULL)
        error = -ENOMEM;
    if (!error && np_mode_uses_mbind(wanted->mode))
        error = np_current_take(&current);
    if (!error)
        error = resolve(wanted, current != NULL ? current->topology : NULL, hardness, ret_policy);
    np_current_give(current);
    return error;
}

/* What all regions of one node share; made once for each, constant from then on. */
struct shared {
    struct np_placement placement;
    struct np_plan plan; /* in pages of the default kind */
};

static struct shared *share(enum np_mode mode, int node)
{
    static struct shared *_Atomic made[2][NP_MAX_NODES];
    struct shared *_Atomic *place = &made[mode == NP_BIND][node];
    struct shared *shared = atomic_load_explicit(place, memory_order_acquire);
    if (shared != NULL)
        return shared;
    struct shared *fresh = calloc(1, sizeof *fresh);
    if (fresh == NULL)
        return NULL;
    fresh->placement.mode = mode;
    (void)np_nodeset_add(&fresh->placement.nodes, node);
    np_plan_make(&fresh->placement, -1, false, &fresh->plan);
    if (atomic_compare_exchange_strong_explicit(place, &shared, fresh, memory_order_acq_rel,
                                                memory_order_acquire))
        return fresh;
    free(fresh);
    return shared;
}

/* The commonest wish, one node that was there last time, costs nothing to grant: if a cpuset has taken it away
 * meanwhile, mbind(2) refuses it, as it does not refuse a part of several nodes. */
static bool assume(const struct np_policy *wanted, struct np_region_policy *ret_policy)
{
    const int node = np_nodeset_next(&wanted->nodes, -1);
    if ((wanted->mode != NP_BIND && wanted->mode != NP_PREFERRED) || !np_current_allows(node) ||
        np_kernel_mbind_error())
        return false;
    struct shared *shared = share(wanted->mode, node);
    if (shared == NULL || memcmp(&wanted->nodes, &shared->placement.nodes, sizeof wanted->nodes) != 0)
        return false;
    ret_policy->placement = &shared->placement;
    ret_policy->plan = shared->plan;
    ret_policy->assumed = true;
    return true;
}

void np_region_forget(struct np_region_policy *policy)
{
    if (!policy->assumed)
        free(policy->placement);
    policy->placement = NULL;
}

int np_region_resolve(const struct np_policy *wanted, enum np_hardness hardness,
                      struct np_region_policy *ret_policy)
{
    if (hardness == NP_SOFT && assume(wanted, ret_policy))
        return 0;
    return resolve_fully(wanted, hardness, ret_policy);
}

/* The assumption was wrong. */
static int resolve_again(struct np_region_policy *policy)
{
    const struct np_policy wanted = {.mode = policy->placement->mode, .nodes = policy->placement->nodes};
    memset(policy, 0, sizeof *policy);
    return resolve_fully(&wanted, NP_SOFT, policy);
}

/* ---- Telling the kernel ---- */

struct np_stripes *np_region_stripes(const struct np_region *region, const struct np_region_policy *policy)
{
    const struct np_placement *placement = policy->placement;
    const uint8_t *weights = placement->mode == NP_WEIGHTED_INTERLEAVE ? placement->weights : NULL;
    return np_stripes_new(&placement->nodes, weights, region->page_size, region->size);
}

static int apply_stripes(struct np_region *region, struct np_region_policy *policy)
{
    struct np_stripes *stripes = np_region_stripes(region, policy);
    if (stripes == NULL)
        return -ENOMEM;
    const unsigned count = np_stripes_count(stripes, 0, region->size);
    int error = np_vma_take(count) ? 0 : -ENOMEM;
    if (!error) {
        policy->vmas = count;
        error = np_stripes_apply(stripes, region->data, 0, region->size);
    }
    np_stripes_free(stripes);
    return error;
}

/* Without room for so many mappings: as near as one policy comes. */
static void unstripe(struct np_region_policy *policy)
{
    np_vma_give(policy->vmas);
    policy->vmas = 0;
    policy->plan.striped = false;
    if (policy->placement->mode == NP_WEIGHTED_INTERLEAVE)
        policy->plan.policy.mode = NP_MPOL_INTERLEAVE;
    if (policy->placement->reason[0] == '\0')
        (void)np_format(policy->placement->reason, sizeof policy->placement->reason,
                        "too many mappings for its stripes: %s instead",
                        policy->placement->mode == NP_WEIGHTED_INTERLEAVE ? "interleaved"
                                                                          : "on one of the nodes");
}

/* A kernel without transparent huge pages answers EINVAL to advice about them, which is as good as following it. */
static void advise(const struct np_region *region, enum np_advice advice)
{
    if (np_region_explicit(region) || advice == NP_ADVICE_NONE)
        return;
    (void)np_kernel_advise(region->data, region->size,
                           advice == NP_ADVICE_BASE_PAGES ? MADV_NOHUGEPAGE : MADV_HUGEPAGE);
}

static int tell(struct np_region *region, struct np_region_policy *policy, bool fresh)
{
    if (policy->plan.striped) {
        const int error = apply_stripes(region, policy);
        if (error != -ENOMEM || region->hardness == NP_HARD)
            return error;
        unstripe(policy);
        fresh = false;
    }
    if (fresh && policy->plan.policy.mode == NP_MPOL_DEFAULT)
        return 0;
    int (*const bind)(void *, size_t, const struct np_mpol *) =
        fresh && region->open ? np_kernel_mbind_empty : np_kernel_mbind;
    return bind(region->data, region->size, &policy->plan.policy);
}

/* What to tell depends on the kind of pages obtained. */
static void plan(const struct np_region *region, struct np_region_policy *policy)
{
    struct np_placement placement = *policy->placement;
    placement.huge = region->huge;
    np_plan_make(&placement, -1, policy->plan.committed, &policy->plan);
}

int np_region_apply(struct np_region *region, struct np_region_policy *policy, bool fresh)
{
    static const struct np_mpol none = {.mode = NP_MPOL_DEFAULT};
    if (policy->unplaced) {
        if (!fresh)
            (void)np_kernel_mbind(region->data, region->size,
                                  &none); /* the kernel refuses: then it has none */
        return 0;
    }
    if (!policy->assumed || region->huge != NP_HUGE_DEFAULT)
        plan(region, policy);
    advise(region, policy->plan.advice);
    const int error = tell(region, policy, fresh);
    if (!error || region->hardness == NP_HARD || (error == -EIO && fresh && region->open))
        return error;
    if (policy->assumed) {
        const int failed = resolve_again(policy);
        return failed ? failed : np_region_apply(region, policy, fresh);
    }
    policy->unplaced = true;
    (void)np_format(policy->placement->reason, sizeof policy->placement->reason, "mbind failed: %s",
                    np_strerror(error));
    return 0;
}
