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
/** np_commit_range() - the same for a range without pages, which has the policy @policy and gets @bound.
 * Return: 0; -ENOMEM when the nodes of @bound cannot hold it; another -errno of faulting in or asking. On failure no page
 * of the range stays. */
int np_commit_range(char *start, size_t length, const struct np_mpol *policy, const struct np_mpol *bound);
/** np_commit_check() - is every page of the range present on one of the nodes? Return: 0; -ENOMEM when one is not; -errno
 * of move_pages(2). */
int np_commit_check(char *start, size_t length, const np_nodeset *nodes);
/** np_commit_obtainable() - what nodes have free, or filled with clean page cache that nobody has mapped, above what the
 * kernel keeps back: a glance that may be wrong a moment later. Return: false when not every node's figures can be read. */
bool np_commit_obtainable(const np_nodeset *nodes, uint64_t *ret_bytes);
/** np_commit_note_fork() - a fork is about to share every page: what is being committed meanwhile must not
 * be bound, as a copy under bind on full nodes would meet the OOM killer. */
void np_commit_note_fork(void);
/** np_uncommit() - give the pages of [first, first + pages) back, in the same order undone. Return: 0 or
 * -errno. */
int np_uncommit(struct np_zone *zone, uint32_t first, uint32_t pages);

#endif
