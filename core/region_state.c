/* SPDX-License-Identifier: MIT */
/* How far a region's policy holds: enforcement, its reason, and the verification by the kernel. */
#include "region.h"

#include "log.h"
#include "verify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- Notes ---- */

void np_region_note(struct np_region *region, enum np_note note, const char *format, ...)
{
    va_list arguments;
    if (region->notes == NULL)
        region->notes = calloc(1, sizeof *region->notes);
    if (region->notes == NULL)
        return;
    va_start(arguments, format);
    (void)np_format_list(region->notes->text[note], NP_NOTE_SIZE, format, arguments);
    va_end(arguments);
}

void np_region_unnote(struct np_region *region, enum np_note note)
{
    if (region->notes != NULL)
        region->notes->text[note][0] = '\0';
}

static void append(struct np_region_notes *notes, const char *text)
{
    const size_t used = strlen(notes->reason);
    if (text[0] != '\0')
        (void)np_format(notes->reason + used, sizeof notes->reason - used, "%s%s", used > 0 ? "; " : "",
                        text);
}

/* All that there is to say beside @outcome. */
static const char *explain(struct np_region *region, const char *outcome)
{
    const char *resolved = region->policy.placement->reason;
    if (region->notes == NULL && resolved[0] == '\0')
        return outcome;
    if (region->notes == NULL)
        region->notes = calloc(1, sizeof *region->notes);
    if (region->notes == NULL)
        return resolved;
    struct np_region_notes *notes = region->notes;
    notes->reason[0] = '\0';
    append(notes, resolved);
    for (int note = NP_NOTE_PAGES; note <= NP_NOTE_MOVE; note++)
        append(notes, notes->text[note]);
    append(notes, outcome);
    if (region->enforcement == NP_BEST_EFFORT)
        append(notes, notes->text[NP_NOTE_CHECK]);
    return notes->reason;
}

void np_region_judge(struct np_region *region)
{
    const struct np_region_policy *policy = &region->policy;
    if (policy->plan.committed && region->bound && region->elsewhere == 0) {
        region->enforcement = NP_STRICT;
        region->reason = "";
        return;
    }
    const bool system = policy->placement->mode == NP_SYSTEM;
    region->enforcement = policy->unplaced || system ? NP_NONE : NP_BEST_EFFORT;
    region->reason = explain(region, policy->unplaced ? ""
                                     : system         ? "no policy was asked for"
                                                      : "the kernel may spill");
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
        np_region_note(region, NP_NOTE_CHECK, "at %s UTC %zu of %zu pages were elsewhere", clock,
                       region->elsewhere, present);
    else
        np_region_note(region, NP_NOTE_CHECK, "at %s UTC each of %zu pages was where it belongs", clock,
                       present);
}

/* Modes that name no nodes may have their pages on any. */
static size_t count_elsewhere(const struct np_region *region, const struct np_page_count *counts)
{
    const struct np_placement *placement = region->policy.placement;
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
