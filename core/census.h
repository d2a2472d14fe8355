/* SPDX-License-Identifier: MIT */
/* census - where the pages are that a rule holds, by asking the kernel. Context: hook-safe, but as slow as what
 * the rule holds is large. */
#ifndef NP_CORE_CENSUS_H
#define NP_CORE_CENSUS_H

#include "stats.h"
#include "verify.h"

/** What one rule holds. */
struct np_census {
    int error; /* 0, or the -errno of move_pages */
    uint64_t on_node[NP_MAX_NODES];
    uint64_t elsewhere; /* pages that are not where the rule wants them */
    uint64_t huge_bytes;
};

/** np_census_take() - count the pages of each rule of the stats, which are those of process @pid (0: this one). All at once:
 * for huge pages and mappings the kernel walks through the whole process, which takes about as long as its pages.
 * @ret_census: as many as the stats have rules. @pages: room for one range, too large for small stacks. */
void np_census_take(pid_t pid, const struct np_stats *stats, struct np_page_count *pages,
                    struct np_census *ret_census);

#endif
