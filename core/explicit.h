/* SPDX-License-Identifier: MIT */
/* explicit - 2 MiB and 1 GiB pages from the kernel's pools (hugetlb), brought into a zone.
 *
 * They are mapped aside, bound, populated, and only then moved into the zone: MAP_FIXED|MAP_HUGETLB over a
 * zone would leave a hole when the pool is empty. Context: hook-safe; the zone's lock is held. */
#ifndef NP_CORE_EXPLICIT_H
#define NP_CORE_EXPLICIT_H

#include "zone.h"

/** np_explicit_open() - put explicit huge pages at [offset, offset + length) of the zone, which is closed
 * there.
 * Return: 0; -errno when the pool (or the kernel) does not have them: the range is as it was, the stats
 * know. */
int np_explicit_open(struct np_zone *zone, size_t offset, size_t length);
/** np_explicit_warn_fork() - say what a fork may do to explicit pages: the child's copies come from the
 * same pools. */
void np_explicit_warn_fork(const struct np_zone *zone);

#endif
