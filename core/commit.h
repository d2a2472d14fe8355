/* SPDX-License-Identifier: MIT */
/* commit - memory that is bound for certain, without ever meeting the OOM killer.
 *
 * A range under MPOL_BIND that is touched when its nodes are full gets somebody killed. So pages are made
 * under a preferred policy, the kernel is asked where they are, and only what is where it should be is
 * then bound; else all is given back and the answer is ENOMEM. Context: hook-safe; the pages belong to the
 * caller, no lock is needed. */
#ifndef NP_CORE_COMMIT_H
#define NP_CORE_COMMIT_H

#include "zone.h"

/** np_commit() - commit every ABSENT page of [first, first + pages) on the zone's nodes.
 * Return: 0; -ENOMEM when the nodes cannot hold them: no page is then left under bind without memory
 * behind it. */
int np_commit(struct np_zone *zone, uint32_t first, uint32_t pages);
/** np_commit_note_fork() - a fork is about to share every page: what is being committed meanwhile must not
 * be bound, as a copy under bind on full nodes would meet the OOM killer. */
void np_commit_note_fork(void);
/** np_uncommit() - give the pages of [first, first + pages) back, in the same order undone. Return: 0 or
 * -errno. */
int np_uncommit(struct np_zone *zone, uint32_t first, uint32_t pages);

#endif
