/* SPDX-License-Identifier: MIT */
/* Which CPUs the threads of a rule get, on machines that hwloc makes up and on copies of machines; and the two makers
 * of a machine held against each other. */
#include "strategy.h"

#include "fixture.h"
#include "tap.h"

#include <errno.h>
#include <stdlib.h>

#define EIGHT "pack:8 [numa(memory=1073741824)] l3:1 core:2 pu:1"
#define SMT   "pack:2 [numa(memory=1073741824)] l3:2 core:2 pu:2"
#define HUGE  "pack:8 [numa(memory=1073741824)] l3:4 core:4 pu:2" /* 256 CPUs */
#define FLAT  "pack:4 [numa(memory=1073741824)] core:500 pu:1"    /* more CPUs than a cpu_set_t has */

static struct np_processors machine, other;
static struct np_pin_plan plan;

/* A machine by its description to hwloc. */
static bool describe(const char *description)
{
    np_topology *topology;
    setenv("HWLOC_SYNTHETIC", description, 1);
    int result = np_topology_read_hwloc(&topology);
    if (result == 0) {
        result = np_processors_read_hwloc(topology, &machine);
        np_topology_free(topology);
    }
    unsetenv("HWLOC_SYNTHETIC");
    return result == 0;
}

static bool copy_of(const char *name, struct np_processors *ret_machine)
{
    np_topology *topology;
    const char *root = fixture(name);
    if (np_topology_read_sysfs(root, &topology) < 0)
        return false;
    np_processors_read_sysfs(root, topology, NP_PROCESSORS_CORES | NP_PROCESSORS_CACHES, ret_machine);
    np_topology_free(topology);
    return true;
}

/* Takes the CPUs away that a cpuset or an affinity would. */
static void restrict_to(const char *cpus)
{
    np_cpuset allowed;
    unsigned kept = 0;
    if (np_cpuset_parse(cpus, &allowed) < 0)
        return;
    for (unsigned i = 0; i < machine.count; i++)
        if (np_cpuset_has(&allowed, machine.cpus[i].cpu))
            machine.cpus[kept++] = machine.cpus[i];
    machine.count = kept;
}

static void make(enum np_strategy strategy, const char *nodes, const char *list)
{
    np_nodeset set;
    np_cpuset cpus = {0};
    memset(&set, 0xff, sizeof set);
    if (nodes != NULL)
        (void)np_nodeset_parse(nodes, &set);
    if (list != NULL)
        (void)np_cpuset_parse(list, &cpus);
    np_pin_plan_make(strategy, &machine, &set, &cpus, &plan);
}

/* The sets of the first threads as text, "0 2 4-5@-"; a set of several nodes is marked. */
static const char *first_sets(unsigned count)
{
    static char text[512];
    size_t used = 0;
    *text = '\0';
    for (unsigned i = 0; i < count && plan.sets > 0; i++) {
        char set[256];
        np_cpuset cpus;
        const int node = np_pin_plan_set(&plan, i, &cpus);
        (void)np_cpuset_format(&cpus, set, sizeof set);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s%s", i > 0 ? " " : "", set,
                                 node < 0 ? "@-" : "");
    }
    return text;
}

static const struct {
    const char *machine; /* for hwloc, or the name of a copy */
    const char *allowed; /* NULL: all */
    enum np_strategy strategy;
    const char *nodes; /* NULL: all */
    const char *list;
    unsigned sets;
    const char *first; /* what the first threads get */
    unsigned threads;
} cases[] = {
    {"pack:1 [numa(memory=1073741824)] core:4 pu:1", NULL, NP_PIN_COMPACT, NULL, NULL, 4, "0 1 2 3 0", 5},
    {"pack:1 [numa(memory=1073741824)] core:4 pu:1", NULL, NP_PIN_SCATTER, NULL, NULL, 4, "0 1 2 3 0", 5},
    {"pack:1 [numa(memory=1073741824)] core:4 pu:1", NULL, NP_PIN_NODE, NULL, NULL, 1, "0-3 0-3", 2},
    {"pack:2 [numa(memory=1073741824)] core:4 pu:1", NULL, NP_PIN_COMPACT, NULL, NULL, 8, "0 1 2 3 4 5 6 7 0",
     9},
    {"pack:2 [numa(memory=1073741824)] core:4 pu:1", NULL, NP_PIN_SCATTER, NULL, NULL, 8, "0 4 1 5 2 6 3 7 0",
     9},
    {"pack:2 [numa(memory=1073741824)] core:4 pu:1", NULL, NP_PIN_NODE, NULL, NULL, 2, "0-3 4-7 0-3", 3},
    {"pack:4 [numa(memory=1073741824)] core:2 pu:1", NULL, NP_PIN_SCATTER, NULL, NULL, 8, "0 2 4 6 1 3 5 7 0",
     9},
    {"pack:4 [numa(memory=1073741824)] core:2 pu:1", NULL, NP_PIN_SCATTER, "1,3", NULL, 4, "2 6 3 7 2", 5},
    {"pack:4 [numa(memory=1073741824)] core:2 pu:1", NULL, NP_PIN_NODE, "2-3", NULL, 2, "4-5 6-7 4-5", 3},
    {"pack:4 [numa(memory=1073741824)] core:2 pu:1", NULL, NP_PIN_NODE, "9", NULL, 0, "", 3},
    {EIGHT, NULL, NP_PIN_SCATTER, NULL, NULL, 16, "0 2 4 6 8 10 12 14 1", 9},
    {EIGHT, NULL, NP_PIN_NODE, NULL, NULL, 8, "0-1 2-3 4-5", 3},
    {EIGHT, NULL, NP_PIN_CACHE, "7", NULL, 1, "14-15 14-15", 2},

    {SMT, NULL, NP_PIN_COMPACT, NULL, NULL, 16, "0 1 2 3 4 5 6 7 8", 9},
    {SMT, NULL, NP_PIN_SCATTER, NULL, NULL, 16, "0 8 2 10 4 12 6 14 1 9", 10},
    {SMT, NULL, NP_PIN_CORE, NULL, NULL, 8, "0-1 2-3 4-5 6-7 8-9", 5},
    {SMT, NULL, NP_PIN_CORE, "1", NULL, 4, "8-9 10-11 12-13 14-15 8-9", 5},
    {SMT, NULL, NP_PIN_CACHE, NULL, NULL, 4, "0-3 4-7 8-11 12-15 0-3", 5},
    {SMT, NULL, NP_PIN_NODE, NULL, NULL, 2, "0-7 8-15", 2},
    {SMT, "1-3,8,15", NP_PIN_SCATTER, NULL, NULL, 5, "1 8 2 15 3 1", 6},
    {SMT, "1-3,8,15", NP_PIN_CORE, NULL, NULL, 4, "1 2-3 8 15 1", 5},
    {SMT, "0-7", NP_PIN_NODE, NULL, NULL, 1, "0-7 0-7", 2},
    {SMT, "0-7", NP_PIN_NODE, "1", NULL, 0, "", 1},
    {SMT, NULL, NP_PIN_LIST, NULL, "0-3,8", 1, "0-3,8@- 0-3,8@-", 2},
    {SMT, NULL, NP_PIN_LIST, NULL, "9,12", 1, "9,12", 1},
    {SMT, "4-9", NP_PIN_LIST, NULL, "0-5", 1, "4-5", 1},
    {SMT, "4-9", NP_PIN_LIST, NULL, "10-15", 0, "", 1},
    {SMT, NULL, NP_PIN_NONE, NULL, NULL, 0, "", 1},

    /* Hardware threads numbered as on most servers: 8 is the second one of CPU 0. */
    {"threads", NULL, NP_PIN_COMPACT, NULL, NULL, 16, "0 8 1 9 2 10 3 11 4 12", 10},
    {"threads", NULL, NP_PIN_SCATTER, NULL, NULL, 16, "0 4 1 5 2 6 3 7 8 12", 10},
    {"threads", NULL, NP_PIN_CORE, NULL, NULL, 8, "0,8 1,9 2,10 3,11 4,12", 5},
    {"threads", NULL, NP_PIN_CACHE, NULL, NULL, 4, "0-1,8-9 2-3,10-11 4-5,12-13", 3},
    {"threads", NULL, NP_PIN_NODE, NULL, NULL, 2, "0-3,8-11 4-7,12-15", 2},

    {HUGE, NULL, NP_PIN_COMPACT, NULL, NULL, 256, "0 1 2 3", 4},
    {HUGE, NULL, NP_PIN_SCATTER, NULL, NULL, 256, "0 32 64 96 128 160 192 224 2 34", 10},
    {HUGE, NULL, NP_PIN_CORE, "3", NULL, 16, "96-97 98-99", 2},
    {HUGE, NULL, NP_PIN_CACHE, NULL, NULL, 32, "0-7 8-15 16-23", 3},
    {HUGE, NULL, NP_PIN_NODE, NULL, NULL, 8, "0-31 32-63", 2},
    {FLAT, NULL, NP_PIN_SCATTER, NULL, NULL, 2000, "0 500 1000 1500 1", 5},
    {FLAT, NULL, NP_PIN_NODE, "2-3", NULL, 2, "1000-1499 1500-1999", 2},

    {"memory-only", NULL, NP_PIN_SCATTER, NULL, NULL, 4, "0 2 1 3 0", 5},
    {"memory-only", NULL, NP_PIN_NODE, "2", NULL, 0, "", 1},
    {"memory-only", NULL, NP_PIN_NODE, "1-2", NULL, 1, "2-3", 1},
    {"memoryless", NULL, NP_PIN_NODE, NULL, NULL, 3, "0-1 2-3 4-5", 3},
    {"sparse", NULL, NP_PIN_SCATTER, "2,5", NULL, 4, "2 4 3 5 2", 5},
    {"narrowed", NULL, NP_PIN_SCATTER, NULL, NULL, 3, "2 4 3 2", 4},
    {"narrowed", NULL, NP_PIN_COMPACT, "0", NULL, 0, "", 1},
    {"many-cpus", NULL, NP_PIN_SCATTER, NULL, NULL, 2400, "0 600 1200 1800 1", 5},
};

static void test_cases(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bool known = strchr(cases[i].machine, ':') != NULL ? describe(cases[i].machine)
                                                                 : copy_of(cases[i].machine, &machine);
        char name[160];
        snprintf(name, sizeof name, "%s%s%s: %s, nodes %s", cases[i].machine,
                 cases[i].allowed ? " cut to " : "", cases[i].allowed ? cases[i].allowed : "",
                 np_strategy_name(cases[i].strategy), cases[i].nodes ? cases[i].nodes : "all");
        if (!tap_ok(known, "%s: the machine is there", name))
            continue;
        if (cases[i].allowed != NULL)
            restrict_to(cases[i].allowed);
        make(cases[i].strategy, cases[i].nodes, cases[i].list);
        tap_int(plan.sets, cases[i].sets, name);
        tap_string(first_sets(cases[i].threads), cases[i].first, name);
    }
}

/* Nodes with 4, 2 and 1 CPUs: none is used twice before all were used once. */
static void test_uneven(void)
{
    static const struct np_processors_cpu cpus[] = {{0, 0, 0, 0}, {1, 0, 1, 0}, {2, 0, 2, 0}, {3, 0, 3, 0},
                                                    {4, 1, 4, 4}, {5, 1, 5, 4}, {6, 2, 6, 6}};
    machine.count = sizeof cpus / sizeof *cpus;
    memcpy(machine.cpus, cpus, sizeof cpus);
    make(NP_PIN_SCATTER, NULL, NULL);
    tap_string(first_sets(9), "0 4 6 1 5 2 3 0 4", "scatter on uneven nodes uses each CPU once in a turn");
    make(NP_PIN_NODE, NULL, NULL);
    tap_string(first_sets(4), "0-3 4-5 6 0-3", "node takes each of them as it is");
}

/* The CPUs of a plan are a permutation of those it may use, whatever the strategy. */
static void test_whole(void)
{
    static const enum np_strategy strategies[] = {NP_PIN_COMPACT, NP_PIN_SCATTER, NP_PIN_NODE, NP_PIN_CORE,
                                                  NP_PIN_CACHE};
    tap_ok(describe(HUGE), "256 CPUs");
    for (size_t i = 0; i < sizeof strategies / sizeof *strategies; i++) {
        np_cpuset all = {0};
        unsigned handed = 0;
        make(strategies[i], NULL, NULL);
        for (unsigned set = 0; set < plan.sets; set++) {
            np_cpuset cpus;
            (void)np_pin_plan_set(&plan, set, &cpus);
            handed += np_cpuset_count(&cpus);
            np_cpuset_or(&all, &cpus);
        }
        tap_ok(handed == 256 && np_cpuset_count(&all) == 256, "%s hands out each of 256 CPUs once",
               np_strategy_name(strategies[i]));
    }
}

static void compare_makers(const char *root, const char *name)
{
    np_topology *topology;
    if (!tap_ok(np_topology_read_sysfs(root, &topology) == 0, "%s can be read", name))
        return;
    np_processors_read_sysfs(root, topology, NP_PROCESSORS_CORES | NP_PROCESSORS_CACHES, &machine);
    tap_int(np_processors_read_hwloc(topology, &other), 0, "by hwloc too");
    tap_ok(machine.count == other.count && machine.count > 0, "%s: as many CPUs", name);
    bool cores = machine.cores_known == other.cores_known, caches = true;
    for (unsigned i = 0; i < machine.count; i++) {
        cores =
            cores && machine.cpus[i].cpu == other.cpus[i].cpu && machine.cpus[i].core == other.cpus[i].core;
        caches = caches && machine.cpus[i].cache == other.cpus[i].cache;
    }
    tap_ok(cores, "%s: the same cores", name);
    tap_ok(caches || !machine.caches_known || !other.caches_known, "%s: the same caches", name);
    np_topology_free(topology);
}

static void test_makers(void)
{
    compare_makers("", "this machine");
    setenv("HWLOC_COMPONENTS", "linux,stop", 1);
    char root[512];
    snprintf(root, sizeof root, "%s", fixture("threads"));
    setenv("HWLOC_FSROOT", root, 1);
    compare_makers(root, "a copy with hardware threads");
    unsetenv("HWLOC_FSROOT");
    unsetenv("HWLOC_COMPONENTS");
}

static void test_unknown(void)
{
    tap_ok(copy_of("nothing", &machine), "a machine that tells nothing");
    tap_ok(!machine.caches_known, "its caches are not known");
    tap_ok(copy_of("four-nodes", &machine) && !machine.cores_known,
           "nor are cores where the files are missing");
    make(NP_PIN_CACHE, NULL, NULL);
    tap_string(first_sets(3), "0-1 2-3 4-5", "a node stands for a cache then");
    make(NP_PIN_CORE, "1", NULL);
    tap_string(first_sets(3), "2 3 2", "and a CPU for a core");
}

int main(void)
{
    test_cases();
    test_uneven();
    test_whole();
    test_makers();
    test_unknown();
    return tap_done();
}
