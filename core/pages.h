/* SPDX-License-Identifier: MIT */
/* pages - base pages and bytes: shifts, since a division costs more than the rest of a hot path's arithmetic.
 * Context: hook-safe. */
#ifndef NP_CORE_PAGES_H
#define NP_CORE_PAGES_H

#include "kernel.h"

/* The logarithm of the base page size; np_pages_setup() sets it before the first zone is made. */
extern unsigned np_page_shift;

static inline void np_pages_setup(void)
{
    np_page_shift = (unsigned)__builtin_ctzll(np_kernel_page_size());
}

static inline size_t np_bytes(uint64_t pages)
{
    return (size_t)pages << np_page_shift;
}

/** np_pages() - whole pages in @bytes. */
static inline uint32_t np_pages(size_t bytes)
{
    return (uint32_t)(bytes >> np_page_shift);
}

/** np_pages_for() - pages that hold @bytes, at least one. */
static inline uint32_t np_pages_for(size_t bytes)
{
    return bytes ? (uint32_t)((bytes - 1) >> np_page_shift) + 1 : 1;
}

#endif
