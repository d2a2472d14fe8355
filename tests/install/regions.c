/* SPDX-License-Identifier: MIT */
/* Regions and pins as a program of somebody else uses them, every name of the interface that is a promise. */
#include <numaperf.h>

#include <stdio.h>
#include <string.h>

static int run(const np_topology *topology)
{
    np_policy policy = {.mode = NP_INTERLEAVE, .nodes = *np_topology_allowed(topology)};
    struct np_policy other = {.mode = NP_LOCAL};
    NP_AUTO_REGION np_region *region = NULL;
    static size_t pages[NP_MAX_NODES];
    const char *why;
    np_pin pin;

    if (np_pin_begin(&pin, np_topology_node_cpus(topology, np_topology_node_id(topology, 0)), NP_SOFT) != 0)
        return 1;
    if (np_region_create(&region, 100000, &policy, NP_HUGE_DEFAULT, NP_PREFAULT_TOUCH, NP_SOFT) != 0)
        return 2;
    memset(np_region_data(region), 1, np_region_size(region));
    uint64_t *numbers = np_region_as(region, uint64_t);
    numbers[np_region_count(region, uint64_t) - 1] = 7;
    switch (np_region_enforcement(region, &why)) {
    case NP_STRICT:
    case NP_BEST_EFFORT:
    case NP_NONE:
        break;
    }
    const long present = np_region_verify(region, pages, NP_MAX_NODES);
    printf("region: %ld pages, %s\n", present, why);
    if (np_region_move(region, &other) != 0 || np_pin_end(&pin) != 0)
        return 3;
    return numbers[np_region_count(region, uint64_t) - 1] != 7;
}

int main(void)
{
    np_topology *topology;
    if (np_topology_load(&topology) != 0)
        return 4;
    const int status = run(topology);
    np_topology_free(topology);
    return status;
}
