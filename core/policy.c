/* SPDX-License-Identifier: MIT */
#include "policy.h"

#include "log.h"
#include "thp.h"
#include "topology.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *name;
    bool has_nodes;  /* a list of nodes belongs to it */
    bool uses_mbind; /* its zones get a policy from the kernel */
} modes[] = {
    [NP_SYSTEM] = {"system", false, false},
    [NP_FIRST_TOUCH] = {"first-touch", false, false},
    [NP_LOCAL] = {"local", false, true},
    [NP_BIND] = {"bind", true, true},
    [NP_PREFERRED] = {"preferred", true, true},
    [NP_PREFERRED_MANY] = {"preferred-many", true, true},
    [NP_INTERLEAVE] = {"interleave", true, true},
    [NP_WEIGHTED_INTERLEAVE] = {"weighted-interleave", true, true},
};

#define MODE_COUNT (sizeof modes / sizeof modes[0])

const char *np_mode_name(enum np_mode mode)
{
    return (size_t)mode < MODE_COUNT ? modes[mode].name : "unknown";
}

bool np_mode_has_nodes(enum np_mode mode)
{
    return (size_t)mode < MODE_COUNT && modes[mode].has_nodes;
}

bool np_mode_uses_mbind(enum np_mode mode)
{
    return (size_t)mode < MODE_COUNT && modes[mode].uses_mbind;
}

int np_mode_from_name(const char *name)
{
    for (size_t mode = 0; name != NULL && mode < MODE_COUNT; mode++)
        if (strcmp(name, modes[mode].name) == 0)
            return (int)mode;
    return -EINVAL;
}

const char *np_enforcement_name(enum np_enforcement enforcement)
{
    static const char *const names[] = {
        [NP_STRICT] = "strict", [NP_BEST_EFFORT] = "best-effort", [NP_NONE] = "none"};
    return (size_t)enforcement < sizeof names / sizeof names[0] ? names[enforcement] : "unknown";
}

/* ---- Reasons ---- */

static void append_nodes(char *reason, const np_nodeset *nodes, const char *one, const char *several)
{
    char list[48];
    const unsigned count = np_nodeset_count(nodes);
    if (count == 0)
        return;
    const bool cut = np_nodeset_format(nodes, list, sizeof list) >= (int)sizeof list;
    np_reason_append(reason, ", ", "%s %s%s %s", count == 1 ? "node" : "nodes", list, cut ? "..." : "",
                     count == 1 ? one : several);
}

void np_policy_explain_dropped(const np_nodeset *dropped, const np_topology *topology, char *reason)
{
    np_nodeset absent = *dropped, empty = {0}, forbidden = {0};
    for (unsigned i = 0; i < np_topology_node_count(topology); i++) {
        const int id = np_topology_node_id(topology, i);
        if (!np_nodeset_has(dropped, id))
            continue;
        np_nodeset_remove(&absent, id);
        (void)np_nodeset_add(np_topology_node_memory(topology, id) == 0 ? &empty : &forbidden, id);
    }
    if (np_topology_is_partial(topology))
        append_nodes(reason, &absent, "does not exist or is not allowed", "do not exist or are not allowed");
    else
        append_nodes(reason, &absent, "does not exist", "do not exist");
    append_nodes(reason, &empty, "has no memory", "have no memory");
    append_nodes(reason, &forbidden, "is not allowed", "are not allowed");
}

static const char *error_text(int error)
{
    switch (error) {
    case -EPERM:
        return "operation not permitted";
    case -ENOSYS:
        return "function not implemented";
    case -EINVAL:
        return "invalid argument";
    default:
        return "it fails";
    }
}

/* ---- Resolving ---- */

/* The page size that a rule asks for and this kernel does not have, or NULL. */
static const char *missing_pages(enum np_huge huge)
{
    switch (huge) {
    case NP_HUGE_THP:
        return np_thp_size() == 0 ? "transparent huge pages" : NULL;
    case NP_HUGE_2M:
        return np_kernel_has_huge_pages((size_t)2 << 20) ? NULL : "2M pages";
    case NP_HUGE_1G:
        return np_kernel_has_huge_pages((size_t)1 << 30) ? NULL : "1G pages";
    case NP_HUGE_DEFAULT:
    case NP_HUGE_NEVER:
        break;
    }
    return NULL;
}

/* What a mode lacks on this kernel; false when nothing. Pages of hard bind and local are committed and
 * then looked for with move_pages, so without it they cannot be had. */
static bool lacks_mode(const struct np_rule *rule, char *reason)
{
    if (!modes[rule->mode].uses_mbind)
        return false;
    const int error = np_kernel_mbind_error();
    if (error != 0) {
        np_reason_append(reason, "; ", "mbind: %s", error_text(error));
        return true;
    }
    if (rule->mode == NP_PREFERRED_MANY && !np_kernel_support()->preferred_many) {
        np_reason_append(reason, "; ", "the kernel has no preferred-many");
        return true;
    }
    const bool verified = rule->hardness == NP_HARD && (rule->mode == NP_BIND || rule->mode == NP_LOCAL);
    if (verified && np_kernel_support()->move_pages_error != 0) {
        np_reason_append(reason, "; ", "move_pages: %s", error_text(np_kernel_support()->move_pages_error));
        return true;
    }
    return false;
}

static void blame(struct np_policy_problem *problem, const char *key, unsigned line)
{
    if (problem->key == NULL) {
        problem->key = key;
        problem->line = line;
    }
}

/* Fills the placement's reason and, for the first of them, the problem's key and line. */
static void find_lacks(const struct np_rule *rule, const np_topology *topology,
                       const struct np_node_choice *choice, struct np_placement *placement,
                       struct np_policy_problem *problem)
{
    if (np_nodeset_count(&placement->dropped) > 0) {
        np_policy_explain_dropped(&placement->dropped, topology, placement->reason);
        blame(problem, "nodes", rule->nodes_line);
    }
    if (*choice->lacking != '\0') {
        np_reason_append(placement->reason, ", ", "%s", choice->lacking);
        blame(problem, "nodes", rule->nodes_line);
    }
    if (*choice->note != '\0')
        np_reason_append(placement->reason, ", ", "%s", choice->note);
    if (lacks_mode(rule, placement->reason))
        blame(problem, "policy", rule->policy_line);
    const char *pages = missing_pages(rule->huge);
    if (pages != NULL) {
        np_reason_append(placement->reason, "; ", "this kernel has no %s", pages);
        blame(problem, "huge-pages", rule->huge_line);
    }
}

static int refuse_nodes(const struct np_rule *rule, const char *text, struct np_policy_problem *ret_problem)
{
    *ret_problem = (struct np_policy_problem){.key = "nodes", .line = rule->nodes_line};
    (void)np_format(ret_problem->text, sizeof ret_problem->text, "%s", text);
    return -ENODEV;
}

/* No node is left. Where some would be on another machine, hard mode refuses the rule and not the file. */
static int refuse_all(const struct np_rule *rule, const struct np_node_choice *choice,
                      struct np_placement *placement, struct np_placement *ret_placement,
                      struct np_policy_problem *ret_problem)
{
    np_reason_append(placement->reason, "", "no such nodes");
    if (*choice->lacking != '\0')
        np_reason_append(placement->reason, ": ", "%s", choice->lacking);
    (void)refuse_nodes(rule, placement->reason, ret_problem);
    placement->refused =
        rule->hardness == NP_HARD && (np_nodeset_count(&choice->dropped) > 0 || *choice->lacking != '\0');
    if (!placement->refused)
        return -ENODEV;
    *ret_placement = *placement;
    return -EOPNOTSUPP;
}

static void take_choice(const struct np_rule *rule, const struct np_node_choice *choice,
                        struct np_placement *placement)
{
    placement->nodes = choice->nodes;
    placement->dropped = choice->dropped;
    if (rule->mode != NP_WEIGHTED_INTERLEAVE)
        return;
    if (rule->nodes.weighted)
        memcpy(placement->weights, choice->weights, sizeof placement->weights);
    else
        np_policy_default_weights(&placement->nodes, placement->weights);
}

int np_policy_resolve_choice(const struct np_rule *rule, const struct np_node_choice *choice,
                             const np_topology *topology, struct np_placement *ret_placement,
                             struct np_policy_problem *ret_problem)
{
    struct np_placement placement = {
        .min_size = rule->min_size,
        .max_size = rule->max_size,
        .mode = rule->mode,
        .huge = rule->huge,
        .prefault = rule->prefault,
        .hardness = rule->hardness,
        .kind = rule->kind,
    };
    struct np_policy_problem problem = {0};
    memcpy(placement.section, rule->section, sizeof placement.section);
    if (modes[rule->mode].uses_mbind)
        take_choice(rule, choice, &placement);
    const unsigned count = np_nodeset_count(&placement.nodes);
    if (count == 0 && modes[rule->mode].uses_mbind)
        return refuse_all(rule, choice, &placement, ret_placement, ret_problem);
    if (count > 1 && rule->mode == NP_PREFERRED)
        return refuse_nodes(rule, "preferred takes one node", ret_problem);

    find_lacks(rule, topology, choice, &placement, &problem);
    placement.refused = rule->hardness == NP_HARD && problem.key != NULL;
    *ret_placement = placement;
    if (!placement.refused)
        return 0;
    memcpy(problem.text, placement.reason, sizeof problem.text);
    *ret_problem = problem;
    return -EOPNOTSUPP;
}

int np_policy_resolve(const struct np_rule *rule, const np_topology *topology,
                      struct np_placement *ret_placement, struct np_policy_problem *ret_problem)
{
    struct np_node_choice choice = {.nodes = *np_topology_allowed(topology)};
    if (modes[rule->mode].has_nodes && np_node_list_resolve(&rule->nodes, topology, &choice) < 0)
        return refuse_nodes(rule, choice.note, ret_problem);
    return np_policy_resolve_choice(rule, &choice, topology, ret_placement, ret_problem);
}
