/* SPDX-License-Identifier: MIT */
/* A program of somebody else: uses the installed library through its public header only. */
#include <numaperf.h>

#include <stdio.h>

int main(void)
{
    np_nodeset nodes;
    np_topology *topology;
    char text[64];

    if (np_nodeset_parse("0-2,5", &nodes) != 0 || np_nodeset_format(&nodes, text, sizeof text) != 5)
        return 1;
    int error = np_topology_load(&topology);
    if (error != 0) {
        printf("no topology: %s\n", np_strerror(error));
        return 1;
    }
    printf("numaperf %s: %u node(s), the first is %d, a set reads %s\n", numaperf_version(),
           np_topology_node_count(topology), np_topology_node_id(topology, 0), text);
    np_topology_free(topology);
    return 0;
}
