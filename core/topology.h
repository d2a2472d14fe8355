/* SPDX-License-Identifier: MIT */
/* topology - the snapshot of nodes, with two makers: sysfs' node files (quick, no library, enough for memory
 * policies) and hwloc (cores, caches, synthetic machines, memory attributes). Context: start-up. */
#ifndef NP_CORE_TOPOLOGY_H
#define NP_CORE_TOPOLOGY_H

#include "numaperf.h"

/** np_topology_read_sysfs() - the quick maker. @root is "" for this machine, else a folder that holds a
 * copy of sys/ and proc/ (test fixtures: allowed nodes then come from its proc/self/status). Memory comes
 * from mmap, never from malloc. Where sysfs is missing, Mems_allowed_list of /proc/self/status gives the
 * ids (containers without /sys), and where that is missing too, one node 0 with the CPUs of the affinity
 * mask.
 * Return: 0; -ENOMEM; -EINVAL for files that make no sense. */
int np_topology_read_sysfs(const char *root, np_topology **ret_topology);

/** np_topology_read_hwloc() - the thorough maker (HWLOC_SYNTHETIC and HWLOC_XMLFILE are honoured). Not in
 * the shim.
 * Return: 0; -ENOMEM; -ENOENT when hwloc finds no node; -EIO when it fails to load. */
int np_topology_read_hwloc(np_topology **ret_topology);

/** np_topology_read_details() - read now what the quick maker otherwise reads when it is asked for: memory,
 * bandwidth, CPUs and distances, four small files a node. Without it, np_topology_node_memory(),
 * np_topology_node_cpus() and np_topology_distance() read one file at the first question about a node;
 * threads may race. */
void np_topology_read_details(np_topology *topology);

/** np_topology_read_node_cpus() - the CPUs that a node of this machine has, whoever may use them; none for a memory-only
 * node. Return: 0; -ENOENT for no such node; another -errno of reading. */
int np_topology_read_node_cpus(int id, np_cpuset *ret_cpus);
/** np_topology_has_cpus() - does a node have CPUs at all, usable by this process or not? One bit, no file:
 * what `dram` and `memory-only` mean, while np_topology_node_cpus() is empty too for a node whose CPUs the
 * affinity excludes. */
bool np_topology_has_cpus(const np_topology *topology, int id);
/** np_topology_is_partial() - true when only the allowed ids could be learnt (no /sys): others may exist. */
bool np_topology_is_partial(const np_topology *topology);

/** np_topology_bandwidth() - MB/s at which the CPUs nearest to a node read its memory (HMAT), or 0 when the firmware does
 * not tell. The quick maker reads a file at the first question. */
uint64_t np_topology_bandwidth(const np_topology *topology, int id);
/** np_topology_root() - the folder that the quick maker has read, "" for this machine. */
const char *np_topology_root(const np_topology *topology);
/** np_topology_read_bandwidth() - the same as sysfs tells it now, under @root. */
uint64_t np_topology_read_bandwidth(const char *root, int id);

/* For the makers only: build a snapshot node by node, ids rising. */
struct np_topology_node {
    int id;
    uint64_t memory;    /* bytes in all */
    uint64_t bandwidth; /* MB/s; 0: unknown */
    np_cpuset cpus;     /* usable ones */
};
int np_topology_new(unsigned node_count, np_topology **ret_topology);
struct np_topology_node *np_topology_node_at(np_topology *topology, unsigned index);
void np_topology_set_distance(np_topology *topology, unsigned index_a, unsigned index_b, int distance);
void np_topology_set_allowed(np_topology *topology, const np_nodeset *allowed);
void np_topology_set_has_cpus(np_topology *topology, const np_nodeset *nodes);

#endif
