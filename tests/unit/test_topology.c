/* SPDX-License-Identifier: MIT */
/* The quick maker on copies of machines, and on this one. */
#include "topology.h"

#include "fixture.h"
#include "kernel.h"
#include "tap.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define MIB (1LL << 20)

static np_topology *read_fixture(const char *name)
{
    np_topology *topology = NULL;
    const char *root = fixture(name);
    tap_int(np_topology_read_sysfs(root, &topology), 0, name);
    return topology;
}

static void check_nodes(const np_topology *topology, const char *ids, const char *allowed)
{
    char text[64];
    np_nodeset set = {0};
    for (unsigned i = 0; i < np_topology_node_count(topology); i++)
        np_nodeset_add(&set, np_topology_node_id(topology, i));
    np_nodeset_format(&set, text, sizeof text);
    tap_string(text, ids, "it has its nodes");
    tap_int(np_nodeset_count(&set), np_topology_node_count(topology), "each once");
    np_nodeset_format(np_topology_allowed(topology), text, sizeof text);
    tap_string(text, allowed, "and those that may be used");
}

static void check_cpus(const np_topology *topology, int id, const char *cpus)
{
    char text[64];
    np_cpuset_format(np_topology_node_cpus(topology, id), text, sizeof text);
    if (!tap_ok(strcmp(text, cpus) == 0, "node %d has CPUs '%s'", id, cpus))
        printf("# got '%s'\n", text);
}

static void check_nearest(const np_topology *topology, int id, const char *candidates, int nearest)
{
    np_nodeset set = {0};
    np_nodeset_parse(candidates, &set);
    const int found = np_topology_nearest(topology, id, &set);
    if (!tap_ok(found == nearest, "the nearest of '%s' to %d is %d", candidates, id, nearest))
        printf("# got %d\n", found);
}

static void test_plain(void)
{
    np_topology *topology = read_fixture("one-node");
    check_nodes(topology, "0", "0");
    check_cpus(topology, 0, "0-3");
    tap_int((long long)np_topology_node_memory(topology, 0), 4096 * MIB, "its memory is in bytes");
    tap_int(np_topology_distance(topology, 0, 0), 10, "a node is 10 from itself");
    tap_int(np_topology_distance(topology, 0, 1), -1, "and unknown from one that is not there");
    tap_int(np_topology_node_id(topology, 1), -1, "beyond the last there is none");
    np_topology_free(topology);

    topology = read_fixture("four-nodes");
    check_nodes(topology, "0-3", "0-3");
    check_cpus(topology, 2, "4-5");
    tap_int(np_topology_distance(topology, 0, 3), 23, "distances are read");
    check_nearest(topology, 3, "0-3", 3);
    check_nearest(topology, 3, "0-2", 2);
    check_nearest(topology, 1, "0,2", 0); /* both are 21 away: the lower id */
    check_nearest(topology, 7, "1-2", 1); /* nothing is known of 7 */
    check_nearest(topology, 1, "", -1);
    np_topology_free(topology);

    topology = read_fixture("narrowed");
    check_nodes(topology, "0-3", "1-2");
    check_cpus(topology, 0, "");
    check_cpus(topology, 1, "2-3");
    check_cpus(topology, 2, "4");
    tap_ok(np_topology_has_cpus(topology, 0), "a node whose CPUs are not for us has CPUs");
    tap_ok(!np_topology_is_partial(topology), "all nodes are known");
    np_topology_free(topology);
}

static void test_unusual(void)
{
    np_topology *topology = read_fixture("memory-only");
    check_nodes(topology, "0-2", "0-2");
    check_cpus(topology, 2, "");
    tap_ok(!np_topology_has_cpus(topology, 2) && np_topology_has_cpus(topology, 1),
           "memory-only nodes have no CPUs");
    tap_int((long long)np_topology_node_memory(topology, 2), 8192 * MIB, "but memory");
    np_topology_free(topology);

    topology = read_fixture("memoryless");
    check_nodes(topology, "0-2", "0,2");
    check_cpus(topology, 1, "2-3");
    tap_int((long long)np_topology_node_memory(topology, 1), 0, "a node can have CPUs and no memory");
    check_nearest(topology, 1, "0,2", 0);
    np_topology_free(topology);

    topology = read_fixture("sparse");
    check_nodes(topology, "0,2,5", "0,2,5");
    tap_int(np_topology_distance(topology, 0, 5), 22, "distances are by position, not by id");
    tap_int(np_topology_distance(topology, 2, 5), 21, "for every pair");
    tap_int(np_topology_distance(topology, 0, 1), -1, "ids in the gaps are unknown");
    tap_int((long long)np_topology_node_memory(topology, 1), 0, "and have no memory");
    check_cpus(topology, 1, "");
    check_nearest(topology, 5, "0,2", 2);
    np_topology_free(topology);

    topology = read_fixture("high-ids");
    check_nodes(topology, "0,63-64,127,1023", "0,63-64,127,1023");
    check_cpus(topology, 1023, "4");
    tap_int(np_topology_distance(topology, 63, 1023), 23, "node 1023 has its distance");
    np_topology_free(topology);

    topology = read_fixture("many-cpus");
    check_cpus(topology, 1, "600-1199");
    check_cpus(topology, 3, "1800-2399");
    tap_int(np_cpuset_count(np_topology_node_cpus(topology, 3)), 600, "CPUs above 1024 are counted");
    np_topology_free(topology);

    topology = read_fixture("hotplug");
    tap_int(np_topology_distance(topology, 0, 1), -1, "a list of another length tells nothing");
    tap_int(np_topology_distance(topology, 1, 0), 21, "the other node's list does");
    np_topology_free(topology);
}

static void test_missing(void)
{
    np_topology *topology = read_fixture("no-sys");
    check_nodes(topology, "0-1", "0-1");
    tap_ok(np_topology_is_partial(topology), "without /sys only the allowed nodes are known");
    tap_int((long long)np_topology_node_memory(topology, 1), 1024 * MIB,
            "each is given its share of the memory");
    tap_int(np_topology_distance(topology, 0, 1), -1, "no distance is known");
    check_cpus(topology, 1, "");
    np_topology_free(topology);

    topology = read_fixture("nothing");
    check_nodes(topology, "0", "0");
    tap_int(np_cpuset_count(np_topology_node_cpus(topology, 0)), NP_MAX_CPUS,
            "nothing known is one node with all CPUs");
    np_topology_free(topology);

    topology = NULL;
    tap_int(np_topology_read_sysfs(fixture("garbage"), &topology), -EINVAL,
            "files that make no sense are an error");
    tap_ok(topology == NULL, "and nothing is returned");
    char longer[4096];
    memset(longer, '/', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    tap_int(np_topology_read_sysfs(longer, &topology), -ENAMETOOLONG, "a root that is too long is an error");
    np_topology_free(NULL);
    tap_int(np_topology_node_count(NULL), 0, "no topology has no nodes");
    tap_int(np_nodeset_count(np_topology_allowed(NULL)), 0, "and none allowed");
    tap_int(np_topology_new(0, &topology), -EINVAL, "a machine without nodes cannot be made");
    tap_int(np_topology_new(NP_MAX_NODES + 1, &topology), -EINVAL, "nor one with too many");
}

static void *ask(void *argument)
{
    const np_topology *topology = argument;
    uintptr_t sum = 0;
    for (int id = 0; id < 4; id++)
        sum += np_cpuset_count(np_topology_node_cpus(topology, id)) +
               (unsigned)np_topology_distance(topology, id, 0) +
               (np_topology_node_memory(topology, id) >> 20);
    return (void *)sum;
}

static void test_threads(void)
{
    np_topology *topology = read_fixture("four-nodes");
    pthread_t threads[8];
    bool same = true;
    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, ask, topology);
    for (int i = 0; i < 8; i++) {
        void *sum;
        pthread_join(threads[i], &sum);
        same = same && sum == ask(topology);
    }
    tap_ok(same, "threads that race for the first look see the same");
    np_topology_free(topology);
}

static void test_here(void)
{
    np_topology *topology = NULL;
    errno = 4711;
    tap_int(np_topology_read_sysfs("", &topology), 0, "this machine");
    const int first = np_nodeset_next(np_topology_allowed(topology), -1);
    tap_ok(first >= 0, "has a node to allocate on");
    tap_ok(np_topology_node_memory(topology, first) > (uint64_t)MIB, "with memory");
    np_cpuset cpus = {0}, affinity;
    for (unsigned i = 0; i < np_topology_node_count(topology); i++)
        np_cpuset_or(&cpus, np_topology_node_cpus(topology, np_topology_node_id(topology, i)));
    tap_int(errno, 4711, "errno is kept");
    np_kernel_affinity(0, &affinity);
    if (np_topology_is_partial(topology))
        tap_skip("the nodes' CPUs are the affinity", "no /sys here");
    else
        tap_ok(np_cpuset_equal(&cpus, &affinity), "the nodes' CPUs are the affinity");
    np_topology_free(topology);
}

int main(void)
{
    test_plain();
    test_unusual();
    test_missing();
    test_threads();
    test_here();
    return tap_done();
}
