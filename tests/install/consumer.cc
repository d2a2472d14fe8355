/* SPDX-License-Identifier: MIT */
/* The header from C++: it must compile there and link by C names. */
#include <numaperf.h>

#include <iostream>

int main()
{
    np_nodeset nodes;
    np_nodeset_zero(&nodes);
    if (np_nodeset_add(&nodes, 3) != 0 || !np_nodeset_has(&nodes, 3))
        return 1;
    std::cout << "numaperf " << numaperf_version() << ": " << np_nodeset_count(&nodes)
              << " node in the set\n";
    return 0;
}
