/* SPDX-License-Identifier: MIT */
#include "region.h"

#include "verify.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Any number may come from C, whatever the type says. */
static bool are_constants(unsigned huge, unsigned prefault, unsigned hardness)
{
    return huge <= NP_HUGE_1G && prefault <= NP_PREFAULT_PARALLEL && hardness <= NP_HARD;
}

static int open_and_fill(struct np_region *region, enum np_prefault prefault)
{
    int error = np_region_apply(region, &region->policy, true);
    if (!error && !region->open)
        error = np_kernel_protect(region->data, region->size, PROT_READ | PROT_WRITE);
    if (!error && region->hardness == NP_HARD)
        np_region_watch(region);
    return error ? error : np_region_fill(region, prefault);
}

/* After mlockall(MCL_FUTURE) what is mapped open is filled with pages at once, so a mapping stays closed until it has its
 * policy. Opening costs a call: the commonest wish is mapped open and only when it has got pages it is mapped again. */
static int map_and_fill(struct np_region *region, size_t size, enum np_huge huge, enum np_prefault prefault)
{
    region->open = region->policy.assumed && huge == NP_HUGE_DEFAULT;
    int error = np_region_map(region, size, huge);
    if (!error)
        error = open_and_fill(region, prefault);
    if (error != -EIO || !region->open)
        return error;
    region->open = false;
    error = np_region_unmap(region) < 0 ? -ENOMEM : np_region_map(region, size, huge);
    return error ? error : open_and_fill(region, prefault);
}

static int build(struct np_region *region, size_t size, const struct np_policy *policy, enum np_huge huge,
                 enum np_prefault prefault)
{
    int error = np_region_resolve(policy, region->hardness, &region->policy);
    if (error)
        return error;
    error = map_and_fill(region, size, huge, prefault);
    if (error && np_region_explicit(region) && region->hardness == NP_SOFT) {
        /* The pool had pages, but not for these nodes, or they are gone again. */
        if (np_region_unmap(region) < 0)
            return error;
        np_region_note(region, NP_NOTE_PAGES,
                       "the nodes' pools have too few explicit pages: smaller ones instead");
        error = np_region_map(region, size, NP_HUGE_THP);
        if (!error)
            error = open_and_fill(region, prefault);
    }
    return error;
}

int np_region_create(np_region **ret_region, size_t size, const np_policy *policy, enum np_huge huge,
                     enum np_prefault prefault, enum np_hardness hardness)
{
    if (ret_region == NULL || policy == NULL || size == 0 || !are_constants(huge, prefault, hardness))
        return -EINVAL;
    struct np_region *region = malloc(sizeof *region); /* glibc's calloc bypasses its thread's cache */
    if (region == NULL)
        return -ENOMEM;
    *region = (struct np_region){.hardness = hardness};
    const int error = build(region, size, policy, huge, prefault);
    if (error) {
        (void)np_region_destroy(region);
        return error;
    }
    np_region_judge(region);
    *ret_region = region;
    return 0;
}

int np_region_destroy(np_region *region)
{
    if (region == NULL)
        return 0;
    np_region_unwatch(region);
    const int error = np_region_unmap(region);
    np_region_forget(&region->policy);
    free(region->notes);
    free(region);
    return error;
}

void *np_region_data(const np_region *region)
{
    return region != NULL ? region->data : NULL;
}

size_t np_region_size(const np_region *region)
{
    return region != NULL ? region->size : 0;
}

size_t np_region_page_size(const np_region *region)
{
    return region != NULL ? region->page_size : 0;
}

int np_region_huge_bytes(const np_region *region, uint64_t *ret_bytes)
{
    return region != NULL && ret_bytes != NULL ? np_verify_huge_bytes(region->data, region->size, ret_bytes)
                                               : -EINVAL;
}

void *np_region_typed(const np_region *region, size_t alignment)
{
    char *data = np_region_data(region);
    return alignment != 0 && (uintptr_t)data % alignment == 0 ? data : NULL;
}

size_t np_region_units(const np_region *region, size_t size)
{
    return size != 0 ? np_region_size(region) / size : 0;
}

enum np_enforcement np_region_enforcement(const np_region *region, const char **ret_reason)
{
    enum np_enforcement enforcement = region != NULL ? region->enforcement : NP_NONE;
    const char *reason = region != NULL ? region->reason : "there is no region";
    if (enforcement == NP_STRICT && atomic_load(&region->shared)) {
        enforcement = NP_BEST_EFFORT;
        reason = "a fork has shared the pages: a copy of one may spill";
    }
    if (ret_reason != NULL)
        *ret_reason = reason;
    return enforcement;
}
