/* SPDX-License-Identifier: MIT */
/* processors - the CPUs that this process may use, each with its node, core and last-level cache: what pinning
 * goes by. Two makers, as for the topology: sysfs' CPU files, which is what the shim has, and hwloc, which
 * knows machines that are not this one too. Context: start-up. */
#ifndef NP_CORE_PROCESSORS_H
#define NP_CORE_PROCESSORS_H

#include "topology.h"

/** One CPU. Cores and caches are labelled with the lowest CPU that they have, usable or not. */
struct np_processors_cpu {
    uint16_t cpu, node, core, cache;
};

/** Sorted by node, then core, then CPU. A large thing: map it, or make it static. */
struct np_processors {
    unsigned count;
    bool cores_known;  /* else each CPU stands for a core of its own */
    bool caches_known; /* else the CPUs of a node stand for one cache */
    struct np_processors_cpu cpus[NP_MAX_CPUS];
};

/** What a maker has to find out beyond the nodes: it costs a file or two a CPU. */
enum np_processors_detail {
    NP_PROCESSORS_NODES = 0,
    NP_PROCESSORS_CORES = 1,
    NP_PROCESSORS_CACHES = 2,
};

/** np_processors_read_sysfs() - the quick maker; @root as in np_topology_read_sysfs(), which made @topology.
 * @details: of enum np_processors_detail. What cannot be read is not known, and no error. */
void np_processors_read_sysfs(const char *root, const np_topology *topology, unsigned details,
                              struct np_processors *ret_processors);

/** np_processors_read_hwloc() - the thorough maker, always with all details. Not in the shim.
 * @topology: one that np_topology_read_hwloc() made. Return: 0; -ENOMEM; -EIO as np_topology_read_hwloc(). */
int np_processors_read_hwloc(const np_topology *topology, struct np_processors *ret_processors);

/* For the makers. */

/** np_processors_begin() - the CPUs of all nodes of @topology, each a core of its own, a node one cache. */
void np_processors_begin(const np_topology *topology, struct np_processors *ret_processors);
/** np_processors_finish() - sort. */
void np_processors_finish(struct np_processors *processors);

#endif
