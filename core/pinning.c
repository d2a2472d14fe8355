/* SPDX-License-Identifier: MIT */
/* What a `pin =` gets on this processors, and why it may be less than was asked for. */
#include "log.h"
#include "thread_rule.h"

#include <errno.h>
#include <string.h>

/* Where a reason of several parts ends, so that the next can be added. */
struct reason {
    char *text;
    size_t used;
};

static void add_reason(struct reason *reason, const char *subject, const char *list, const char *what)
{
    size_t left = NP_REASON_SIZE - reason->used;
    int length = np_format(reason->text + reason->used, left, "%s%s%s%s", reason->used > 0 ? "; " : "",
                           subject, list, what);
    reason->used += (size_t)length < left ? (size_t)length : left - 1;
}

static void add_nodes(struct reason *reason, const np_nodeset *nodes, const char *one, const char *several)
{
    char list[48];
    const unsigned count = np_nodeset_count(nodes);
    if (count == 0)
        return;
    (void)np_nodeset_format(nodes, list, sizeof list);
    add_reason(reason, count == 1 ? "node " : "nodes ", list, count == 1 ? one : several);
}

static np_nodeset nodes_with_cpus(const np_topology *topology)
{
    np_nodeset nodes = {0};
    for (unsigned i = 0; i < np_topology_node_count(topology); i++) {
        const int id = np_topology_node_id(topology, i);
        if (np_topology_has_cpus(topology, id))
            (void)np_nodeset_add(&nodes, id);
    }
    return nodes;
}

/* The nodes that the list names by their ids: what a word such as `all` includes beside them is no promise. */
static np_nodeset nodes_by_id(const struct np_node_list *list)
{
    np_nodeset nodes = {0};
    for (unsigned i = 0; i < list->count; i++) {
        const struct np_node_item *item = &list->items[i];
        for (int id = item->first; item->word == NP_NODES_IDS && !item->excluded && id <= item->last; id++)
            (void)np_nodeset_add(&nodes, id);
    }
    return nodes;
}

/* What the list names, whether it can be used or not. Return: 0; -ENODEV. */
static int find_wanted(const struct np_node_list *list, const np_topology *topology, np_nodeset *ret_wanted,
                       struct reason *reason)
{
    static struct np_node_choice choice; /* start-up has one thread */
    if (!list->present) {
        *ret_wanted = nodes_with_cpus(topology);
        return 0;
    }
    if (np_node_list_resolve(list, topology, &choice) < 0)
        return -ENODEV;
    *ret_wanted = choice.nodes;
    np_nodeset_or(ret_wanted, &choice.dropped);
    if (*choice.lacking != '\0')
        add_reason(reason, "", "", choice.lacking);
    return 0;
}

/* Cuts the nodes asked for to those that have CPUs for us. Return: is there any of them at all? */
static bool choose_nodes(const struct np_node_list *list, const np_topology *topology, np_nodeset *ret_nodes,
                         struct reason *reason)
{
    const np_nodeset named = nodes_by_id(list);
    np_nodeset absent, memory_only = {0}, closed = {0}, wanted;
    np_nodeset_zero(ret_nodes);
    if (find_wanted(list, topology, &wanted, reason) < 0)
        return false;
    absent = wanted;
    for (unsigned i = 0; i < np_topology_node_count(topology); i++) {
        const int id = np_topology_node_id(topology, i);
        if (!np_nodeset_has(&wanted, id))
            continue;
        np_nodeset_remove(&absent, id);
        if (np_cpuset_next(np_topology_node_cpus(topology, id), -1) >= 0)
            (void)np_nodeset_add(ret_nodes, id);
        else
            (void)np_nodeset_add(np_topology_has_cpus(topology, id) ? &closed : &memory_only, id);
    }
    if (np_nodeset_count(ret_nodes) > 0) {
        np_nodeset_and(&memory_only, &named);
        np_nodeset_and(&closed, &named);
    }
    add_nodes(reason, &absent, " does not exist", " do not exist");
    add_nodes(reason, &memory_only, " has no CPUs", " have no CPUs");
    add_nodes(reason, &closed, " has no CPUs that this process may use",
              " have no CPUs that this process may use");
    return !np_nodeset_equal(&absent, &wanted);
}

static void check_list(const np_cpuset *list, const struct np_processors *processors, struct reason *reason)
{
    char text[48];
    np_cpuset missing = *list;
    for (unsigned i = 0; i < processors->count; i++)
        np_cpuset_remove(&missing, processors->cpus[i].cpu);
    const unsigned count = np_cpuset_count(&missing);
    (void)np_cpuset_format(&missing, text, sizeof text);
    if (count > 0)
        add_reason(reason, count == 1 ? "CPU " : "CPUs ", text, " cannot be used by this process");
}

static void check_details(enum np_strategy strategy, const struct np_processors *processors,
                          struct reason *reason)
{
    const unsigned details = np_strategy_details(strategy);
    if ((details & NP_PROCESSORS_CORES) && !processors->cores_known)
        add_reason(reason, "", "", "the cores of this machine are not known: each CPU counts as one");
    if ((details & NP_PROCESSORS_CACHES) && !processors->caches_known)
        add_reason(reason, "", "", "the caches of this machine are not known: each node counts as one");
}

static void blame(const char *key, const char *text, struct np_policy_problem *ret_problem)
{
    *ret_problem = (struct np_policy_problem){.key = key};
    (void)np_format(ret_problem->text, sizeof ret_problem->text, "%s", text);
}

int np_pinning_resolve(const struct np_pin_choice *choice, const struct np_node_list *list,
                       enum np_hardness hardness, const np_topology *topology,
                       const struct np_processors *processors, struct np_pinning *ret_pinning,
                       struct np_policy_problem *ret_problem)
{
    struct reason reason = {.text = ret_pinning->reason};
    const bool by_nodes = np_pin_choice_takes_nodes(choice);
    ret_pinning->strategy = choice->strategy;
    ret_pinning->refused = ret_pinning->usable = false;
    *reason.text = '\0';
    np_nodeset_zero(&ret_pinning->nodes);
    if (choice->strategy == NP_PIN_NONE)
        return 0;
    if (by_nodes && !choose_nodes(list, topology, &ret_pinning->nodes, &reason)) {
        blame("nodes", "no such nodes", ret_problem);
        return -ENODEV;
    }
    const bool nodes_at_fault = reason.used > 0;
    if (by_nodes)
        check_details(choice->strategy, processors, &reason);
    else
        check_list(&choice->list, processors, &reason);
    np_pin_plan_make(choice->strategy, processors, &ret_pinning->nodes, &choice->list, &ret_pinning->plan);
    ret_pinning->usable = ret_pinning->plan.sets > 0;
    if (!ret_pinning->usable && reason.used == 0)
        add_reason(&reason, "", "", "the CPUs of the nodes are not known");
    ret_pinning->refused = hardness == NP_HARD && reason.used > 0;
    if (!ret_pinning->refused)
        return 0;
    ret_pinning->usable = false;
    blame(nodes_at_fault ? "nodes" : "pin", reason.text, ret_problem);
    return -EOPNOTSUPP;
}

static int with_line(int result, struct np_policy_problem *problem, unsigned nodes_line, unsigned pin_line)
{
    if (result < 0)
        problem->line = nodes_line != 0 && strcmp(problem->key, "nodes") == 0 ? nodes_line : pin_line;
    return result;
}

int np_thread_rule_resolve(const struct np_thread_rule *rule, const np_topology *topology,
                           const struct np_processors *processors, struct np_pinning *ret_pinning,
                           struct np_policy_problem *ret_problem)
{
    int result = np_pinning_resolve(&rule->pin, &rule->nodes, rule->hardness, topology, processors,
                                    ret_pinning, ret_problem);
    return with_line(result, ret_problem, rule->nodes_line, rule->pin_line);
}

int np_process_rule_resolve(const struct np_process_rule *rule, const np_topology *topology,
                            const struct np_processors *processors, struct np_pinning *ret_pinning,
                            struct np_policy_problem *ret_problem)
{
    int result = np_pinning_resolve(&rule->pin, &rule->policy.nodes, rule->policy.hardness, topology,
                                    processors, ret_pinning, ret_problem);
    return with_line(result, ret_problem, rule->policy.nodes_line, rule->pin_line);
}

unsigned np_thread_rules_details(const struct np_thread_rule *rules, unsigned count)
{
    unsigned details = 0;
    for (unsigned i = 0; i < count; i++)
        details |= np_strategy_details(rules[i].pin.strategy);
    return details;
}
