/* SPDX-License-Identifier: MIT */
/* The mapping of a region: pages of the kind asked for, or of the next lesser one. */
#include "region.h"
#include "thp.h"
#include "zone.h"

#include <errno.h>
#include <sys/mman.h>

#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#endif

static const struct {
    const char *name;
    size_t explicit_size; /* 0: no explicit pages */
} kinds[] = {
    [NP_HUGE_DEFAULT] = {"base pages", 0},         [NP_HUGE_NEVER] = {"base pages", 0},
    [NP_HUGE_THP] = {"transparent huge pages", 0}, [NP_HUGE_2M] = {"2M pages", (size_t)2 << 20},
    [NP_HUGE_1G] = {"1G pages", (size_t)1 << 30},
};

/* What is not accounted does not merge with the program's own mappings, which mbind(2) would have to split again. Larger
 * ones are accounted, so that the kernel refuses what it obviously cannot give. */
static int accounting(size_t length)
{
    const size_t too_small_to_refuse = (size_t)64 << 20;
    return length <= too_small_to_refuse ? MAP_NORESERVE : 0;
}

/* Maps @size in units of a power of two, at a multiple of it. */
static int map_aligned(size_t size, size_t unit, int protection, void **ret_address)
{
    const size_t slack = unit - np_kernel_page_size();
    void *address;
    size_t length;
    if (__builtin_add_overflow(size, slack, &length))
        return -ENOMEM;
    int error = np_kernel_map(NULL, length, protection, accounting(length), &address);
    if (error || slack == 0) {
        if (!error)
            *ret_address = address;
        return error;
    }
    char *start = address, *data = start + (-(uintptr_t)start & (unit - 1));
    if (data > start)
        error = np_kernel_unmap(start, (size_t)(data - start));
    const size_t rest = slack - (size_t)(data - start);
    if (!error && rest > 0)
        error = np_kernel_unmap(data + size, rest);
    if (error) {
        (void)np_kernel_unmap(start, length);
        return -ENOMEM;
    }
    *ret_address = data;
    return 0;
}

static int map_explicit(size_t size, size_t unit, void **ret_address)
{
    const int flags = MAP_HUGETLB | __builtin_ctzll(unit) << MAP_HUGE_SHIFT;
    if (!np_kernel_has_huge_pages(unit))
        return -EOPNOTSUPP;
    return np_kernel_map(NULL, size, PROT_NONE, flags, ret_address) < 0 ? -ENOMEM : 0;
}

static int map_kind(struct np_region *region, size_t size, enum np_huge kind)
{
    size_t unit = kinds[kind].explicit_size;
    if (kind == NP_HUGE_THP)
        unit = np_thp_usable() ? np_thp_size() : 0;
    else if (unit == 0)
        unit = np_kernel_page_size();
    if (unit == 0)
        return -EOPNOTSUPP;
    size_t length;
    if (__builtin_add_overflow(size, unit - 1, &length))
        return -ENOMEM;
    length &= ~(unit - 1);
    void *address;
    const int protection = region->open ? PROT_READ | PROT_WRITE : PROT_NONE;
    const int error = kinds[kind].explicit_size != 0 ? map_explicit(length, unit, &address)
                                                     : map_aligned(length, unit, protection, &address);
    if (error)
        return error;
    region->data = address;
    region->size = length;
    region->page_size = unit;
    region->huge = kind;
    return 0;
}

/* A second note replaces the first, and names the same kind: what was asked for. */
static void note_instead(struct np_region *region, enum np_huge wanted, int error, enum np_huge obtained)
{
    if (region->notes != NULL)
        return;
    const char *why = wanted == NP_HUGE_THP  ? "off"
                      : error == -EOPNOTSUPP ? "not known to this kernel"
                                             : "not to be had from the pool";
    np_region_note(region, NP_NOTE_PAGES, "%s are %s: %s instead", kinds[wanted].name, why,
                   kinds[obtained].name);
}

int np_region_map(struct np_region *region, size_t size, enum np_huge wanted)
{
    const int error = map_kind(region, size, wanted);
    if (!error || region->hardness == NP_HARD || wanted == NP_HUGE_DEFAULT || wanted == NP_HUGE_NEVER)
        return error;
    enum np_huge next = NP_HUGE_THP;
    int again = wanted == NP_HUGE_THP ? error : map_kind(region, size, next);
    if (again) {
        next = NP_HUGE_DEFAULT;
        again = map_kind(region, size, next);
    }
    if (!again)
        note_instead(region, wanted, error, next);
    return again;
}

int np_region_unmap(struct np_region *region)
{
    if (region->data == NULL)
        return 0;
    np_vma_give(region->policy.vmas);
    region->policy.vmas = 0;
    const int error = np_kernel_unmap(region->data, region->size);
    /* A mapping that has merged with its neighbours would be split, which the limit of mappings may forbid. */
    if (error)
        (void)np_kernel_advise(region->data, region->size, MADV_DONTNEED);
    region->data = NULL;
    return error;
}
