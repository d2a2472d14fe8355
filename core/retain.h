/* SPDX-License-Identifier: MIT */
/* retain - what free blocks keep their pages, and when they are given back to the kernel.
 *
 * A program that allocates and frees large blocks in a loop must not pay page faults each time, and an
 * idle one must not sit on memory: up to max(64 MiB, an eighth of what is live) stays, less with age. A program
 * that goes over to blocks of other sizes, or to other nodes, must not hold both at once: what is live and what is retained
 * together stay near the most that was ever live.
 * There is no helper thread: frees and growth do the work, outside the lock. Context: hook-safe; these
 * functions take the zones' locks themselves. */
#ifndef NP_CORE_RETAIN_H
#define NP_CORE_RETAIN_H

#include "zone.h"

/** np_retain_settle() - tell the total what the zone's runs hold now. The zone's lock is held. Return: has it changed enough? */
bool np_retain_settle(struct np_zone *zone);
/** np_retain_now() - seconds of the clock that runs are stamped with. */
uint32_t np_retain_now(void);
/** np_retain_balance() - bring retained memory under its limit, oldest of @zone first, and drop what is old
 * at second @now. */
void np_retain_balance(struct np_zone *zone, uint32_t now);
/** np_retain_make_way() - @bytes of fresh pages of @zone were handed out: drop so much of what is retained, in all zones, that
 * the heap holds hardly more than it once had in use. No lock of a zone is held. */
void np_retain_make_way(struct np_zone *zone, size_t bytes);
/** np_retain_trim() - give back every page of every zone and close the tails. Return: was there any? */
bool np_retain_trim(void);
/** np_retain_trim_zone() - the same for one zone. */
bool np_retain_trim_zone(struct np_zone *zone);
/** np_retain_drop() - drop the pages [first, first + pages) of a run that the caller holds (live or away),
 * whose content is marked ABSENT where that worked. No lock. Return: false when the kernel kept some. */
bool np_retain_drop(struct np_zone *zone, uint32_t first, uint32_t pages);

#endif
