// SPDX-License-Identifier: MIT
//
// Which node an address belongs to, as the plugin sees addresses. For memory given to QEMU in backends, one for each
// node, version 7.2 tells the physical address plus the backend's offset once more. So the map is not assumed but
// learned: the guest shows pages whose node and physical address it knows.
#ifndef NUMAPERF_BENCH_MAP_H
#define NUMAPERF_BENCH_MAP_H

#include <stdint.h>

enum {
    MAP_NODES = 64,
    MAP_NOWHERE = MAP_NODES, // an address of no node
};

// A page of the node, by both addresses. Returns 0, or -EINVAL when it disagrees with an earlier one of the node.
int map_probe(unsigned node, uint64_t physical, uint64_t seen);

// The first physical address of the node, and the first behind it. -EINVAL without a probe.
int map_from(unsigned node, uint64_t physical);
int map_till(unsigned node, uint64_t physical);

// The node, or MAP_NOWHERE.
unsigned map_node(uint64_t seen);

// One more than the highest node known.
unsigned map_count(void);

#endif
