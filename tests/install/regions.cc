/* SPDX-License-Identifier: MIT */
/* The same from C++: typed access, the cleanup attributes, enumerations. */
#include <numaperf.h>

#include <iostream>

static int run()
{
    np_policy policy{};
    policy.mode = NP_WEIGHTED_INTERLEAVE;
    policy.weights[0] = 3;
    np_nodeset_add(&policy.nodes, 0);
    NP_AUTO_REGION np_region *region = nullptr;
    const int error = np_region_create(&region, 100000, &policy, NP_HUGE_THP, NP_PREFAULT_PARALLEL, NP_SOFT);
    if (error != 0) {
        std::cerr << np_strerror(error) << '\n';
        return 1;
    }
    double *numbers = np_region_as(region, double);
    numbers[np_region_count(region, double) - 1] = 1.5;
    const char *why = nullptr;
    const np_enforcement enforcement = np_region_enforcement(region, &why);
    std::cout << "enforcement " << enforcement << ": " << why << '\n';

    np_cpuset cpus{};
    np_cpuset_add(&cpus, 0);
    NP_AUTO_PIN np_pin pin;
    return np_pin_begin(&pin, &cpus, NP_SOFT) == 0 && np_region_verify(region, nullptr, 0) > 0 ? 0 : 2;
}

int main()
{
    return run();
}
