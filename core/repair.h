/* SPDX-License-Identifier: MIT */
/* repair - what the program itself did to the mapping of a block is undone before the next user gets it.
 * Context: hook-safe; the pages are the caller's, no lock is needed. */
#ifndef NP_CORE_REPAIR_H
#define NP_CORE_REPAIR_H

#include "zone.h"

/** np_repair_needed() - has the block's first page another policy than the zone's? Asks the kernel. */
bool np_repair_needed(const struct np_zone *zone, const char *block);
/** np_repair() - give the run's first @pages pages the zone's policy and advice again, and drop what is in them where that
 * can be. */
void np_repair(struct np_zone *zone, uint32_t run, uint32_t pages);

#endif
