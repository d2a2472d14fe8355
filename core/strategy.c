/* SPDX-License-Identifier: MIT */
#include "strategy.h"

/* ---- Building a plan, set by set ---- */

static void begin_set(struct np_pin_plan *plan, int node)
{
    plan->nodes[plan->sets] = (int16_t)node;
    plan->first[plan->sets + 1] = plan->first[plan->sets];
    plan->sets++;
}

/* Adds a CPU to the set begun last. */
static void add_cpu(struct np_pin_plan *plan, const struct np_processors_cpu *cpu)
{
    plan->cpus[plan->first[plan->sets]++] = cpu->cpu;
    if (plan->nodes[plan->sets - 1] != (int16_t)cpu->node)
        plan->nodes[plan->sets - 1] = -1;
}

/* ---- What makes CPUs one set ---- */

static bool same_none(const struct np_processors_cpu *a, const struct np_processors_cpu *b)
{
    (void)a, (void)b;
    return false;
}

static bool same_node(const struct np_processors_cpu *a, const struct np_processors_cpu *b)
{
    return a->node == b->node;
}

static bool same_core(const struct np_processors_cpu *a, const struct np_processors_cpu *b)
{
    return same_node(a, b) && a->core == b->core;
}

/* A cache that serves two nodes (sub-NUMA clusters) gives two sets: the thread's memory is one node's. */
static bool same_cache(const struct np_processors_cpu *a, const struct np_processors_cpu *b)
{
    return same_node(a, b) && a->cache == b->cache;
}

/* ---- The strategies; each sees the CPUs of the rule's nodes in the order of the machine ---- */

typedef bool same_set(const struct np_processors_cpu *a, const struct np_processors_cpu *b);

/* CPUs that belong together need not be neighbours: two caches of a node may share it CPU by CPU. */
static void make_groups(const struct np_processors *chosen, same_set *same, struct np_pin_plan *plan)
{
    np_cpuset done = {0};
    for (unsigned i = 0; i < chosen->count; i++) {
        const struct np_processors_cpu *first = &chosen->cpus[i];
        if (np_cpuset_has(&done, first->cpu))
            continue;
        begin_set(plan, first->node);
        add_cpu(plan, first);
        for (unsigned k = i + 1; k < chosen->count && same_node(first, &chosen->cpus[k]); k++) {
            if (!same(first, &chosen->cpus[k]))
                continue;
            add_cpu(plan, &chosen->cpus[k]);
            (void)np_cpuset_add(&done, chosen->cpus[k].cpu);
        }
    }
}

/* The end of the node whose CPUs begin at @start. */
static unsigned end_of_node(const struct np_processors *chosen, unsigned start)
{
    unsigned end = start + 1;
    while (end < chosen->count && same_node(&chosen->cpus[start], &chosen->cpus[end]))
        end++;
    return end;
}

/* The CPUs of each node anew: the first hardware threads of all its cores, then the second ones, and so on. */
static void spread_cores(const struct np_processors *chosen, struct np_processors *ret_spread)
{
    ret_spread->count = 0;
    for (unsigned start = 0, end; start < chosen->count; start = end) {
        end = end_of_node(chosen, start);
        for (unsigned thread = 0; ret_spread->count < end; thread++) {
            unsigned in_core = 0;
            for (unsigned i = start; i < end; i++) {
                in_core = i > start && same_core(&chosen->cpus[i - 1], &chosen->cpus[i]) ? in_core + 1 : 0;
                if (in_core == thread)
                    ret_spread->cpus[ret_spread->count++] = chosen->cpus[i];
            }
        }
    }
}

/* Nodes with fewer CPUs are passed over when theirs are used up, so that none is used twice in a turn. */
static void make_scatter(const struct np_processors *chosen, same_set *same, struct np_pin_plan *plan)
{
    static struct np_processors spread; /* start-up has one thread */
    (void)same;
    spread_cores(chosen, &spread);
    for (unsigned round = 0; plan->sets < spread.count; round++) {
        for (unsigned start = 0, end; start < spread.count; start = end) {
            end = end_of_node(&spread, start);
            if (round >= end - start)
                continue;
            begin_set(plan, spread.cpus[start].node);
            add_cpu(plan, &spread.cpus[start + round]);
        }
    }
}

static void make_list(const struct np_processors *chosen, same_set *same, struct np_pin_plan *plan)
{
    (void)same;
    if (chosen->count == 0)
        return;
    begin_set(plan, chosen->cpus[0].node);
    for (unsigned i = 0; i < chosen->count; i++)
        add_cpu(plan, &chosen->cpus[i]);
}

static const struct {
    const char *name;
    void (*make)(const struct np_processors *chosen, same_set *same, struct np_pin_plan *plan);
    same_set *same;
    unsigned details;
} strategies[] = {
    [NP_PIN_NONE] = {"none", NULL, NULL, 0},
    [NP_PIN_COMPACT] = {"compact", make_groups, same_none, NP_PROCESSORS_CORES},
    [NP_PIN_SCATTER] = {"scatter", make_scatter, NULL, NP_PROCESSORS_CORES},
    [NP_PIN_NODE] = {"node", make_groups, same_node, 0},
    [NP_PIN_CORE] = {"core", make_groups, same_core, NP_PROCESSORS_CORES},
    [NP_PIN_CACHE] = {"cache", make_groups, same_cache, NP_PROCESSORS_CORES | NP_PROCESSORS_CACHES},
    [NP_PIN_LIST] = {"list", make_list, NULL, 0},
};

const char *np_strategy_name(enum np_strategy strategy)
{
    return strategies[strategy].name;
}

unsigned np_strategy_details(enum np_strategy strategy)
{
    return strategies[strategy].details;
}

void np_pin_plan_make(enum np_strategy strategy, const struct np_processors *processors,
                      const np_nodeset *nodes, const np_cpuset *list, struct np_pin_plan *ret_plan)
{
    static struct np_processors chosen; /* start-up has one thread */
    chosen.count = 0;
    for (unsigned i = 0; i < processors->count; i++) {
        const struct np_processors_cpu *cpu = &processors->cpus[i];
        if (strategy == NP_PIN_LIST ? np_cpuset_has(list, cpu->cpu) : np_nodeset_has(nodes, cpu->node))
            chosen.cpus[chosen.count++] = *cpu;
    }
    ret_plan->sets = 0;
    ret_plan->first[0] = 0;
    if (strategies[strategy].make != NULL)
        strategies[strategy].make(&chosen, strategies[strategy].same, ret_plan);
}

int np_pin_plan_set(const struct np_pin_plan *plan, uint64_t number, np_cpuset *ret_cpus)
{
    const unsigned set = (unsigned)(number % plan->sets);
    np_cpuset_zero(ret_cpus);
    for (unsigned i = plan->first[set]; i < plan->first[set + 1]; i++)
        (void)np_cpuset_add(ret_cpus, plan->cpus[i]);
    return plan->nodes[set];
}
