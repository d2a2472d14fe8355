/* SPDX-License-Identifier: MIT */
/* One buffer on each node, for data that stays with the threads of that node.
 *
 *     cc per-node-buffers.c $(pkg-config --cflags --libs numaperf) */
#include <numaperf.h>

#include <stdio.h>

#define SIZE ((size_t)4 << 20)

int main(void)
{
    static np_region *buffers[NP_MAX_NODES]; /* by node id: ids may have gaps */
    np_topology *topology;
    int error = np_topology_load(&topology);
    if (error) {
        fprintf(stderr, "topology: %s\n", np_strerror(error));
        return 1;
    }
    /* The nodes with memory that this process may use: a cpuset may forbid some of those that exist. */
    const np_nodeset *allowed = np_topology_allowed(topology);
    for (int node = -1; (node = np_nodeset_next(allowed, node)) >= 0;) {
        np_policy policy = {.mode = NP_BIND};
        np_nodeset_add(&policy.nodes, node);
        error = np_region_create(&buffers[node], SIZE, &policy, NP_HUGE_DEFAULT, NP_PREFAULT_TOUCH, NP_SOFT);
        if (error) {
            fprintf(stderr, "node %d: %s\n", node, np_strerror(error));
            return 1;
        }
        printf("node %d: %zu bytes at %p\n", node, np_region_size(buffers[node]),
               np_region_data(buffers[node]));
    }
    fflush(stdout);
    (void)getchar(); /* time to look at `numastat -p`; then press Enter */
    for (int node = 0; node < NP_MAX_NODES; node++)
        np_region_destroy(buffers[node]);
    np_topology_free(topology);
    return 0;
}
