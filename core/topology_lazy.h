/* SPDX-License-Identifier: MIT */
/* topology_lazy - the inside of a snapshot, for topology.c and the quick maker, which fills parts of it
 * late.
 *
 * What is read late hangs on atomic pointers: whoever comes second throws its own copy away, so that
 * nobody waits and a reader never sees half of it. */
#ifndef NP_CORE_TOPOLOGY_LAZY_H
#define NP_CORE_TOPOLOGY_LAZY_H

#include "topology.h"

#include <stdatomic.h>

#define NP_TOPOLOGY_ROOT_SIZE 256

struct np_topology_slot {
    struct np_topology_node node;
    _Atomic(void *) late_cpus; /* np_cpuset, a mapping of its own, NULL: not read */
    _Atomic(void *)
        late_distances;           /* int16_t[count], a mapping of its own, 0 where unknown; NULL: not read */
    _Atomic uint64_t late_memory; /* bytes + 1, 0: not read */
    _Atomic uint64_t late_bandwidth; /* MB/s + 1, 0: not read */
};

/** How to get at what was not read yet; NULL when there is no memory to keep it. */
struct np_topology_reader {
    const np_cpuset *(*cpus)(const np_topology *topology, unsigned index);
    uint64_t (*memory)(const np_topology *topology, unsigned index);
    uint64_t (*bandwidth)(const np_topology *topology, unsigned index);
    const int16_t *(*distances)(const np_topology *topology, unsigned index);
    void (*release)(np_topology *topology);
};

struct np_topology {
    size_t length;
    np_topology *self; /* the late reader writes to what callers have as const */
    unsigned count;
    bool partial;
    np_nodeset allowed;
    np_nodeset with_cpus;
    int16_t *distances;                      /* count * count, 0 where unknown */
    const struct np_topology_reader *reader; /* NULL: all is in slots and distances */
    np_cpuset usable_cpus;                   /* for the late reader: the affinity */
    char root[NP_TOPOLOGY_ROOT_SIZE];        /* for the late reader: its prefix */
    struct np_topology_slot slots[];
};

/** np_topology_index() - the position of a node id, or -1. */
int np_topology_index(const np_topology *topology, int id);

#endif
