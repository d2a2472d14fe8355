/* SPDX-License-Identifier: MIT */
#include "plan.h"

/* khugepaged ignores policies, so interleaved pages, and those promised to stay, must not be joined behind our
 * back (measured: 2048 pages on each of four nodes became 8192 on one). */
static enum np_advice advice_of(const struct np_placement *placement, bool committed)
{
    switch (placement->huge) {
    case NP_HUGE_NEVER:
        return NP_ADVICE_BASE_PAGES;
    case NP_HUGE_THP:
    case NP_HUGE_2M:
    case NP_HUGE_1G:
        return NP_ADVICE_HUGE_PAGES;
    case NP_HUGE_DEFAULT:
        break;
    }
    bool spread = placement->mode == NP_INTERLEAVE || placement->mode == NP_WEIGHTED_INTERLEAVE;
    return spread || committed ? NP_ADVICE_BASE_PAGES : NP_ADVICE_NONE;
}

static struct np_mpol local_policy(int node)
{
    struct np_mpol policy = {.mode = node < 0 ? NP_MPOL_LOCAL : NP_MPOL_PREFERRED};
    if (node >= 0)
        (void)np_nodeset_add(&policy.nodes, node);
    return policy;
}

void np_plan_make(const struct np_placement *placement, int node, bool committed, struct np_plan *ret_plan)
{
    const bool several = np_nodeset_count(&placement->nodes) > 1;
    struct np_plan plan = {.policy = {.nodes = placement->nodes}, .committed = committed};
    switch (placement->mode) {
    case NP_SYSTEM:
    case NP_FIRST_TOUCH:
        plan.policy = (struct np_mpol){.mode = NP_MPOL_DEFAULT};
        break;
    case NP_LOCAL:
        plan.policy = local_policy(node);
        break;
    case NP_BIND:
    case NP_PREFERRED:
    case NP_PREFERRED_MANY:
        plan.policy.mode = several ? NP_MPOL_PREFERRED_MANY : NP_MPOL_PREFERRED;
        if (several && !np_kernel_support()->preferred_many) {
            plan.striped = !committed;
            plan.policy = local_policy(np_nodeset_next(&placement->nodes, -1));
        }
        break;
    case NP_INTERLEAVE:
        plan.policy.mode = NP_MPOL_INTERLEAVE;
        break;
    case NP_WEIGHTED_INTERLEAVE:
        plan.policy.mode = NP_MPOL_WEIGHTED_INTERLEAVE;
        plan.striped = !np_policy_kernel_weights_equal(&placement->nodes, placement->weights);
        break;
    }
    plan.bound =
        (struct np_mpol){NP_MPOL_BIND, placement->mode == NP_LOCAL ? plan.policy.nodes : placement->nodes};
    plan.advice = advice_of(placement, committed);
    *ret_plan = plan;
}
