/* SPDX-License-Identifier: MIT */
/* plan - how the kernel is told a placement: which of its policies stands for it, and what is advised about huge
 * pages. Context: hook-safe, except that weighted interleave reads /sys. */
#ifndef NP_CORE_PLAN_H
#define NP_CORE_PLAN_H

#include "policy.h"

enum np_advice { NP_ADVICE_NONE = 0, NP_ADVICE_BASE_PAGES, NP_ADVICE_HUGE_PAGES };

struct np_plan {
    struct np_mpol policy; /* of pages that are not committed */
    struct np_mpol bound;  /* of committed pages */
    bool striped;   /* the kernel has no policy for it: stripes that prefer the nodes one after another */
    bool committed; /* hard: pages are only handed out once they lie where they should */
    enum np_advice advice;
};

/** np_plan_make() - @node: the one node that a `local` zone is for; -1: local is where a page is touched.
 * @committed: hard, and of a mode that can be held. */
void np_plan_make(const struct np_placement *placement, int node, bool committed, struct np_plan *ret_plan);

#endif
