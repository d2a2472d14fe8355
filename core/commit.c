/* SPDX-License-Identifier: MIT */
#include "commit.h"

#include "log.h"
#include "verify.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

/* Small enough to notice early that a node is full, large enough for the calls not to count. */
#define CHUNK ((size_t)32 << 20)
/* Under bind the kernel reclaims page cache; each small chunk asks again whether there is enough. */
#define BOUND_CHUNK  ((size_t)2 << 20)
#define BOUND_MARGIN ((uint64_t)16 << 20)
#define QUERY_PAGES  64 /* 768 bytes of stack */

int np_commit_check(char *start, size_t length, const np_nodeset *nodes)
{
    size_t page = np_kernel_page_size(), left = length / page;
    while (left) {
        void *pages[QUERY_PAGES];
        int status[QUERY_PAGES];
        size_t count = left < QUERY_PAGES ? left : QUERY_PAGES;
        for (size_t i = 0; i < count; i++, start += page)
            pages[i] = start;
        int error = np_kernel_page_nodes(0, count, pages, status);
        if (error)
            return error;
        for (size_t i = 0; i < count; i++)
            if (status[i] < 0 || !np_nodeset_has(nodes, status[i]))
                return -ENOMEM;
        left -= count;
    }
    return 0;
}

/* The figure behind @key in a node's meminfo, in bytes; 0 when it is not there. */
static uint64_t meminfo_figure(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    if (!at)
        return 0;
    uint64_t kilobytes = 0;
    for (at += strlen(key); *at == ' ' || *at == ':'; at++)
        ;
    for (; *at >= '0' && *at <= '9'; at++)
        kilobytes = kilobytes * 10 + (uint64_t)(*at - '0');
    return kilobytes << 10;
}

/* What the kernel keeps back of a node's @total before it calls the OOM killer: its share of
 * vm.min_free_kbytes, and up to two and a quarter times that again while the mark is boosted
 * (mm/page_alloc.c). Measured: 22 of 448 MiB. */
static uint64_t kept_back(uint64_t total)
{
    struct sysinfo info;
    uint64_t kilobytes;
    if (np_kernel_read_figure("/proc/sys/vm/min_free_kbytes", &kilobytes) < 0 || sysinfo(&info) != 0)
        return 0;
    double share = (double)total / ((double)info.totalram * info.mem_unit + 1);
    return (uint64_t)((double)(kilobytes << 10) * 3.25 * share);
}

bool np_commit_obtainable(const np_nodeset *nodes, uint64_t *ret_bytes)
{
    uint64_t sum = 0;
    bool known = true;
    for (int node = np_nodeset_next(nodes, -1); node >= 0; node = np_nodeset_next(nodes, node)) {
        char path[64], text[2048];
        np_format(path, sizeof path, "/sys/devices/system/node/node%d/meminfo", node);
        if (np_kernel_read_file(path, text, sizeof text) <= 0) {
            known = false;
            continue;
        }
        uint64_t cache = meminfo_figure(text, "Active(file)") + meminfo_figure(text, "Inactive(file)");
        uint64_t busy = meminfo_figure(text, "Dirty") + meminfo_figure(text, "Mapped");
        uint64_t there = meminfo_figure(text, "MemFree") + (cache > busy ? cache - busy : 0);
        uint64_t kept = kept_back(meminfo_figure(text, "MemTotal"));
        sum += there > kept ? there - kept : 0;
    }
    *ret_bytes = sum;
    return known;
}

static bool are_short(const np_nodeset *nodes, size_t length)
{
    uint64_t there;
    (void)np_commit_obtainable(nodes, &there); /* what is not known is not there */
    return there < length + BOUND_MARGIN;
}

static int populate_bound(char *start, size_t length, const struct np_mpol *bound)
{
    if (are_short(&bound->nodes, length))
        return -ENOMEM;
    int error = np_kernel_mbind(start, length, bound);
    for (size_t at = 0; !error && at < length; at += BOUND_CHUNK) {
        size_t part = length - at < BOUND_CHUNK ? length - at : BOUND_CHUNK;
        error = are_short(&bound->nodes, part) ? -ENOMEM : np_kernel_populate(start + at, part);
    }
    return error ? error : np_commit_check(start, length, &bound->nodes);
}

static void give_back(char *start, size_t length, const struct np_mpol *policy)
{
    (void)np_kernel_mbind(start, length, policy);
    (void)np_kernel_advise(start, length, MADV_DONTNEED);
}

static _Atomic unsigned forks;

void np_commit_note_fork(void)
{
    atomic_fetch_add(&forks, 1);
}

static int commit_chunk(char *start, size_t length, const struct np_mpol *policy, const struct np_mpol *bound)
{
    unsigned forks_before = atomic_load(&forks);
    int error = np_kernel_populate(start, length);
    if (!error)
        error = np_commit_check(start, length, &bound->nodes);
    if (!error)
        error = np_kernel_mbind(start, length, bound);
    if (error == -ENOMEM) {
        give_back(start, length, policy);
        error = populate_bound(start, length, bound);
    }
    if (error)
        give_back(start, length, policy);
    else if (atomic_load(&forks) != forks_before)
        (void)np_kernel_mbind(start, length, policy);
    return error;
}

int np_commit_range(char *start, size_t length, const struct np_mpol *policy, const struct np_mpol *bound)
{
    for (size_t at = 0; at < length; at += CHUNK) {
        size_t part = length - at < CHUNK ? length - at : CHUNK;
        int error = commit_chunk(start + at, part, policy, bound);
        if (error) {
            if (at)
                give_back(start, at, policy);
            return error;
        }
    }
    return 0;
}

/* Commits one stretch of absent pages; on failure none of them stays. */
static int commit_stretch(struct np_zone *zone, uint32_t first, uint32_t pages)
{
    if (!np_vma_take(2))
        return -ENOMEM;
    int error = np_commit_range(np_zone_address(zone, first), np_bytes(pages), &zone->policy, &zone->bound);
    if (error) {
        np_stats_error(zone->stats, error);
        np_vma_give(2);
        return -ENOMEM;
    }
    np_runs_mark(&zone->runs, first, pages, NP_PAGE_ZERO);
    return 0;
}

int np_commit(struct np_zone *zone, uint32_t first, uint32_t pages)
{
    uint32_t at = first, end = first + pages, stretch, count;
    while (np_runs_find(&zone->runs, at, end, NP_PAGE_ABSENT, true, &stretch, &count)) {
        int error = commit_stretch(zone, stretch, count);
        if (error)
            return error;
        at = stretch + count;
    }
    return 0;
}

int np_uncommit(struct np_zone *zone, uint32_t first, uint32_t pages)
{
    char *start = np_zone_address(zone, first);
    size_t length = np_bytes(pages);
    int error = np_kernel_mbind(start, length, &zone->policy);
    if (!error)
        error = np_kernel_advise(start, length, MADV_DONTNEED);
    /* What is left of the mapping on both sides may lie apart now. */
    (void)np_vma_take(2);
    return error;
}
