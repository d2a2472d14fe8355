/* SPDX-License-Identifier: MIT */
/* class - the size classes of a policy and the zones that serve them.
 *
 * A `local` class owns one zone for each node, any other class one. Zones are reserved together at the
 * first allocation of any class, and each is started at its own first allocation. Context: hook-safe
 * unless stated. */
#ifndef NP_CORE_CLASS_H
#define NP_CORE_CLASS_H

#include "heap.h"

struct np_heap_class {
    const struct np_placement *placement;
    struct np_stats_rule *stats;
    unsigned first_zone, zone_count; /* local: one for each node of the placement, in id order; else one */
};

/** np_class_zone_ready() - see that the zone with this number, which is one of the class's, can serve.
 * Return: 0; -ENOMEM without address space; -errno when a hard class's policy is refused. */
int np_class_zone_ready(struct np_heap_class *class, unsigned zone);
/** np_class_slot() - which of the class's zones serves the calling thread: its CPU's for `local`. */
unsigned np_class_slot(const struct np_heap_class *class);
/** np_class_stats() - the block that np_heap_configure() was given, or NULL before. */
struct np_stats *np_class_stats(void);

#endif
