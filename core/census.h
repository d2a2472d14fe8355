/* SPDX-License-Identifier: MIT */
/* census - where the pages are that a rule holds, by asking the kernel. Context: hook-safe, but as slow as what
 * the rule holds is large. */
#ifndef NP_CORE_CENSUS_H
#define NP_CORE_CENSUS_H

#include "stats.h"
#include "verify.h"

struct np_census {
    int error; /* 0, or the -errno of move_pages */
    uint64_t on_node[NP_MAX_NODES];
    uint64_t elsewhere; /* pages that are not where the rule wants them */
    uint64_t huge_bytes;
    struct np_page_count pages; /* of one range: too large for small stacks */
};

/** np_census_take() - count the pages of the rule with this index of the stats, which are those of process @pid
 * (0: this one). */
void np_census_take(pid_t pid, const struct np_stats *stats, unsigned index, struct np_census *ret_census);

#endif
