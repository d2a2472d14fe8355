/* SPDX-License-Identifier: MIT */
/* How far a region's policy holds: enforcement, its reason, and the verification by the kernel. */
#include "region.h"

#include "log.h"
#include "verify.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static void append(struct np_region *region, const char *text)
{
    const size_t used = strlen(region->reason);
    if (text[0] != '\0')
        (void)np_format(region->reason + used, sizeof region->reason - used, "%s%s", used > 0 ? "; " : "",
                        text);
}

void np_region_judge(struct np_region *region)
{
    const struct np_region_policy *policy = &region->policy;
    region->reason[0] = '\0';
    if (policy->plan.committed && region->bound && region->elsewhere == 0) {
        region->enforcement = NP_STRICT;
        return;
    }
    append(region, policy->placement.reason);
    append(region, region->page_note);
    append(region, region->fill_note);
    append(region, region->move_note);
    if (policy->unplaced || policy->placement.mode == NP_SYSTEM) {
        region->enforcement = NP_NONE;
        if (!policy->unplaced)
            append(region, "no policy was asked for");
        return;
    }
    region->enforcement = NP_BEST_EFFORT;
    append(region, "the kernel may spill");
    append(region, region->check_note);
}

/* ---- Verification ---- */

static void note_check(struct np_region *region, size_t present)
{
    char clock[16] = "";
    const time_t now = time(NULL);
    struct tm parts;
    if (gmtime_r(&now, &parts) == NULL || strftime(clock, sizeof clock, "%H:%M:%S", &parts) == 0)
        clock[0] = '\0';
    if (region->elsewhere > 0)
        (void)np_format(region->check_note, sizeof region->check_note,
                        "at %s UTC %zu of %zu pages were elsewhere", clock, region->elsewhere, present);
    else
        (void)np_format(region->check_note, sizeof region->check_note,
                        "at %s UTC each of %zu pages was where it belongs", clock, present);
}

/* Modes that name no nodes may have their pages on any. */
static size_t count_elsewhere(const struct np_region *region, const struct np_page_count *counts)
{
    const struct np_placement *placement = &region->policy.placement;
    size_t there = 0;
    if (region->policy.unplaced || !np_mode_has_nodes(placement->mode))
        return 0;
    for (int id = -1; (id = np_nodeset_next(&placement->nodes, id)) >= 0;)
        there += counts->on_node[id];
    return counts->present - there;
}

void np_region_note_counts(struct np_region *region, const struct np_page_count *counts)
{
    region->elsewhere = count_elsewhere(region, counts);
    note_check(region, counts->present);
}

ptrdiff_t np_region_verify(np_region *region, size_t *pages, size_t count)
{
    struct np_page_count counts = {0};
    if (region == NULL || (pages == NULL && count > 0))
        return -EINVAL;
    const int error = np_verify_range(region->data, region->size, &counts);
    if (error)
        return error;
    for (size_t id = 0; id < count; id++)
        pages[id] = id < NP_MAX_NODES ? counts.on_node[id] : 0;
    np_region_note_counts(region, &counts);
    np_region_judge(region);
    return (ptrdiff_t)counts.present;
}
