/* SPDX-License-Identifier: MIT */
/* Faulting a region in, and committing a hard one. */
#include "commit.h"
#include "region.h"
#include "workers.h"

#include <errno.h>
#include <sys/sysinfo.h>

static int populate(struct np_region *region, enum np_prefault how)
{
    if (how == NP_PREFAULT_PARALLEL)
        return np_workers_populate(region->data, region->size, region->page_size, region->policy.placement);
    return np_kernel_populate(region->data, region->size);
}

/* ---- Hard ---- */

/* The pools of the nodes have no killer, but SIGBUS, which becomes an error of MADV_POPULATE_WRITE only. */
static int commit_explicit(struct np_region *region, enum np_prefault how)
{
    if (!np_kernel_support()->populate_write)
        return -EOPNOTSUPP;
    const struct np_mpol *bound = &region->policy.plan.bound;
    int error = np_kernel_mbind(region->data, region->size, bound);
    if (!error)
        error = populate(region, how);
    return error ? error : np_commit_check(region->data, region->size, &bound->nodes);
}

static int commit_base(struct np_region *region, enum np_prefault how)
{
    const struct np_plan *plan = &region->policy.plan;
    uint64_t there;
    if (np_commit_obtainable(&plan->bound.nodes, &there) && there < region->size)
        return -ENOMEM;
    /* What of it spills is found and given back below. */
    if (how == NP_PREFAULT_PARALLEL)
        (void)populate(region, how);
    return np_commit_range(region->data, region->size, &plan->policy, &plan->bound);
}

static int commit(struct np_region *region, enum np_prefault how)
{
    const int error = np_region_explicit(region) ? commit_explicit(region, how) : commit_base(region, how);
    region->bound = error == 0;
    /* A page that cannot be made has several names: a full cgroup, an empty pool, broken memory. */
    return error == 0 || error == -EPERM || error == -ENOSYS || error == -EOPNOTSUPP ? error : -ENOMEM;
}

/* ---- Soft, and hard modes other than bind ---- */

/* Pages that are faulted in where no policy holds would stay on nodes that nobody chose. With a single node there is
 * nothing to choose. */
static bool is_anywhere(const struct np_region *region)
{
    np_nodeset allowed;
    return region->policy.unplaced &&
           (np_kernel_mems_allowed(&allowed) < 0 || np_nodeset_count(&allowed) > 1);
}

/* Would faulting in bring the out-of-memory killer? Reading the nodes' figures is worth it for more than this. */
#define SMALL ((size_t)1 << 20)

static bool is_short(size_t size)
{
    struct sysinfo info;
    np_nodeset allowed;
    uint64_t there;
    if (size <= SMALL && sysinfo(&info) == 0 && (uint64_t)info.freeram * info.mem_unit > 64 * SMALL)
        return false;
    return np_kernel_mems_allowed(&allowed) == 0 && np_commit_obtainable(&allowed, &there) && there < size;
}

static void note_unfilled(struct np_region *region, const char *why)
{
    np_region_note(region, NP_NOTE_FILL, "not faulted in: %s", why);
}

int np_region_fill(struct np_region *region, enum np_prefault how)
{
    if (region->policy.plan.committed)
        return commit(region, how);
    if (np_region_explicit(region)) {
        /* They are taken from the pool already, and touched later, an empty one would be SIGBUS. */
        return populate(region, how) ? -ENOMEM : 0;
    }
    if (how == NP_PREFAULT_NONE)
        return 0;
    if (is_anywhere(region)) {
        note_unfilled(region, "pages would end up on any node");
        return 0;
    }
    const int error = is_short(region->size) ? -ENOMEM : populate(region, how);
    if (!error)
        return 0;
    if (region->hardness == NP_HARD)
        return -ENOMEM;
    note_unfilled(region, np_strerror(error));
    return 0;
}
