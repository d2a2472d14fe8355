/* SPDX-License-Identifier: MIT */
/* Pin the thread to a node, then allocate locally: what it touches is near, and stays near while it is pinned.
 *
 *     cc pin-then-allocate.c $(pkg-config --cflags --libs numaperf) */
#include <numaperf.h>

#include <stdio.h>

#define SIZE ((size_t)4 << 20)

static int work_on(const np_topology *topology, int node)
{
    /* A memory-only node has no CPUs: those of the nearest node are as near as one can be. */
    NP_AUTO_PIN np_pin pin;
    int error = np_pin_begin(&pin, np_topology_near_cpus(topology, node), NP_HARD);
    if (error)
        return error;

    const np_policy policy = {.mode = NP_LOCAL};
    NP_AUTO_REGION np_region *region = NULL;
    error = np_region_create(&region, SIZE, &policy, NP_HUGE_DEFAULT, NP_PREFAULT_TOUCH, NP_SOFT);
    if (error)
        return error;
    printf("node %d: %zu bytes at %p\n", node, np_region_size(region), np_region_data(region));
    fflush(stdout);
    (void)getchar(); /* time to look at `numastat -p`; then press Enter */
    return 0;
} /* here the region is freed and the thread may run where it could before */

int main(void)
{
    np_topology *topology;
    int error = np_topology_load(&topology);
    for (unsigned i = 0; !error && i < np_topology_node_count(topology); i++)
        error = work_on(topology, np_topology_node_id(topology, i));
    if (error) {
        fprintf(stderr, "%s\n", np_strerror(error));
        return 1;
    }
    np_topology_free(topology);
    return 0;
}
