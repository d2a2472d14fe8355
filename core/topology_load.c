/* SPDX-License-Identifier: MIT */
#include "topology.h"

#include <errno.h>
#include <stdlib.h>

/* A snapshot holds nothing that the quick maker cannot read; hwloc is asked when the environment describes
 * another machine to it, and where this one's files make no sense. */
static bool is_described_to_hwloc(void)
{
    static const char *const variables[] = {"HWLOC_SYNTHETIC", "HWLOC_XMLFILE", "HWLOC_FSROOT"};
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *value = secure_getenv(variables[i]);
        if (value != NULL && *value != '\0')
            return true;
    }
    return false;
}

int np_topology_load(np_topology **ret_topology)
{
    if (is_described_to_hwloc())
        return np_topology_read_hwloc(ret_topology);
    int result = np_topology_read_sysfs("", ret_topology);
    if (result == 0)
        np_topology_read_details(*ret_topology); /* a snapshot must not change when files do */
    else if (result != -ENOMEM)
        result = np_topology_read_hwloc(ret_topology);
    return result;
}
