/* SPDX-License-Identifier: MIT */
#include "verify.h"

#include "kernel.h"
#include "smaps.h"

#include <errno.h>

#define BATCH 64 /* pages asked about at once: 768 bytes of stack, and the kernel itself works by 16 */

/* Adds one page by move_pages' answer: -ENOENT, -EFAULT and whatever else is negative mean that it is
 * nowhere. */
static void count_page(int status, struct np_page_count *counts)
{
    if (status < 0 || status >= NP_MAX_NODES) {
        counts->absent++;
        return;
    }
    counts->present++;
    counts->on_node[status]++;
}

int np_verify_range(const void *address, size_t length, struct np_page_count *counts)
{
    return np_verify_range_of(0, address, length, counts);
}

int np_verify_range_of(pid_t pid, const void *address, size_t length, struct np_page_count *counts)
{
    const uintptr_t size = np_kernel_page_size();
    uintptr_t end;
    if (__builtin_add_overflow((uintptr_t)address, length, &end))
        return -EINVAL;
    uintptr_t page = (uintptr_t)address & ~(size - 1);
    while (page < end) {
        void *pages[BATCH];
        int status[BATCH];
        size_t count = 0;
        for (; count < BATCH && page < end; page += size)
            pages[count++] = (void *)page;
        int result = np_kernel_page_nodes(pid, count, pages, status);
        if (result < 0)
            return result;
        for (size_t i = 0; i < count; i++)
            count_page(status[i], counts);
    }
    return 0;
}

/* ---- Huge pages ---- */

struct scan {
    uintptr_t start, end; /* the range asked about */
    uint64_t bytes;
};

static void add_huge(void *context, const struct np_smaps_entry *entry)
{
    struct scan *scan = context;
    const uintptr_t start = entry->start > scan->start ? entry->start : scan->start;
    const uintptr_t end = entry->end < scan->end ? entry->end : scan->end;
    if (start >= end)
        return;
    /* A mapping that goes on beyond the range has merged with its neighbour: at most our part counts. */
    scan->bytes += entry->huge < end - start ? entry->huge : end - start;
}

int np_verify_huge_bytes(const void *address, size_t length, uint64_t *ret_bytes)
{
    struct scan scan = {.start = (uintptr_t)address};
    if (__builtin_add_overflow(scan.start, length, &scan.end))
        return -EINVAL;
    int result = np_smaps_read(0, add_huge, &scan);
    if (result == 0)
        *ret_bytes = scan.bytes;
    return result;
}
