/* SPDX-License-Identifier: MIT */
/* Memory on the first node for certain, or none at all: never elsewhere, never the out-of-memory killer.
 *
 *     cc hard-mode.c $(pkg-config --cflags --libs numaperf)
 *     ./a.out 64           # MiB */
#include <numaperf.h>

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    const size_t size = strtoul(argc > 1 ? argv[1] : "16", NULL, 10) << 20;
    np_topology *topology;
    NP_AUTO_REGION np_region *region = NULL;
    int error = np_topology_load(&topology);
    if (error) {
        fprintf(stderr, "topology: %s\n", np_strerror(error));
        return 1;
    }
    np_policy policy = {.mode = NP_BIND};
    np_nodeset_add(&policy.nodes, np_nodeset_next(np_topology_allowed(topology), -1));
    np_topology_free(topology);

    error = np_region_create(&region, size, &policy, NP_HUGE_DEFAULT, NP_PREFAULT_PARALLEL, NP_HARD);
    if (error) {
        fprintf(stderr, "refused: %s\n", np_strerror(error));
        return 1;
    }
    printf("%s: %zu bytes at %p\n",
           np_region_enforcement(region, NULL) == NP_STRICT ? "strict" : "not strict", np_region_size(region),
           np_region_data(region));
    fflush(stdout);
    (void)getchar(); /* time to look at `numastat -p`; then press Enter */
    return 0;
}
