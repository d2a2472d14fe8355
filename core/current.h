/* SPDX-License-Identifier: MIT */
/* current - the machine's nodes as of now, shared by all regions of the process. The files of a snapshot cost
 * more than a region does, so it is read again only when the nodes that a cpuset allows have changed. Its CPUs
 * depend on the affinity of whoever made it: ask np_topology_read_node_cpus() instead. Context: start-up. */
#ifndef NP_CORE_CURRENT_H
#define NP_CORE_CURRENT_H

#include "topology.h"

#include <stdatomic.h>

struct np_current {
    np_topology *topology;
    np_nodeset mems; /* as the cpuset allowed them when it was read */
    _Atomic unsigned users;
};

/** np_current_take() - the snapshot; np_current_give() lets go of it. Threads need no lock. Return: 0 or -errno as
 * np_topology_read_sysfs(). */
int np_current_take(struct np_current **ret_current);
/** np_current_allows() - was the node allowed when the snapshot was last read? False when there is none yet. Asks
 * nothing of the kernel. */
bool np_current_allows(int node);
/** np_current_give() - NULL is fine. */
void np_current_give(struct np_current *current);

#endif
