/* SPDX-License-Identifier: MIT */
/* A large buffer that threads of all nodes use: interleaved, so that the bandwidth of all nodes serves it.
 *
 *     cc shared-buffer.c $(pkg-config --cflags --libs numaperf) */
#include <numaperf.h>

#include <stdio.h>

#define SIZE ((size_t)64 << 20)

int main(void)
{
    np_topology *topology;
    static size_t pages[NP_MAX_NODES];
    NP_AUTO_REGION np_region *buffer = NULL;
    int error = np_topology_load(&topology);
    if (error) {
        fprintf(stderr, "topology: %s\n", np_strerror(error));
        return 1;
    }
    np_policy policy = {.mode = NP_INTERLEAVE, .nodes = *np_topology_allowed(topology)};
    np_topology_free(topology);
    error = np_region_create(&buffer, SIZE, &policy, NP_HUGE_DEFAULT, NP_PREFAULT_PARALLEL, NP_SOFT);
    if (error) {
        fprintf(stderr, "%s\n", np_strerror(error));
        return 1;
    }
    uint64_t *numbers = np_region_as(buffer, uint64_t);
    for (size_t i = 0; i < np_region_count(buffer, uint64_t); i++)
        numbers[i] = i;

    printf("%zu bytes at %p\n", np_region_size(buffer), np_region_data(buffer));
    np_region_verify(buffer, pages, NP_MAX_NODES);
    for (int node = 0; node < NP_MAX_NODES; node++)
        if (pages[node] > 0)
            printf("node %d: %zu pages\n", node, pages[node]);
    fflush(stdout);
    (void)getchar(); /* time to look at `numastat -p`; then press Enter */
    return 0;
}
