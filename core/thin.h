/* SPDX-License-Identifier: MIT */
/* thin - slabs that lose the pages on which no block in use lies, when a program has freed most of many blocks and asks for
 * others: a slab holds blocks of one size, so what is free in it serves nobody else. Context: hook-safe. */
#ifndef NP_CORE_THIN_H
#define NP_CORE_THIN_H

#include "zone.h"

/** np_thin_some() - a slab has got fresh pages: make some others thin if much of the zone's slabs is free. No lock is held. */
void np_thin_some(struct np_zone *zone);

#endif
