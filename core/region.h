/* SPDX-License-Identifier: MIT */
/* region - what the parts of np_region share. np_region_create() resolves the policy, maps pages of the kind wanted, tells
 * the kernel, and fills; each step leaves a note where less was had than asked for. Context: start-up. */
#ifndef NP_CORE_REGION_H
#define NP_CORE_REGION_H

#include "plan.h"

#include <stdatomic.h>

#define NP_NOTE_SIZE 128

/** What there may be to say, in this order. */
enum np_note {
    NP_NOTE_PAGES, /* smaller ones than were asked for */
    NP_NOTE_FILL,  /* not faulted in */
    NP_NOTE_MOVE,  /* pages that stayed */
    NP_NOTE_CHECK, /* the last verification */
    NP_NOTES
};

struct np_region_notes {
    char text[NP_NOTES][NP_NOTE_SIZE];
    char reason[NP_REASON_SIZE + NP_NOTES * NP_NOTE_SIZE +
                32]; /* all of them, and that the kernel may spill */
};

/** A policy that a region has, or is about to have; zeroed before it is resolved. */
struct np_region_policy {
    struct np_placement *placement; /* its own; shared and constant when assumed */
    struct np_plan plan;
    bool unplaced; /* soft, and no policy can be had: placement.reason says why */
    bool assumed;  /* not asked whether the cpuset still allows the one node: mbind(2) will tell */
    unsigned vmas; /* what its stripes took of np_vma_take() */
};

struct np_region {
    char *data;
    size_t size;       /* bytes, whole pages */
    size_t page_size;  /* of the kind obtained */
    enum np_huge huge; /* obtained */
    enum np_hardness hardness;
    bool open; /* mapped for use before it has its policy */
    struct np_region_policy policy;
    bool bound;                                   /* committed, and under bind */
    _Atomic bool shared;                          /* a fork has come between */
    struct np_region *next_watched, **watched_by; /* hard ones, see np_region_watch() */
    size_t elsewhere; /* pages that were not on the policy's nodes when last looked for */
    enum np_enforcement enforcement;
    struct np_region_notes *notes; /* most regions have none, and programs have many regions */
    const char *reason;
};

/** np_region_explicit() - does the region consist of explicit huge pages? */
static inline bool np_region_explicit(const struct np_region *region)
{
    return region->huge == NP_HUGE_2M || region->huge == NP_HUGE_1G;
}

/** np_region_map() - map @size bytes, closed unless region->open, in pages of the kind wanted or, soft, of the next lesser
 * kind. Return: 0; -ENOMEM; -EOPNOTSUPP. */
int np_region_map(struct np_region *region, size_t size, enum np_huge wanted);
/** np_region_unmap() - Return: 0 or -ENOMEM, as np_region_destroy(). */
int np_region_unmap(struct np_region *region);

/** np_region_resolve() - what this machine can give of a policy. @ret_policy: zeroed by the caller. Return: 0, or an error of
 * np_region_create(). */
int np_region_resolve(const struct np_policy *wanted, enum np_hardness hardness,
                      struct np_region_policy *ret_policy);
/** np_region_forget() - let go of what a resolved policy holds. */
void np_region_forget(struct np_region_policy *policy);
/** np_region_apply() - tell the kernel. @fresh: the mapping has no other policy yet. Return: 0 (soft: perhaps unplaced);
 * -EIO: fresh and open, and it has pages on other nodes already; or -errno. */
int np_region_apply(struct np_region *region, struct np_region_policy *policy, bool fresh);
/** np_region_stripes() - the stripes of a striped policy, for np_stripes_free(); NULL without memory. */
struct np_stripes *np_region_stripes(const struct np_region *region, const struct np_region_policy *policy);

/** np_region_fill() - fault in as asked for, and as the page kind and hard mode demand. Return: 0 (soft: perhaps with a
 * note), or -errno; soft: of explicit pages only. */
int np_region_fill(struct np_region *region, enum np_prefault how);

/** np_region_place() - move every present page to where @policy, which the kernel has been told, would put it now.
 * *ret_left: how many are not there.  *ret_present: how many there are. Return: 0; -errno of move_pages(2); -ENOMEM. */
int np_region_place(const struct np_region *region, const struct np_region_policy *policy, size_t *ret_left,
                    size_t *ret_present);

/** np_region_watch() - have forks looked out for from now on, before the region is committed. */
void np_region_watch(struct np_region *region);
void np_region_unwatch(struct np_region *region);
/** np_region_exchange() - give a watched region its new policy. */
void np_region_exchange(struct np_region *region, const struct np_region_policy *policy);

struct np_page_count;
/** np_region_note_counts() - remember how many pages are elsewhere, and when that was found. */
void np_region_note_counts(struct np_region *region, const struct np_page_count *counts);
/** np_region_note() - say something, as np_format(); without memory for it nothing is said. */
void np_region_note(struct np_region *region, enum np_note note, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** np_region_unnote() - it is no longer so. */
void np_region_unnote(struct np_region *region, enum np_note note);
/** np_region_judge() - set enforcement and reason from what is known. */
void np_region_judge(struct np_region *region);

#endif
