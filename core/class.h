/* SPDX-License-Identifier: MIT */
/* class - the size classes of a policy and the zones that serve them.
 *
 * A `local` class owns one zone for each node, any other class one. Zones are reserved together at the
 * first allocation of any class, and each is started at its own first allocation. Context: hook-safe
 * unless stated. */
#ifndef NP_CORE_CLASS_H
#define NP_CORE_CLASS_H

#include "heap.h"

struct np_zone;

struct np_heap_class {
    const struct np_placement *placement;
    size_t least, below; /* bytes of its requests; below is 0 for classes that are the next malloc's */
    struct np_stats_rule *stats;
    unsigned first_zone, zone_count; /* local: one for each node of the placement, in id order; else one */
    unsigned first_small;            /* the zones of its slabs: the same, or as many of their own */
};

/** np_class_zone_ready() - see that the zone with this number, which is one of the class's, can serve.
 * Return: 0; -ENOMEM without address space; -errno when a hard class's policy is refused. */
int np_class_zone_ready(struct np_heap_class *class, unsigned zone);
/** Where the calling thread is, as far as np_class_slot() has asked. */
struct np_class_here {
    const volatile int32_t *cpu_now; /* where the kernel says its CPU, or NULL */
    int32_t cpu;                     /* on which it was then */
    unsigned position;               /* of that CPU's node among those of `local` */
};
extern __thread struct np_class_here np_class_here
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/** np_class_slot() - which of the class's zones serves the calling thread: its CPU's for `local`. */
unsigned np_class_slot(const struct np_heap_class *class);
/** np_class_slot_at_hand() - the same, if it takes no call. Return: -1. */
static inline int np_class_slot_at_hand(const struct np_heap_class *class)
{
    if (class->zone_count < 2) /* only `local` has several */
        return (int)class->zone_count - 1;
    const struct np_class_here *here = &np_class_here;
    if (!here->cpu_now || *here->cpu_now != here->cpu)
        return -1;
    return here->position < class->zone_count ? (int)here->position : 0;
}
/** np_class_at() - a class by its index. */
struct np_heap_class *np_class_at(unsigned index);
/** np_class_small_zone() - the zone of a class's slabs for a thread at @position among the nodes of `local`. */
uint32_t np_class_small_zone(unsigned index, unsigned position);
/** np_class_zone_is_left() - is it the zone of a node at which no thread allocates small blocks now? */
bool np_class_zone_is_left(const struct np_zone *zone);
/** np_class_position() - where the calling thread's node stands among the nodes of `local`; 0 where there is one at most.
 * @ret_cpu: the CPU; may be NULL. */
unsigned np_class_position(unsigned *ret_cpu);
/** np_class_local_zones() - the most zones that a class has. */
unsigned np_class_local_zones(void);
/** np_class_bytes_in_use() - slabs and extents in use, of all classes, as tally.h tells it: a little too much. */
uint64_t np_class_bytes_in_use(void);
/** np_class_stats() - the block that np_heap_configure() was given, or NULL before. */
struct np_stats *np_class_stats(void);

#endif
