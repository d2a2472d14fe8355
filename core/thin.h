/* SPDX-License-Identifier: MIT */
/* thin - slabs that lose the pages on which no block in use lies, when a program has freed most of many blocks and asks for
 * others: a slab holds blocks of one size, so what is free in it serves nobody else. Context: hook-safe. */
#ifndef NP_CORE_THIN_H
#define NP_CORE_THIN_H

#include "zone.h"

/** np_thin_allowed() - may slabs of the zone lose pages? Not where they are hard, since each piece that is committed again would be a
 * mapping more, or were wanted all at once; and not of huge pages, of which the kernel frees none in part. */
bool np_thin_allowed(const struct np_zone *zone);
/** np_thin_some() - a slab has got fresh pages: make some others thin if much of the zone's slabs is free, and in turn those of the
 * class's zones on other nodes, which a thread that was moved has left behind. No lock is held. */
void np_thin_some(struct np_zone *zone);

#endif
