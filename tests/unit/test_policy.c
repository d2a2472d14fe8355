/* SPDX-License-Identifier: MIT */
/* Rules resolved against copies of machines. What the kernel refuses is tested in a sandbox: test_denied.c. */
#include "policy.h"

#include "fixture.h"
#include "node_items.h"
#include "tap.h"
#include "topology.h"

#include <errno.h>
#include <stdlib.h>

static const struct {
    const char *machine;
    enum np_mode mode;
    enum np_hardness hardness;
    const char *list;
    int result;
    const char *nodes;  /* obtained; of a refused rule with -EOPNOTSUPP too */
    const char *reason; /* of the placement, or the problem's text */
} cases[] = {
    {"four-nodes", NP_BIND, NP_SOFT, "1-2", 0, "1-2", ""},
    {"four-nodes", NP_BIND, NP_HARD, "1-2", 0, "1-2", ""},
    {"four-nodes", NP_INTERLEAVE, NP_SOFT, "all", 0, "0-3", ""},
    {"four-nodes", NP_INTERLEAVE, NP_HARD, "all,!1,!3", 0, "0,2", ""},
    {"four-nodes", NP_INTERLEAVE, NP_SOFT, "all,1", 0, "0-3", ""},
    {"four-nodes", NP_INTERLEAVE, NP_SOFT, "0-3,!3", 0, "0-2", ""},
    {"four-nodes", NP_INTERLEAVE, NP_SOFT, "0-1,!7", 0, "0-1", ""},
    {"four-nodes", NP_INTERLEAVE, NP_HARD, "0-1,!7", 0, "0-1", ""},
    {"four-nodes", NP_BIND, NP_SOFT, "1,5", 0, "1", "node 5 does not exist"},
    {"four-nodes", NP_BIND, NP_SOFT, "1,5,7", 0, "1", "nodes 5,7 do not exist"},
    {"four-nodes", NP_BIND, NP_HARD, "1,5,7", -EOPNOTSUPP, "1", "nodes 5,7 do not exist"},
    {"four-nodes", NP_BIND, NP_SOFT, "5", -ENODEV, NULL, "no such nodes"},
    {"four-nodes", NP_BIND, NP_HARD, "1023", -EOPNOTSUPP, NULL, "no such nodes"},
    {"four-nodes", NP_BIND, NP_SOFT, "0-1,!0-1", -ENODEV, NULL, "no such nodes"},
    {"four-nodes", NP_BIND, NP_SOFT, "0-1,!all", -ENODEV, NULL, "no such nodes"},
    {"four-nodes", NP_BIND, NP_SOFT, "all,!all", -ENODEV, NULL, "no such nodes"},
    {"four-nodes", NP_PREFERRED, NP_SOFT, "2", 0, "2", ""},
    {"four-nodes", NP_PREFERRED, NP_SOFT, "2,9", 0, "2", "node 9 does not exist"},
    {"four-nodes", NP_PREFERRED, NP_HARD, "2,9", -EOPNOTSUPP, "2", "node 9 does not exist"},
    {"four-nodes", NP_PREFERRED, NP_SOFT, "1-2", -ENODEV, NULL, "preferred takes one node"},
    {"four-nodes", NP_PREFERRED, NP_HARD, "all", -ENODEV, NULL, "preferred takes one node"},
    {"one-node", NP_PREFERRED, NP_SOFT, "all", 0, "0", ""},
    {"four-nodes", NP_LOCAL, NP_SOFT, NULL, 0, "0-3", ""},
    {"narrowed", NP_LOCAL, NP_HARD, NULL, 0, "1-2", ""},
    {"four-nodes", NP_SYSTEM, NP_HARD, NULL, 0, "", ""},
    {"four-nodes", NP_FIRST_TOUCH, NP_HARD, NULL, 0, "", ""},
    {"narrowed", NP_BIND, NP_SOFT, "0-1", 0, "1", "node 0 is not allowed"},
    {"narrowed", NP_BIND, NP_HARD, "0-3", -EOPNOTSUPP, "1-2", "nodes 0,3 are not allowed"},
    {"narrowed", NP_INTERLEAVE, NP_HARD, "all", 0, "1-2", ""},
    {"memoryless", NP_BIND, NP_SOFT, "0-1", 0, "0", "node 1 has no memory"},
    {"memoryless", NP_INTERLEAVE, NP_HARD, "all", 0, "0,2", ""},
    {"memoryless", NP_BIND, NP_SOFT, "0-1,9", 0, "0", "node 9 does not exist, node 1 has no memory"},
    {"memory-only", NP_BIND, NP_HARD, "2", 0, "2", ""},
    {"sparse", NP_INTERLEAVE, NP_SOFT, "0-5", 0, "0,2,5", "nodes 1,3-4 do not exist"},
    {"high-ids", NP_BIND, NP_HARD, "63-64,127,1023", 0, "63-64,127,1023", ""},
    {"high-ids", NP_PREFERRED, NP_HARD, "63", 0, "63", ""},
    {"tiers", NP_BIND, NP_HARD, "fastest", 0, "0-1", ""},
    {"tiers", NP_BIND, NP_HARD, "near:eth0", 0, "1", ""},
    {"tiers", NP_BIND, NP_SOFT, "0,near:eth9", 0, "0", "near:eth9: no such device"},
    {"tiers", NP_BIND, NP_HARD, "0,near:eth9", -EOPNOTSUPP, "0", "near:eth9: no such device"},
    {"tiers", NP_BIND, NP_SOFT, "near:lo", -ENODEV, NULL,
     "no such nodes: near:lo: the device's node is not known"},
    {"tiers", NP_BIND, NP_HARD, "near:eth9", -EOPNOTSUPP, NULL, "no such nodes: near:eth9: no such device"},
    {"tiers", NP_BIND, NP_SOFT, "5,near:x", -ENODEV, NULL, "no such nodes: near:x: no such device"},
    {"tiers", NP_BIND, NP_SOFT, "0,5,near:x", 0, "0", "node 5 does not exist, near:x: no such device"},
    {"tiers", NP_PREFERRED, NP_HARD, "largest", 0, "2", ""},
    {"tiers", NP_PREFERRED, NP_SOFT, "fastest", -ENODEV, NULL, "preferred takes one node"},
    {"tiers", NP_WEIGHTED_INTERLEAVE, NP_SOFT, "fastest*4,dram*5", -ENODEV, NULL,
     "node 0 is given two weights"},
    {"four-nodes", NP_BIND, NP_HARD, "memory-only", -ENODEV, NULL, "no such nodes"},
    {"four-nodes", NP_BIND, NP_SOFT, "fastest", 0, "0-3", "fastest: no bandwidths are known"},
    {"four-nodes", NP_BIND, NP_HARD, "fastest", -EOPNOTSUPP, "0-3", "fastest: no bandwidths are known"},
    {"four-nodes", NP_BIND, NP_HARD, "1-2,rank", 0, "1-2", "rank: no launcher has told a local rank"},
    {"no-sys", NP_BIND, NP_SOFT, "0,5", 0, "0", "node 5 does not exist or is not allowed"},
};

static np_topology *read_fixture(const char *name)
{
    np_topology *topology = NULL;
    const char *root = fixture(name);
    np_topology_read_sysfs(root, &topology);
    return topology;
}

static void make_rule(enum np_mode mode, enum np_hardness hardness, const char *list, struct np_rule *rule)
{
    *rule = (struct np_rule){.section = "malloc.test",
                             .line = 3,
                             .policy_line = 4,
                             .nodes_line = 5,
                             .huge_line = 6,
                             .min_size = 1024,
                             .max_size = SIZE_MAX,
                             .mode = mode,
                             .hardness = hardness};
    node_items(list, &rule->nodes);
}

static bool check(size_t i, const struct np_placement *placement, const struct np_policy_problem *problem,
                  int result)
{
    char nodes[64] = "";
    np_nodeset_format(&placement->nodes, nodes, sizeof nodes);
    const bool refused = cases[i].result < 0;
    bool good = result == cases[i].result &&
                strcmp(refused ? problem->text : placement->reason, cases[i].reason) == 0;
    if (cases[i].nodes != NULL)
        good = good && strcmp(nodes, cases[i].nodes) == 0 && placement->refused == (result == -EOPNOTSUPP) &&
               strcmp(placement->section, "malloc.test") == 0 && placement->min_size == 1024 &&
               placement->max_size == SIZE_MAX;
    if (refused)
        good = good && problem->key != NULL && strcmp(problem->key, "nodes") == 0 && problem->line == 5;
    tap_ok(good, "%s: %s %s%s%s: %s", cases[i].machine, np_mode_name(cases[i].mode),
           cases[i].hardness == NP_HARD ? "hard " : "", cases[i].list != NULL ? cases[i].list : "-",
           refused ? " is refused" : "", *cases[i].reason != '\0' ? cases[i].reason : "as asked for");
    if (!good)
        printf("# got %d, nodes '%s', reason '%s', text '%s'\n", result, nodes, placement->reason,
               problem->text);
    return good;
}

static void test_cases(void)
{
    static struct np_rule rule;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct np_placement placement;
        struct np_policy_problem problem = {0};
        placement = (struct np_placement){0};
        np_topology *topology = read_fixture(cases[i].machine);
        make_rule(cases[i].mode, cases[i].hardness, cases[i].list, &rule);
        check(i, &placement, &problem, np_policy_resolve(&rule, topology, &placement, &problem));
        np_topology_free(topology);
    }
}

static void check_weights(np_topology *topology, struct np_rule *rule, const uint8_t wanted[4],
                          const char *name)
{
    static struct np_placement placement;
    struct np_policy_problem problem;
    np_policy_resolve(rule, topology, &placement, &problem);
    if (!tap_ok(memcmp(placement.weights, wanted, 4) == 0, "%s", name))
        printf("# got %d:%d:%d:%d\n", placement.weights[0], placement.weights[1], placement.weights[2],
               placement.weights[3]);
}

static void test_weights(void)
{
    static struct np_rule rule;
    np_topology *topology = read_fixture("four-nodes");
    static const struct {
        const char *list;
        uint8_t weights[4];
        const char *name;
    } rows[] = {
        {"0*3,2*255", {3, 0, 255, 0}, "given weights are kept"},
        {"0*3,2", {3, 0, 1, 0}, "a missing weight is 1 when any is given"},
        {"0*3,2,all*2", {3, 2, 1, 2}, "the weight of `all` is for ids not named"},
        {"0*3,2,all*2,!3", {3, 2, 1, 0}, "excluded nodes have none"},
        {"0*3,2,all*2,!3,9*7", {3, 2, 1, 0}, "nodes that do not exist have none"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        make_rule(NP_WEIGHTED_INTERLEAVE, NP_SOFT, rows[i].list, &rule);
        check_weights(topology, &rule, rows[i].weights, rows[i].name);
    }
    make_rule(NP_INTERLEAVE, NP_SOFT, "all", &rule);
    check_weights(topology, &rule, (uint8_t[]){0, 0, 0, 0}, "other modes have none");
    np_topology_free(topology);
}

static void test_words(void)
{
    static const char *const words[] = {"system",    "first-touch",    "local",      "bind",
                                        "preferred", "preferred-many", "interleave", "weighted-interleave"};
    static const char *const wrong[] = {"", "Local", "weighted", "interleave ", "prefer", NULL};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        tap_int(np_mode_from_name(words[i]), (int)i, words[i]);
        tap_string(np_mode_name((enum np_mode)i), words[i], "and back");
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        tap_int(np_mode_from_name(wrong[i]), -EINVAL, "another word is no mode");
    tap_string(np_mode_name((enum np_mode)99), "unknown", "a mode out of range has a name");
    tap_string(np_enforcement_name(NP_STRICT), "strict", "strict");
    tap_string(np_enforcement_name(NP_BEST_EFFORT), "best-effort", "best-effort");
    tap_string(np_enforcement_name(NP_NONE), "none", "none");
}

static void test_rest(void)
{
    static struct np_rule rule;
    static struct np_placement placement;
    struct np_policy_problem problem = {0};
    make_rule(NP_FIRST_TOUCH, NP_HARD, NULL, &rule);
    tap_int(np_policy_resolve(&rule, NULL, &placement, &problem), 0, "first-touch needs no topology");
    make_rule(NP_BIND, NP_SOFT, "0", &rule);
    tap_int(np_policy_resolve(&rule, NULL, &placement, &problem), -ENODEV,
            "bind without a topology has no nodes");

    char text[600] = "0", id[8];
    for (int i = 3; i < 200; i += 2)
        strcat(strcat(text, ","), (snprintf(id, sizeof id, "%d", i), id));
    np_topology *topology = read_fixture("one-node");
    make_rule(NP_BIND, NP_SOFT, text, &rule);
    tap_int(np_policy_resolve(&rule, topology, &placement, &problem), 0, "a hundred absent nodes degrade");
    tap_ok(strstr(placement.reason, "... do not exist") != NULL, "and the reason is cut between its words");
    make_rule(NP_BIND, NP_SOFT, "0", &rule);
    rule.huge = NP_HUGE_2M;
    rule.prefault = NP_PREFAULT_TOUCH;
    np_policy_resolve(&rule, topology, &placement, &problem);
    tap_ok(placement.huge == NP_HUGE_2M && placement.prefault == NP_PREFAULT_TOUCH,
           "page size and prefault are carried on");
    rule.hardness = NP_HARD;
    static const struct {
        enum np_huge huge;
        size_t bytes;
    } sizes[] = {{NP_HUGE_2M, (size_t)2 << 20}, {NP_HUGE_1G, (size_t)1 << 30}};
    for (int i = 0; i < 2; i++) {
        rule.huge = sizes[i].huge;
        const int result = np_policy_resolve(&rule, topology, &placement, &problem);
        if (np_kernel_has_huge_pages(sizes[i].bytes))
            tap_int(result, 0, "a page size that exists is not refused");
        else
            tap_ok(result == -EOPNOTSUPP && strcmp(problem.key, "huge-pages") == 0 && problem.line == 6 &&
                       placement.refused,
                   "a page size that does not exist is refused");
    }
    np_topology_free(topology);
}

int main(void)
{
    if (np_kernel_mbind_error() != 0 || !np_kernel_support()->preferred_many ||
        np_kernel_support()->move_pages_error != 0)
        tap_skip("rules are resolved", "this kernel refuses policies: their reasons are told by test_denied");
    else
        test_cases();
    test_weights();
    test_words();
    if (np_kernel_mbind_error() == 0)
        test_rest();
    return tap_done();
}
