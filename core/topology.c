/* SPDX-License-Identifier: MIT */
#include "topology.h"

#include "kernel.h"
#include "topology_lazy.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

int np_topology_new(unsigned node_count, np_topology **ret_topology)
{
    if (node_count == 0 || node_count > NP_MAX_NODES)
        return -EINVAL;
    const size_t length = sizeof(np_topology) + node_count * sizeof(struct np_topology_slot) +
                          (size_t)node_count * node_count * sizeof(int16_t);
    void *block;
    int result = np_kernel_map(NULL, length, PROT_READ | PROT_WRITE, 0, &block);
    if (result < 0)
        return result;
    np_topology *topology = block;
    topology->length = length;
    topology->self = topology;
    topology->count = node_count;
    topology->distances = (int16_t *)&topology->slots[node_count];
    *ret_topology = topology;
    return 0;
}

struct np_topology_node *np_topology_node_at(np_topology *topology, unsigned index)
{
    return &topology->slots[index].node;
}

void np_topology_set_distance(np_topology *topology, unsigned index_a, unsigned index_b, int distance)
{
    topology->distances[index_a * topology->count + index_b] =
        (int16_t)(distance > 0 && distance <= INT16_MAX ? distance : 0);
}

void np_topology_set_allowed(np_topology *topology, const np_nodeset *allowed)
{
    topology->allowed = *allowed;
}

void np_topology_set_has_cpus(np_topology *topology, const np_nodeset *nodes)
{
    topology->with_cpus = *nodes;
}

void np_topology_free(np_topology *topology)
{
    if (topology == NULL)
        return;
    if (topology->reader != NULL)
        topology->reader->release(topology);
    (void)np_kernel_unmap(topology, topology->length);
}

unsigned np_topology_node_count(const np_topology *topology)
{
    return topology != NULL ? topology->count : 0;
}

int np_topology_node_id(const np_topology *topology, unsigned index)
{
    return index < np_topology_node_count(topology) ? topology->slots[index].node.id : -1;
}

int np_topology_index(const np_topology *topology, int id)
{
    unsigned low = 0, high = np_topology_node_count(topology);
    while (low < high) {
        const unsigned middle = (low + high) / 2;
        const int found = topology->slots[middle].node.id;
        if (found == id)
            return (int)middle;
        if (found < id)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

const np_cpuset *np_topology_node_cpus(const np_topology *topology, int id)
{
    static const np_cpuset none;
    const int index = np_topology_index(topology, id);
    if (index < 0)
        return &none;
    if (topology->reader == NULL)
        return &topology->slots[index].node.cpus;
    const np_cpuset *cpus = topology->reader->cpus(topology, (unsigned)index);
    return cpus != NULL ? cpus : &none;
}

uint64_t np_topology_node_memory(const np_topology *topology, int id)
{
    const int index = np_topology_index(topology, id);
    if (index < 0)
        return 0;
    return topology->reader == NULL ? topology->slots[index].node.memory
                                    : topology->reader->memory(topology, (unsigned)index);
}

uint64_t np_topology_bandwidth(const np_topology *topology, int id)
{
    const int index = np_topology_index(topology, id);
    if (index < 0)
        return 0;
    return topology->reader == NULL ? topology->slots[index].node.bandwidth
                                    : topology->reader->bandwidth(topology, (unsigned)index);
}

const char *np_topology_root(const np_topology *topology)
{
    return topology != NULL ? topology->root : "";
}

int np_topology_distance(const np_topology *topology, int id_a, int id_b)
{
    const int a = np_topology_index(topology, id_a), b = np_topology_index(topology, id_b);
    if (a < 0 || b < 0)
        return -1;
    const int16_t *row = topology->reader == NULL ? topology->distances + (size_t)a * topology->count
                                                  : topology->reader->distances(topology, (unsigned)a);
    return row != NULL && row[b] > 0 ? row[b] : -1;
}

const np_nodeset *np_topology_allowed(const np_topology *topology)
{
    static const np_nodeset none;
    return topology != NULL ? &topology->allowed : &none;
}

bool np_topology_has_cpus(const np_topology *topology, int id)
{
    return topology != NULL && np_nodeset_has(&topology->with_cpus, id);
}

bool np_topology_is_partial(const np_topology *topology)
{
    return topology != NULL && topology->partial;
}

int np_topology_nearest(const np_topology *topology, int id, const np_nodeset *candidates)
{
    if (np_nodeset_has(candidates, id))
        return id;
    int nearest = np_nodeset_next(candidates, -1);
    int shortest = -1;
    for (int other = -1; (other = np_nodeset_next(candidates, other)) >= 0;) {
        const int distance = np_topology_distance(topology, id, other);
        if (distance > 0 && (shortest < 0 || distance < shortest)) {
            nearest = other;
            shortest = distance;
        }
    }
    return nearest;
}

const np_cpuset *np_topology_near_cpus(const np_topology *topology, int id)
{
    np_nodeset with_cpus = {0};
    for (unsigned i = 0; i < np_topology_node_count(topology); i++) {
        const int other = np_topology_node_id(topology, i);
        if (np_cpuset_next(np_topology_node_cpus(topology, other), -1) >= 0)
            (void)np_nodeset_add(&with_cpus, other);
    }
    const bool known = np_topology_index(topology, id) >= 0;
    return np_topology_node_cpus(topology, known ? np_topology_nearest(topology, id, &with_cpus) : id);
}

void np_topology_read_details(np_topology *topology)
{
    for (unsigned i = 0; i < np_topology_node_count(topology); i++) {
        const int id = np_topology_node_id(topology, i);
        (void)np_topology_node_memory(topology, id);
        (void)np_topology_bandwidth(topology, id);
        (void)np_topology_node_cpus(topology, id);
        (void)np_topology_distance(topology, id, id);
    }
}
