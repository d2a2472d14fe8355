/* SPDX-License-Identifier: MIT */
/* mapping - the rules for mappings, and which of them a call of mmap(2) belongs to.
 *
 * Rules are tried in the order of the policy file; the first that fits in kind and size wins. Context:
 * hook-safe unless stated. */
#ifndef NP_CORE_MAPPING_H
#define NP_CORE_MAPPING_H

#include "plan.h"
#include "stats.h"

#include <sys/mman.h>

struct np_stripes;

/** A rule, as calls find it. Frozen. */
struct np_mapping_rule {
    const struct np_placement *placement;
    struct np_stats_rule *stats;
    uint32_t index;             /* of the stats */
    struct np_plan plan;        /* committed: bind in hard mode */
    struct np_stripes *stripes; /* instead of the plan's policy, or NULL */
};

/** What a call asks for. */
struct np_mapping_call {
    size_t length;
    int protection, flags;
    int fd;
};

/** The sizes that any rule may take, by what costs nothing to ask: whether a mapping is a stack (4), anonymous (2) and
 * shared (1). None: the floor is SIZE_MAX. */
struct np_mapping_gate {
    size_t floor, ceiling; /* the ceiling excluded */
};
extern struct np_mapping_gate np_mapping_gates[8];

/** np_mapping_concerns() - may a rule take this call? A dozen instructions. */
static inline bool np_mapping_concerns(size_t length, int flags)
{
    _Static_assert(MAP_SHARED == 1 && MAP_ANONYMOUS == 0x20, "bits of the index below");
    const unsigned stack = (flags & (MAP_STACK | MAP_GROWSDOWN)) != 0;
    const struct np_mapping_gate *gate =
        &np_mapping_gates[(flags & MAP_SHARED) | (flags >> 4 & 2) | (int)(stack << 2)];
    return length >= gate->floor && length < gate->ceiling;
}

/** np_mapping_configure() - take over the placements of the [mmap.*] rules in the order of the file. Context:
 * start-up, once, after np_heap_configure() when there are size classes.
 * @stats: gets a rule for each behind those that it has.
 * Return: 0; -E2BIG for more than NP_MAX_RULES. */
int np_mapping_configure(const struct np_placement *placements, unsigned count, struct np_stats *stats);

/** np_mapping_match() - the rule that a call belongs to, or NULL: no rule, one with policy `system`, or a call
 * that is never placed: of executable memory, of huge pages of the program's own, below 4 GiB, of a device.
 * For files this asks the kernel what the descriptor is. *ret_kind is set when there is a rule. */
const struct np_mapping_rule *np_mapping_match(const struct np_mapping_call *call,
                                               enum np_mapping_kind *ret_kind);
/** np_mapping_kind_of() - what a call maps. Return: false for what is never placed. */
bool np_mapping_kind_of(const struct np_mapping_call *call, enum np_mapping_kind *ret_kind);
/** np_mapping_match_kind() - the first rule for a kind and a size, `system` included; NULL when there is none. */
const struct np_mapping_rule *np_mapping_match_kind(enum np_mapping_kind kind, size_t length);
/** np_mapping_rule_at() - the rule with this index of the stats. */
const struct np_mapping_rule *np_mapping_rule_at(uint32_t index);

#endif
