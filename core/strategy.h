/* SPDX-License-Identifier: MIT */
/* strategy - which CPUs the first, second, third thread of a rule gets: a plan made once from the processors,
 * the rule's nodes and what this process may use, and read by threads that start. */
#ifndef NP_CORE_STRATEGY_H
#define NP_CORE_STRATEGY_H

#include "processors.h"

enum np_strategy {
    NP_PIN_NONE = 0, /* left alone */
    NP_PIN_COMPACT,  /* one CPU each, filling core after core, node after node */
    NP_PIN_SCATTER,  /* one CPU each, round the nodes, and in each node round the cores */
    NP_PIN_NODE,     /* all CPUs of one node each, round the nodes */
    NP_PIN_CORE,     /* all hardware threads of one core each */
    NP_PIN_CACHE,    /* all CPUs of one last-level cache each */
    NP_PIN_LIST,     /* the CPUs named, all of them for each thread */
};

/** np_strategy_name() - the word of policy files, such as "scatter"; "list" for NP_PIN_LIST. */
const char *np_strategy_name(enum np_strategy strategy);
/** np_strategy_details() - of enum np_processors_detail: what a machine must know for this strategy. */
unsigned np_strategy_details(enum np_strategy strategy);

/** The sets of a plan, handed out round robin: set i is cpus[first[i]] up to cpus[first[i + 1]], without it. */
struct np_pin_plan {
    unsigned sets; /* 0: there is no CPU for it */
    uint16_t first[NP_MAX_CPUS + 1];
    uint16_t cpus[NP_MAX_CPUS];
    int16_t nodes[NP_MAX_CPUS]; /* the node of each set, -1 when it has CPUs of several */
};

/** np_pin_plan_make() - make the plan of a strategy.
 * @nodes: those whose CPUs may be used. @list: the CPUs of NP_PIN_LIST; both are cut to the CPUs of the
 * processors, which are what the process may use. Context: start-up. */
void np_pin_plan_make(enum np_strategy strategy, const struct np_processors *processors,
                      const np_nodeset *nodes, const np_cpuset *list, struct np_pin_plan *ret_plan);

/** np_pin_plan_set() - the CPUs of a rule's thread number @number, from 0, and their node. @plan has sets.
 * Context: hook-safe. Return: the node, or -1 when the CPUs are of several. */
int np_pin_plan_set(const struct np_pin_plan *plan, uint64_t number, np_cpuset *ret_cpus);

#endif
