/* SPDX-License-Identifier: MIT */
#include "repair.h"

/* Did the program give the first page of the block a policy of its own by a way that we do not see? */
bool np_repair_needed(const struct np_zone *zone, const char *block)
{
    struct np_mpol now;
    if (np_kernel_policy_at(block, &now) < 0)
        return false;
    if (zone->stripes)
        return now.mode != NP_MPOL_PREFERRED;
    const struct np_mpol *wanted = zone->hard && now.mode == zone->bound.mode ? &zone->bound : &zone->policy;
    return now.mode != wanted->mode ||
           (now.mode != NP_MPOL_DEFAULT && !np_nodeset_equal(&now.nodes, &wanted->nodes));
}

/* The mappings that a move made have become one with their neighbours again. */
static void give_seams(const struct np_run *entry)
{
    unsigned seams = 0;
    while (seams < NP_RUN_SEAMS && entry->seams[seams])
        seams++;
    if (seams)
        np_vma_give(seams + 1);
}

/* Undoes what the program, or a move, did to the block's mapping: pages that went elsewhere by it are not
 * used again. Explicit huge pages stay, they would go back to a pool that may be empty afterwards. */
void np_repair(struct np_zone *zone, uint32_t run, uint32_t pages)
{
    char *start = np_zone_address(zone, run);
    if (np_bytes(run) < zone->explicit_end)
        (void)np_kernel_mbind_move(start, np_bytes(pages), zone->hard ? &zone->bound : &zone->policy);
    else if (np_zone_renew(zone, start, np_bytes(pages)) == 0) {
        np_runs_mark(&zone->runs, run, pages, NP_PAGE_ABSENT);
        give_seams(&zone->runs.entry[run]);
    }
}
