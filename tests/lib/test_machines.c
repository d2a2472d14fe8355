/* SPDX-License-Identifier: MIT */
/* Regions and topology on machines that are not here: copies of their /sys, and a kernel that takes every policy and
 * remembers it. */
#include "kernel.h"
#include "lib.h"
#include "region.h"
#include "tests/unit/fixture.h"
#include "tests/unit/tap.h"
#include "topology.h"

static const char *machine;
static np_nodeset mems;
static struct np_mpol told;

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
int __real_np_topology_read_sysfs(const char *root, np_topology **ret_topology);
int __wrap_np_topology_read_sysfs(const char *root, np_topology **ret_topology);
int __wrap_np_topology_read_sysfs(const char *root, np_topology **ret_topology)
{
    (void)root;
    return __real_np_topology_read_sysfs(fixture(machine), ret_topology);
}

int __wrap_np_kernel_mems_allowed(np_nodeset *ret_nodes);
int __wrap_np_kernel_mems_allowed(np_nodeset *ret_nodes)
{
    *ret_nodes = mems;
    return 0;
}

int __wrap_np_kernel_mbind(void *address, size_t length, const struct np_mpol *policy);
int __wrap_np_kernel_mbind(void *address, size_t length, const struct np_mpol *policy)
{
    (void)address;
    if (length > 0)
        told = *policy;
    return 0;
}

int __wrap_np_kernel_mbind_empty(void *address, size_t length, const struct np_mpol *policy);
int __wrap_np_kernel_mbind_empty(void *address, size_t length, const struct np_mpol *policy)
{
    return __wrap_np_kernel_mbind(address, length, policy);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static void on(const char *name, const char *mems_allowed)
{
    machine = name;
    if (np_nodeset_parse(mems_allowed, &mems) != 0)
        abort();
}

/* What the kernel was told of a soft region. */
static const char *told_of(enum np_mode mode, const char *nodes, enum np_enforcement wanted)
{
    static char text[256];
    np_region *region;
    const np_policy policy = lib_policy(mode, nodes);
    memset(&told, 0, sizeof told);
    if (np_region_create(&region, 4096, &policy, NP_HUGE_DEFAULT, NP_PREFAULT_NONE, NP_SOFT) != 0)
        return "refused";
    const int used = snprintf(text, sizeof text, "%d:", (int)told.mode);
    np_nodeset_format(&told.nodes, text + used, sizeof text - (size_t)used);
    if (np_region_enforcement(region, NULL) != wanted)
        (void)snprintf(text, sizeof text, "enforcement: %s", lib_why(region));
    np_region_destroy(region);
    return text;
}

static void test_high_nodes(void)
{
    on("high-ids", "0-1023");
    tap_string(told_of(NP_BIND, "63", NP_BEST_EFFORT), "1:63", "node 63 is told to the kernel");
    tap_string(told_of(NP_BIND, "64", NP_BEST_EFFORT), "1:64", "as is node 64");
    tap_string(told_of(NP_PREFERRED, "1023", NP_BEST_EFFORT), "1:1023", "and node 1023, not as local");
    tap_string(told_of(NP_INTERLEAVE, "0,63-64,127,1023", NP_BEST_EFFORT), "3:0,63-64,127,1023",
               "and all of them");
    tap_string(told_of(NP_INTERLEAVE, "62-65", NP_BEST_EFFORT), "3:63-64", "what is not there is not told");
    tap_string(told_of(NP_BIND, "62", NP_NONE), "0:", "and nothing at all where none is");
}

static void test_sparse(void)
{
    np_topology *topology;
    on("sparse", "0,2,5");
    tap_string(told_of(NP_INTERLEAVE, "0-5", NP_BEST_EFFORT), "3:0,2,5", "sparse ids are ids, not positions");
    if (np_topology_read_sysfs("", &topology) < 0)
        abort();
    tap_int(np_topology_distance(topology, 0, 5), 22, "distances go by ids too");
    tap_int(np_topology_distance(topology, 0, 1), -1, "to a node that is not there there is none");
    tap_int(np_cpuset_next(np_topology_node_cpus(topology, 5), -1), 4, "so do the CPUs");
    tap_int((long long)np_cpuset_count(np_topology_near_cpus(topology, 1)), 0,
            "and near a node that is not there are none");
    np_topology_free(topology);
}

static void test_many_cpus(void)
{
    np_topology *topology;
    on("many-cpus", "0-3");
    if (np_topology_read_sysfs("", &topology) < 0)
        abort();
    tap_int(np_topology_node_count(topology), 4, "a machine with 2400 CPUs has all its nodes");
    tap_int(np_cpuset_count(np_topology_node_cpus(topology, 3)), 600, "and each has all of its CPUs");
    tap_ok(np_cpuset_has(np_topology_node_cpus(topology, 3), 2399), "those above 1023 too");
    np_topology_free(topology);
}

static void test_memory_only(void)
{
    np_topology *topology;
    on("memory-only", "0-2");
    if (np_topology_read_sysfs("", &topology) < 0)
        abort();
    tap_int(np_cpuset_count(np_topology_node_cpus(topology, 2)), 0, "a memory-only node has no CPUs");
    tap_ok(np_cpuset_has(np_topology_near_cpus(topology, 2), 2), "near it are those of the nearest node");
    tap_ok(np_cpuset_equal(np_topology_near_cpus(topology, 1), np_topology_node_cpus(topology, 1)),
           "near another are its own");
    np_topology_free(topology);
    tap_string(told_of(NP_BIND, "2", NP_BEST_EFFORT), "1:2", "it holds memory like any other");
    on("memoryless", "0,2");
    tap_string(told_of(NP_BIND, "0-2", NP_BEST_EFFORT), "5:0,2", "a node without memory holds none");
}

static void test_cpuset(void)
{
    on("narrowed", "1-2");
    tap_string(told_of(NP_INTERLEAVE, "0-3", NP_BEST_EFFORT), "3:1-2", "what a cpuset forbids is not told");
    on("four-nodes", "0-3");
    tap_string(told_of(NP_BIND, "3", NP_BEST_EFFORT), "1:3", "when it allows more that is noticed");
}

static void test_weights(void)
{
    np_region *region;
    np_policy policy = lib_policy(NP_WEIGHTED_INTERLEAVE, "0-2");
    on("four-nodes", "0-3");
    policy.weights[0] = 3;
    policy.weights[3] = 200; /* of a node that is not asked for */
    if (np_region_create(&region, MIB, &policy, NP_HUGE_DEFAULT, NP_PREFAULT_NONE, NP_SOFT) != 0)
        abort();
    const struct np_placement *placement = region->policy.placement;
    tap_ok(placement->weights[0] == 3 && placement->weights[1] == 1 && placement->weights[3] == 0,
           "a weight that is not given is 1 when another is");
    np_region_destroy(region);
}

int main(void)
{
    test_high_nodes();
    test_sparse();
    test_many_cpus();
    test_memory_only();
    test_cpuset();
    test_weights();
    return tap_done();
}
