/* SPDX-License-Identifier: MIT */
#include "topology.h"

#include "kernel.h"
#include "processors.h"

#include <errno.h>
#include <hwloc.h>

static int load(hwloc_topology_t *ret_tree)
{
    hwloc_topology_t tree;
    if (hwloc_topology_init(&tree) < 0)
        return -ENOMEM;
    if (hwloc_topology_set_flags(tree, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) < 0 ||
        hwloc_topology_load(tree) < 0) {
        hwloc_topology_destroy(tree);
        return -EIO;
    }
    *ret_tree = tree;
    return 0;
}

static void copy_nodes(hwloc_const_bitmap_t from, np_nodeset *ret_nodes)
{
    np_nodeset_zero(ret_nodes);
    for (int id = -1; (id = hwloc_bitmap_next(from, id)) >= 0 && id < NP_MAX_NODES;)
        (void)np_nodeset_add(ret_nodes, id);
}

static void copy_cpus(hwloc_const_bitmap_t from, np_cpuset *ret_cpus)
{
    np_cpuset_zero(ret_cpus);
    for (int id = -1; (id = hwloc_bitmap_next(from, id)) >= 0 && id < NP_MAX_CPUS;)
        (void)np_cpuset_add(ret_cpus, id);
}

/* What the process may use: hwloc knows the cgroup's sets, the kernel also the affinity. Another machine's
 * tree (synthetic, XML) is not bounded by this process. */
static void find_usable(hwloc_topology_t tree, np_nodeset *ret_mems, np_cpuset *ret_cpus)
{
    np_nodeset here;
    np_cpuset affinity;
    copy_nodes(hwloc_topology_get_allowed_nodeset(tree), ret_mems);
    copy_cpus(hwloc_topology_get_allowed_cpuset(tree), ret_cpus);
    if (!hwloc_topology_is_thissystem(tree))
        return;
    if (np_kernel_mems_allowed(&here) == 0)
        *ret_mems = here;
    if (np_kernel_affinity(0, &affinity) == 0)
        *ret_cpus = affinity;
}

/* As the CPUs see it that are best off. The figures of reads alone are sysfs' too. */
static uint64_t read_bandwidth(hwloc_topology_t tree, hwloc_obj_t node)
{
    static const hwloc_memattr_id_t kinds[] = {
#if HWLOC_API_VERSION >= 0x00020800 /* before 2.8 there was one figure, that of reads */
        HWLOC_MEMATTR_ID_READ_BANDWIDTH,
#endif
        HWLOC_MEMATTR_ID_BANDWIDTH
    };
    struct hwloc_location initiator;
    hwloc_uint64_t figure;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (hwloc_memattr_get_best_initiator(tree, kinds[i], node, 0, &initiator, &figure) == 0)
            return figure;
    return 0;
}

/* hwloc lends a memory-only node the CPUs that are near to it. A CPU has one node: the first that claims
 * it, because firmware numbers memory-only nodes last. *taken collects the CPUs of the nodes before.
 * Returns: has the node CPUs? */
static bool copy_node(hwloc_obj_t node, const np_cpuset *usable, np_cpuset *taken,
                      struct np_topology_node *copy)
{
    copy->id = (int)node->os_index;
    copy->memory = node->attr->numanode.local_memory;
    copy_cpus(node->cpuset, &copy->cpus);
    np_cpuset_andnot(&copy->cpus, taken);
    np_cpuset_or(taken, &copy->cpus);
    const bool has_cpus = np_cpuset_count(&copy->cpus) > 0;
    np_cpuset_and(&copy->cpus, usable);
    return has_cpus;
}

/* hwloc keeps no matrix for one node, but a node is 10 from itself in any (ACPI, SLIT). */
static void copy_distances(hwloc_topology_t tree, np_topology *topology)
{
    struct hwloc_distances_s *matrix;
    unsigned matrices = 1;
    for (unsigned i = 0; i < np_topology_node_count(topology); i++)
        np_topology_set_distance(topology, i, i, 10);
    if (hwloc_distances_get_by_type(tree, HWLOC_OBJ_NUMANODE, &matrices, &matrix,
                                    HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0) < 0 ||
        matrices == 0)
        return;
    for (unsigned a = 0; a < np_topology_node_count(topology); a++) {
        for (unsigned b = 0; b < np_topology_node_count(topology); b++) {
            const unsigned node_a = (unsigned)np_topology_node_id(topology, a);
            const unsigned node_b = (unsigned)np_topology_node_id(topology, b);
            hwloc_uint64_t distance, back;
            if (hwloc_distances_obj_pair_values(matrix, hwloc_get_numanode_obj_by_os_index(tree, node_a),
                                                hwloc_get_numanode_obj_by_os_index(tree, node_b), &distance,
                                                &back) == 0)
                np_topology_set_distance(topology, a, b, distance < INT16_MAX ? (int)distance : 0);
        }
    }
    hwloc_distances_release(tree, matrix);
}

static int build(hwloc_topology_t tree, np_topology **ret_topology)
{
    np_topology *topology;
    np_nodeset nodes, mems, allowed = {0}, with_cpus = {0};
    np_cpuset usable, taken = {0};
    copy_nodes(hwloc_topology_get_topology_nodeset(tree), &nodes);
    if (np_nodeset_count(&nodes) == 0)
        return -ENOENT;
    int result = np_topology_new(np_nodeset_count(&nodes), &topology);
    if (result < 0)
        return result;
    find_usable(tree, &mems, &usable);
    unsigned index = 0;
    for (int id = -1; (id = np_nodeset_next(&nodes, id)) >= 0; index++) {
        hwloc_obj_t node = hwloc_get_numanode_obj_by_os_index(tree, (unsigned)id);
        np_topology_node_at(topology, index)->bandwidth = read_bandwidth(tree, node);
        if (copy_node(node, &usable, &taken, np_topology_node_at(topology, index)))
            (void)np_nodeset_add(&with_cpus, id);
        if (node->attr->numanode.local_memory > 0 && np_nodeset_has(&mems, id))
            (void)np_nodeset_add(&allowed, id);
    }
    np_topology_set_allowed(topology, &allowed);
    np_topology_set_has_cpus(topology, &with_cpus);
    copy_distances(tree, topology);
    *ret_topology = topology;
    return 0;
}

int np_topology_read_hwloc(np_topology **ret_topology)
{
    hwloc_topology_t tree;
    int result = load(&tree);
    if (result < 0)
        return result;
    result = build(tree, ret_topology);
    hwloc_topology_destroy(tree);
    return result;
}

/* ---- Cores and caches ---- */

/* The last-level cache above a CPU, or NULL. */
static hwloc_obj_t last_cache(hwloc_obj_t cpu)
{
    hwloc_obj_t found = NULL;
    for (hwloc_obj_t above = cpu->parent; above != NULL; above = above->parent)
        if (hwloc_obj_type_is_dcache(above->type))
            found = above;
    return found;
}

static void label_cpus(hwloc_topology_t tree, struct np_processors *processors)
{
    processors->cores_known = processors->caches_known = processors->count > 0;
    for (unsigned i = 0; i < processors->count; i++) {
        struct np_processors_cpu *cpu = &processors->cpus[i];
        hwloc_obj_t unit = hwloc_get_pu_obj_by_os_index(tree, cpu->cpu);
        hwloc_obj_t core = unit != NULL ? hwloc_get_ancestor_obj_by_type(tree, HWLOC_OBJ_CORE, unit) : NULL;
        hwloc_obj_t cache = unit != NULL ? last_cache(unit) : NULL;
        if (core != NULL)
            cpu->core = (uint16_t)hwloc_bitmap_first(core->cpuset);
        if (cache != NULL)
            cpu->cache = (uint16_t)hwloc_bitmap_first(cache->cpuset);
        processors->cores_known &= core != NULL;
        processors->caches_known &= cache != NULL;
    }
}

int np_processors_read_hwloc(const np_topology *topology, struct np_processors *ret_processors)
{
    hwloc_topology_t tree;
    int result = load(&tree);
    if (result < 0)
        return result;
    np_processors_begin(topology, ret_processors);
    label_cpus(tree, ret_processors);
    np_processors_finish(ret_processors);
    hwloc_topology_destroy(tree);
    return 0;
}
