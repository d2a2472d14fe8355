// SPDX-License-Identifier: MIT
#include "map.h"

#include <errno.h>
#include <stdbool.h>

static struct {
    bool known;
    uint64_t shift, from, till;
} nodes[MAP_NODES];
static unsigned count;

int map_probe(unsigned node, uint64_t physical, uint64_t seen)
{
    if (node >= MAP_NODES || (nodes[node].known && nodes[node].shift != seen - physical))
        return -EINVAL;
    nodes[node].known = true;
    nodes[node].shift = seen - physical;
    if (count <= node)
        count = node + 1;
    return 0;
}

int map_from(unsigned node, uint64_t physical)
{
    if (node >= MAP_NODES || !nodes[node].known)
        return -EINVAL;
    nodes[node].from = physical + nodes[node].shift;
    return 0;
}

int map_till(unsigned node, uint64_t physical)
{
    if (node >= MAP_NODES || !nodes[node].known)
        return -EINVAL;
    nodes[node].till = physical + nodes[node].shift;
    return 0;
}

unsigned map_node(uint64_t seen)
{
    for (unsigned node = 0; node < count; node++) {
        if (seen >= nodes[node].from && seen < nodes[node].till)
            return node;
    }
    return MAP_NOWHERE;
}

unsigned map_count(void)
{
    return count;
}
