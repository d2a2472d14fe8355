/* SPDX-License-Identifier: MIT */
/* stripes - weighted interleave of our own: a zone laid out in stripes, each preferring one node.
 *
 * The kernel's weights (/sys/kernel/mm/mempolicy/weighted_interleave) are global; a rule's are its own.
 * Stripes follow one another by smooth weighted round robin, so the zone up to any byte, and so any block,
 * holds the nodes in their ratio within one stripe at each end. Stripes double in size band by band, so a
 * zone of any size has at most 4096 of them (and that many VMAs).
 * Context: hook-safe. */
#ifndef NP_CORE_STRIPES_H
#define NP_CORE_STRIPES_H

#include "kernel.h"

struct np_stripes {
    uint32_t cycle_length; /* stripes until the order of nodes repeats */
    uint32_t per_band;     /* stripes of one size */
    size_t first_size;     /* bytes of a stripe of the first band */
    uint16_t cycle[];      /* node of each stripe of the cycle */
};

#define NP_STRIPES_MOST 4096u

/** np_stripes_new() - plan the stripes of a zone of @capacity bytes. @weights: 1 to 255 for each node of
 * @nodes, NULL for equal ones. @unit: stripes are multiples of it (a power of two of bytes). Return: the
 * plan, or NULL without memory. */
struct np_stripes *np_stripes_new(const np_nodeset *nodes, const uint8_t *weights, size_t unit,
                                  size_t capacity);
/** np_stripes_free() - NULL is fine. */
void np_stripes_free(struct np_stripes *stripes);
/** np_stripes_node() - the node of the stripe with this number. */
int np_stripes_node(const struct np_stripes *stripes, uint64_t number);
/** np_stripes_at() - the stripe that holds byte @offset of the zone. Return: its number; bounds by ret_. */
uint64_t np_stripes_at(const struct np_stripes *stripes, uint64_t offset, uint64_t *ret_start,
                       uint64_t *ret_end);
/** np_stripes_count() - how many stripes [from, to) of the zone touches. */
unsigned np_stripes_count(const struct np_stripes *stripes, uint64_t from, uint64_t to);
/** np_stripes_apply() - mbind [from, to) of the zone at @base, stripe by stripe. Return: 0 or the first
 * -errno. */
int np_stripes_apply(const struct np_stripes *stripes, char *base, uint64_t from, uint64_t to);

#endif
