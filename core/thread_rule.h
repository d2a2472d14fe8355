/* SPDX-License-Identifier: MIT */
/* thread_rule - a [thread.NAME] section as written, and which of them a thread belongs to: the first in the
 * order of the file all of whose matchers match. */
#ifndef NP_CORE_THREAD_RULE_H
#define NP_CORE_THREAD_RULE_H

#include "policy.h"
#include "strategy.h"

#define NP_MAX_THREAD_RULES 64
#define NP_GLOB_SIZE        192 /* a line of a policy file has 190 bytes */
#define NP_INDEX_RANGES     96  /* more than a line can hold */

/** A list of ids such as 1-4,8; both ends are part of a range. */
struct np_index_list {
    unsigned count;
    struct {
        uint32_t first, last;
    } ranges[NP_INDEX_RANGES];
};

/** A `pin =` value. */
struct np_pin_choice {
    enum np_strategy strategy;
    np_cpuset list; /* of NP_PIN_LIST */
};

/** A section as the file has it. Lines are 1-based, 0 where a key was not given. */
struct np_thread_rule {
    char section[NP_SECTION_SIZE];
    unsigned line, pin_line, nodes_line;
    struct np_index_list index; /* empty: any */
    char name[NP_GLOB_SIZE];    /* "": any, and no name is needed */
    char start[NP_GLOB_SIZE];   /* "": any */
    struct np_pin_choice pin;
    struct np_node_list nodes;
    bool override;
    enum np_hardness hardness;
};

/** The [process] section. Its nodes are for the policy and for the pin of the main thread. */
struct np_process_rule {
    struct np_rule policy; /* `system` when none was given */
    struct np_pin_choice pin;
    unsigned pin_line;
};

/** What is known of a thread. */
struct np_thread_facts {
    uint64_t index;   /* by creation, the main thread is 0 */
    const char *name; /* NULL: none was set */
    uint64_t starts;  /* the rules, by their place, whose `start` it has: np_thread_rules_starts() */
};

/** np_thread_rules_starts() - the rules whose `start` matches a start routine. @object: base name of the file
 * that holds it, @symbol: its name; each NULL when unknown. Context: no locks; fnmatch(3) on short texts. */
uint64_t np_thread_rules_starts(const struct np_thread_rule *rules, unsigned count, const char *object,
                                const char *symbol);
/** np_thread_rules_find() - the first rule whose matchers all match; the main thread is matched by an `index`
 * only. Context: as above. Return: its place, or -1. */
int np_thread_rules_find(const struct np_thread_rule *rules, unsigned count,
                         const struct np_thread_facts *facts);

/** np_pin_choice_takes_nodes() - is `nodes =` a part of this choice? */
static inline bool np_pin_choice_takes_nodes(const struct np_pin_choice *choice)
{
    return choice->strategy != NP_PIN_NONE && choice->strategy != NP_PIN_LIST;
}

/** A `pin =` resolved against this machine: immutable afterwards. */
struct np_pinning {
    enum np_strategy strategy;
    bool refused;                /* hard mode cannot be had: threads run unpinned */
    bool usable;                 /* there is a set to pin to */
    np_nodeset nodes;            /* whose CPUs are used */
    char reason[NP_REASON_SIZE]; /* why less than requested holds, or "" */
    struct np_pin_plan plan;
};

/** np_pinning_resolve() - find out what a choice gets here. Context: start-up.
 * @list: the nodes as written. @processors: with the details that the strategy wants.
 * Return: 0 (a degraded one has a reason); -ENODEV when no node of the list exists, *ret_problem is set;
 * -EOPNOTSUPP when the rule is hard and cannot be had whole: *ret_problem is set too, and @ret_pinning says
 * refused. */
int np_pinning_resolve(const struct np_pin_choice *choice, const struct np_node_list *list,
                       enum np_hardness hardness, const np_topology *topology,
                       const struct np_processors *processors, struct np_pinning *ret_pinning,
                       struct np_policy_problem *ret_problem);
/** np_thread_rule_resolve() - the same for a rule; the problem has its line. */
int np_thread_rule_resolve(const struct np_thread_rule *rule, const np_topology *topology,
                           const struct np_processors *processors, struct np_pinning *ret_pinning,
                           struct np_policy_problem *ret_problem);
/** np_process_rule_resolve() - the same for the pin of [process]. */
int np_process_rule_resolve(const struct np_process_rule *rule, const np_topology *topology,
                            const struct np_processors *processors, struct np_pinning *ret_pinning,
                            struct np_policy_problem *ret_problem);
/** np_thread_rules_details() - what processors must know for these rules. */
unsigned np_thread_rules_details(const struct np_thread_rule *rules, unsigned count);

#endif
