/* SPDX-License-Identifier: MIT */
/* policy - a rule as a policy file asks for it, and the placement that this machine gives to it.
 *
 * Data flows one way: config fills np_rule from the file, np_policy_resolve() turns it into a frozen
 * np_placement against a topology, zones are made from placements. */
#ifndef NP_CORE_POLICY_H
#define NP_CORE_POLICY_H

#include "kernel.h"
#include "node_list.h"
#include "numaperf.h"

#define NP_SECTION_SIZE 48 /* "malloc." and a name of at most 32 bytes, with its NUL */

/** Kinds of mappings, for [mmap.*]. */
enum np_mapping_kind {
    NP_MAPPING_ANY,
    NP_MAPPING_PRIVATE, /* anonymous, for this process alone */
    NP_MAPPING_SHARED,  /* anonymous or in tmpfs, for several */
    NP_MAPPING_FILE,    /* of any other file */
    NP_MAPPING_STACK,   /* anonymous, with MAP_STACK or MAP_GROWSDOWN */
};

/** One section with a policy, as the file has it. Lines are 1-based, 0 where a key was not given. */
struct np_rule {
    char section[NP_SECTION_SIZE]; /* such as "malloc.large" */
    unsigned line, policy_line, nodes_line, huge_line, mode_line;
    size_t min_size, max_size; /* bytes, max exclusive; SIZE_MAX: no end */
    enum np_mode mode;
    struct np_node_list nodes;
    enum np_huge huge;
    enum np_prefault prefault;
    enum np_hardness hardness;
    enum np_mapping_kind kind; /* [mmap.*] */
};

/** A rule resolved against this machine: immutable afterwards. */
struct np_placement {
    char section[NP_SECTION_SIZE];
    size_t min_size, max_size;
    enum np_mode mode; /* as requested */
    np_nodeset nodes;  /* obtained: requested and usable here. local: every usable node. first-touch: empty */
    np_nodeset dropped;            /* requested, but absent, without memory or not allowed */
    uint8_t weights[NP_MAX_NODES]; /* weighted-interleave: 1 to 255 for each of nodes */
    enum np_huge huge;             /* as requested */
    enum np_prefault prefault;
    enum np_hardness hardness;
    enum np_mapping_kind kind;
    bool refused;                /* hard mode cannot be had: every allocation of the rule fails with ENOMEM */
    bool left;                   /* to the next malloc, which has to have every block */
    char reason[NP_REASON_SIZE]; /* why less than requested holds, or "" */
};

/** What is wrong with a rule on this machine: the key at fault ("nodes", "policy", "huge-pages"), its line,
 * and why. */
struct np_policy_problem {
    const char *key;
    unsigned line;
    char text[NP_REASON_SIZE];
};

/** np_mode_name() - the word of policy files for a mode, such as "weighted-interleave". */
const char *np_mode_name(enum np_mode mode);
/** np_mode_from_name() - the mode of a word, or -EINVAL. */
int np_mode_from_name(const char *name);
/** np_mode_has_nodes() - does a list of nodes belong to the mode? */
bool np_mode_has_nodes(enum np_mode mode);
/** np_mode_uses_mbind() - does memory of this mode get a policy from the kernel? */
bool np_mode_uses_mbind(enum np_mode mode);
/** np_enforcement_name() - "strict", "best-effort" or "none". */
const char *np_enforcement_name(enum np_enforcement enforcement);

/** np_policy_resolve() - freeze a rule against what this process may use. Context: start-up. @topology may
 * be NULL for modes that need none (system, first-touch).
 * Return: 0, *ret_placement is set (degraded ones have a reason); -ENODEV when no node is left ("no such
 * nodes") or `preferred` was left with several, *ret_problem is set; -EOPNOTSUPP when the rule is hard and
 * this machine cannot give it, be it for want of any of its nodes: *ret_problem AND *ret_placement (with
 * refused = true) are set. */
int np_policy_resolve(const struct np_rule *rule, const np_topology *topology,
                      struct np_placement *ret_placement, struct np_policy_problem *ret_problem);

/** np_policy_resolve_choice() - the same for nodes that were chosen already; of the rule's own list, `weighted` says whether
 * the choice has weights. */
int np_policy_resolve_choice(const struct np_rule *rule, const struct np_node_choice *choice,
                             const np_topology *topology, struct np_placement *ret_placement,
                             struct np_policy_problem *ret_problem);

/** np_policy_explain_dropped() - append to @reason (NP_REASON_SIZE) which nodes cannot be had and why: "nodes 5,7 do not
 * exist, node 1 has no memory". */
void np_policy_explain_dropped(const np_nodeset *dropped, const np_topology *topology, char *reason);
/** np_policy_default_weights() - weights for weighted-interleave without any given: the kernel's sysfs
 * weights where it has them, else in the ratio of the nodes' bandwidth (HMAT, access0/initiators), else
 * all 1. Context: start-up. */
void np_policy_default_weights(const np_nodeset *nodes, uint8_t *ret_weights);
/** np_policy_kernel_weights_equal() - may the kernel's own weighted mode serve these weights: does it have
 * the mode, and is /sys/kernel/mm/mempolicy/weighted_interleave/nodeN in the same ratio for each node?
 * Context: start-up. */
bool np_policy_kernel_weights_equal(const np_nodeset *nodes, const uint8_t *weights);

#endif
