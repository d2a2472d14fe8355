/* SPDX-License-Identifier: MIT */
/* Which rule a thread belongs to, and what a pin gets on copies of machines. */
#include "thread_rule.h"

#include "fixture.h"
#include "tap.h"

#include <errno.h>

static struct np_thread_rule rules[8];
static struct np_processors processors;
static struct np_pinning pinning;

static void index_of(struct np_thread_rule *rule, uint32_t first, uint32_t last)
{
    rule->index.ranges[rule->index.count].first = first;
    rule->index.ranges[rule->index.count++].last = last;
}

static int find(uint64_t index, const char *name, const char *object, const char *symbol)
{
    const struct np_thread_facts facts = {
        .index = index,
        .name = name,
        .starts = np_thread_rules_starts(rules, 8, object, symbol),
    };
    return np_thread_rules_find(rules, 8, &facts);
}

static void test_find(void)
{
    index_of(&rules[0], 0, 0);
    index_of(&rules[1], 1, 4);
    index_of(&rules[1], 9, 9);
    strcpy(rules[1].name, "io_*");
    strcpy(rules[2].start, "libfoo.so*");
    index_of(&rules[3], 7, 8);
    strcpy(rules[4].name, "[bB]ack?");
    strcpy(rules[5].start, "worker");
    strcpy(rules[5].name, "*");
    index_of(&rules[6], 20, UINT32_MAX);
    index_of(&rules[7], 0, 12);
    tap_int(find(0, "io_1", "libfoo.so.1", "worker"), 0, "the main thread is matched by index 0");
    tap_int(find(1, "io_1", NULL, NULL), 1, "all matchers of a rule match");
    tap_int(find(9, "io_", NULL, NULL), 1, "a second range counts too");
    tap_int(find(5, "io_1", NULL, NULL), 7, "a name is not enough beside an index");
    tap_int(find(1, "IO_1", NULL, NULL), 7, "globs see the case");
    tap_int(find(1, NULL, NULL, NULL), 7, "a thread without a name matches no name");
    tap_int(find(1, "x", "libfoo.so.1", NULL), 2, "the file of the start routine");
    tap_int(find(13, "x", "libfoo.a", "libfoo.so"), 2, "or its symbol");
    tap_int(find(7, "back1", NULL, NULL), 3, "the first of several wins");
    tap_int(find(13, "Back1", NULL, NULL), 4, "sets and single characters in globs");
    tap_int(find(13, NULL, NULL, "worker"), -1, "a name that is asked for must be there");
    tap_int(find(13, "y", NULL, "worker"), 5, "any name will do for *");
    tap_int(find(UINT32_MAX, "y", NULL, NULL), 6, "the end of a range belongs to it");
    tap_int(find((uint64_t)UINT32_MAX + 21, NULL, NULL, NULL), -1, "indexes do not wrap");
    rules[7].index.count = 0;
    tap_int(find(0, NULL, NULL, NULL), 0, "a rule without matchers");
    rules[0].index.count = 0;
    strcpy(rules[0].name, "none");
    tap_int(find(0, NULL, NULL, NULL), -1, "is not for the main thread");
    tap_int(find(99, NULL, NULL, NULL), 6, "but for each other one");
}

static const struct {
    const char *machine, *nodes; /* NULL: the key is not there */
    enum np_strategy strategy;
    const char *list;
    enum np_hardness hardness;
    int result;
    unsigned sets;
    const char *reason;
} cases[] = {
    {"four-nodes", NULL, NP_PIN_NODE, NULL, NP_HARD, 0, 4, ""},
    {"four-nodes", "1-2", NP_PIN_NODE, NULL, NP_HARD, 0, 2, ""},
    {"four-nodes", "1,7", NP_PIN_NODE, NULL, NP_SOFT, 0, 1, "node 7 does not exist"},
    {"four-nodes", "1,7", NP_PIN_NODE, NULL, NP_HARD, -EOPNOTSUPP, 1, "node 7 does not exist"},
    {"four-nodes", "7-8", NP_PIN_NODE, NULL, NP_SOFT, -ENODEV, 0, ""},
    {"four-nodes", NULL, NP_PIN_LIST, "0-1,9", NP_SOFT, 0, 1, "CPU 9 cannot be used by this process"},
    {"four-nodes", NULL, NP_PIN_LIST, "8-9", NP_SOFT, 0, 0, "CPUs 8-9 cannot be used by this process"},
    {"four-nodes", NULL, NP_PIN_LIST, "8-9", NP_HARD, -EOPNOTSUPP, 0,
     "CPUs 8-9 cannot be used by this process"},
    {"four-nodes", NULL, NP_PIN_NONE, NULL, NP_HARD, 0, 0, ""},
    {"four-nodes", NULL, NP_PIN_CORE, NULL, NP_SOFT, 0, 8,
     "the cores of this machine are not known: each CPU counts as one"},
    {"memory-only", NULL, NP_PIN_NODE, NULL, NP_HARD, 0, 2, ""},
    {"memory-only", "1-2", NP_PIN_NODE, NULL, NP_SOFT, 0, 1, "node 2 has no CPUs"},
    {"memory-only", "2", NP_PIN_NODE, NULL, NP_SOFT, 0, 0, "node 2 has no CPUs"},
    {"memory-only", "2", NP_PIN_NODE, NULL, NP_HARD, -EOPNOTSUPP, 0, "node 2 has no CPUs"},
    {"memory-only", "all", NP_PIN_NODE, NULL, NP_HARD, 0, 2, ""},
    {"narrowed", NULL, NP_PIN_NODE, NULL, NP_HARD, 0, 2, ""},
    {"narrowed", "all", NP_PIN_NODE, NULL, NP_HARD, 0, 2, ""},
    {"narrowed", "0-1", NP_PIN_NODE, NULL, NP_SOFT, 0, 1, "node 0 has no CPUs that this process may use"},
    {"narrowed", "0,3,9", NP_PIN_NODE, NULL, NP_SOFT, 0, 0,
     "node 9 does not exist; nodes 0,3 have no CPUs that this process may use"},
    {"threads", NULL, NP_PIN_CACHE, NULL, NP_HARD, 0, 4, ""},
};

/* A list of ids, or a word. */
static void add_items(const char *nodes, struct np_node_list *list)
{
    np_nodeset ids;
    struct np_node_item item = {.word = NP_NODES_ALL};
    if (np_nodeset_parse(nodes, &ids) < 0) {
        (void)np_node_list_add(list, item, NULL);
        return;
    }
    item.word = NP_NODES_IDS;
    for (int id = -1; (id = np_nodeset_next(&ids, id)) >= 0;) {
        item.first = item.last = (uint16_t)id;
        (void)np_node_list_add(list, item, NULL);
    }
}

static void test_pinnings(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        np_topology *topology;
        const char *root = fixture(cases[i].machine);
        struct np_pin_choice choice = {.strategy = cases[i].strategy};
        struct np_node_list list = {.present = cases[i].nodes != NULL};
        struct np_policy_problem problem = {.key = ""};
        char name[96];
        snprintf(name, sizeof name, "%s: %s on %s", cases[i].machine, np_strategy_name(choice.strategy),
                 cases[i].nodes != NULL ? cases[i].nodes : "all");
        if (cases[i].list != NULL)
            (void)np_cpuset_parse(cases[i].list, &choice.list);
        if (cases[i].nodes != NULL)
            add_items(cases[i].nodes, &list);
        if (!tap_ok(np_topology_read_sysfs(root, &topology) == 0, "%s: the machine is there", name))
            continue;
        np_processors_read_sysfs(root, topology, np_strategy_details(choice.strategy), &processors);
        int result =
            np_pinning_resolve(&choice, &list, cases[i].hardness, topology, &processors, &pinning, &problem);
        tap_int(result, cases[i].result, name);
        if (result != -ENODEV) {
            tap_int(pinning.plan.sets * pinning.usable, cases[i].result == 0 ? cases[i].sets : 0, name);
            tap_string(pinning.reason, cases[i].reason, name);
        }
        if (result == -EOPNOTSUPP)
            tap_string(problem.text, cases[i].reason, name);
        np_topology_free(topology);
    }
}

int main(void)
{
    test_find();
    test_pinnings();
    return tap_done();
}
