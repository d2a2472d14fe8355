/* SPDX-License-Identifier: MIT */
/* verify - where the kernel says pages are, by move_pages(2) queries in batches. Context: hook-safe, but
 * slow. */
#ifndef NP_CORE_VERIFY_H
#define NP_CORE_VERIFY_H

#include "numaperf.h"

#include <sys/types.h>

struct np_page_count {
    uint64_t present; /* base pages that are on some node */
    uint64_t absent;  /* never written, swapped, or the zero page */
    uint64_t on_node[NP_MAX_NODES];
};

/** np_verify_range() - add the pages of [address, address + length) to *counts.
 * Return: 0; -errno of move_pages when nothing could be asked (EPERM, ENOSYS): *counts is then unchanged. */
int np_verify_range(const void *address, size_t length, struct np_page_count *counts);
/** np_verify_range_of() - the same for a range of process @pid (0: this one).
 * Return: also -ESRCH when there is no such process. */
int np_verify_range_of(pid_t pid, const void *address, size_t length, struct np_page_count *counts);

/** np_verify_huge_bytes() - bytes of [address, address + length) that lie in transparent or explicit huge
 * pages, from /proc/self/smaps. Return: 0 or -errno of reading it. */
int np_verify_huge_bytes(const void *address, size_t length, uint64_t *ret_bytes);

#endif
