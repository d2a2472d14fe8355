/* SPDX-License-Identifier: MIT */
#include "mapping.h"

#include "backing.h"
#include "live.h"
#include "pages.h"
#include "stripes.h"
#include "thp.h"

#include <errno.h>
#include <string.h>

/* What stripes are planned for; larger mappings get larger ones. */
#define STRIPED_SPAN ((size_t)1 << 40)

#ifndef MAP_32BIT
#define MAP_32BIT 0 /* only on x86 */
#endif

#define KIND_MASK 0x0f /* of flags: MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE, MAP_DROPPABLE */

struct np_mapping_gate np_mapping_gates[8] = {
    {SIZE_MAX, 0}, {SIZE_MAX, 0}, {SIZE_MAX, 0}, {SIZE_MAX, 0},
    {SIZE_MAX, 0}, {SIZE_MAX, 0}, {SIZE_MAX, 0}, {SIZE_MAX, 0},
};

static struct {
    unsigned count;
    uint32_t first; /* index of the first rule in the stats */
    struct np_mapping_rule table[NP_MAX_RULES];
} rules;

/* ---- Start-up ---- */

static bool serves(const struct np_placement *placement)
{
    return placement->mode != NP_SYSTEM && !placement->refused;
}

static void plan(struct np_mapping_rule *rule)
{
    const struct np_placement *placement = rule->placement;
    if (!serves(placement))
        return;
    np_plan_make(placement, -1, placement->hardness == NP_HARD && placement->mode == NP_BIND, &rule->plan);
    if (!rule->plan.striped)
        return;
    size_t unit = rule->plan.advice == NP_ADVICE_HUGE_PAGES ? np_thp_size() : 0;
    const uint8_t *weights = placement->mode == NP_WEIGHTED_INTERLEAVE ? placement->weights : NULL;
    rule->stripes = np_stripes_new(&placement->nodes, weights, unit, STRIPED_SPAN);
    rule->plan.policy = (struct np_mpol){.mode = NP_MPOL_INTERLEAVE, .nodes = placement->nodes};
}

static void widen(struct np_mapping_gate *gate, const struct np_placement *placement)
{
    if (placement->min_size < gate->floor)
        gate->floor = placement->min_size;
    if (placement->max_size > gate->ceiling)
        gate->ceiling = placement->max_size;
}

/* Opens the gates for the calls that may turn out to be of the rule's kind. */
static void open_gates(const struct np_placement *placement)
{
    static const struct {
        bool gate[8]; /* private file, shared file, private anonymous, shared anonymous; stacks likewise */
    } gates[] = {
        [NP_MAPPING_ANY] = {{true, true, true, true, true, true, true, true}},
        [NP_MAPPING_PRIVATE] = {{true, false, true, false, true, false, false, false}}, /* /dev/zero */
        [NP_MAPPING_SHARED] = {{false, true, false, true, false, true, false, true}},
        [NP_MAPPING_FILE] = {{true, true, false, false, true, true, false, false}},
        [NP_MAPPING_STACK] = {{false, false, false, false, false, false, true, false}},
    };
    for (size_t i = 0; i < 8; i++)
        if (gates[placement->kind].gate[i])
            widen(&np_mapping_gates[i], placement);
}

static void explain_pages(const struct np_mapping_rule *rule)
{
    if (rule->placement->huge == NP_HUGE_2M || rule->placement->huge == NP_HUGE_1G)
        np_stats_degrade(rule->stats, NP_BEST_EFFORT,
                         "munmap and mprotect of parts of a mapping fail on explicit huge pages: transparent "
                         "ones instead");
}

int np_mapping_configure(const struct np_placement *placements, unsigned count, struct np_stats *stats)
{
    if (count > NP_MAX_RULES || stats->rule_count + count > NP_STATS_RULES)
        return -E2BIG;
    np_pages_setup();
    rules.first = stats->rule_count;
    rules.count = count;
    if (count > 0)
        np_live_setup(stats);
    for (unsigned i = 0; i < count; i++) {
        struct np_mapping_rule *rule = &rules.table[i];
        *rule = (struct np_mapping_rule){
            .placement = &placements[i],
            .index = rules.first + i,
            .stats = &stats->rules[rules.first + i],
        };
        np_stats_describe(rule->stats, rule->placement, serves(rule->placement));
        rule->stats->maps = true;
        plan(rule);
        explain_pages(rule);
        open_gates(rule->placement);
    }
    stats->rule_count += count;
    return 0;
}

/* ---- Matching ---- */

/* The kind of a mapping of a file; false for what is never placed. */
static bool kind_of_file(const struct np_mapping_call *call, enum np_mapping_kind *ret_kind)
{
    const bool shared = (call->flags & KIND_MASK) != MAP_PRIVATE;
    switch (np_backing_of(call->fd)) {
    case NP_BACKING_ZERO:
        *ret_kind = shared ? NP_MAPPING_SHARED : NP_MAPPING_PRIVATE;
        return true;
    case NP_BACKING_TMPFS:
        *ret_kind = shared ? NP_MAPPING_SHARED : NP_MAPPING_FILE;
        return true;
    case NP_BACKING_ORDINARY:
        *ret_kind = NP_MAPPING_FILE;
        return true;
    case NP_BACKING_OTHER:
        break;
    }
    return false;
}

bool np_mapping_kind_of(const struct np_mapping_call *call, enum np_mapping_kind *ret_kind)
{
    const int sharing = call->flags & KIND_MASK;
    if ((call->protection & PROT_EXEC) || (call->flags & (MAP_HUGETLB | MAP_32BIT)) ||
        (sharing != MAP_PRIVATE && sharing != MAP_SHARED && sharing != MAP_SHARED_VALIDATE))
        return false;
    if (!(call->flags & MAP_ANONYMOUS))
        return kind_of_file(call, ret_kind);
    if (sharing != MAP_PRIVATE)
        *ret_kind = NP_MAPPING_SHARED;
    else
        *ret_kind = (call->flags & (MAP_STACK | MAP_GROWSDOWN)) ? NP_MAPPING_STACK : NP_MAPPING_PRIVATE;
    return true;
}

const struct np_mapping_rule *np_mapping_match_kind(enum np_mapping_kind kind, size_t length)
{
    for (unsigned i = 0; i < rules.count; i++) {
        const struct np_placement *placement = rules.table[i].placement;
        if ((placement->kind == NP_MAPPING_ANY || placement->kind == kind) && length >= placement->min_size &&
            length < placement->max_size)
            return &rules.table[i];
    }
    return NULL;
}

const struct np_mapping_rule *np_mapping_match(const struct np_mapping_call *call,
                                               enum np_mapping_kind *ret_kind)
{
    enum np_mapping_kind kind;
    if (call->length == 0 || !np_mapping_concerns(call->length, call->flags) ||
        !np_mapping_kind_of(call, &kind))
        return NULL;
    const struct np_mapping_rule *rule = np_mapping_match_kind(kind, call->length);
    if (rule == NULL || rule->placement->mode == NP_SYSTEM)
        return NULL;
    *ret_kind = kind;
    return rule;
}

const struct np_mapping_rule *np_mapping_rule_at(uint32_t index)
{
    return &rules.table[index - rules.first];
}
