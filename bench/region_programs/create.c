/* SPDX-License-Identifier: MIT */
/* create - nanoseconds to make and to give back memory with a policy on one node, nothing written to it.
 *
 * usage: create libnuma|numaperf BYTES COUNT */
#include <numa.h>
#include <numaperf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int by_libnuma(size_t size)
{
    void *memory = numa_alloc_onnode(size, 0);
    if (memory == NULL)
        return 1;
    numa_free(memory, size);
    return 0;
}

static int by_numaperf(size_t size)
{
    static const np_policy policy = {.mode = NP_BIND, .nodes = {{1}}};
    np_region *region;
    if (np_region_create(&region, size, &policy, NP_HUGE_DEFAULT, NP_PREFAULT_NONE, NP_SOFT) != 0)
        return 1;
    np_region_destroy(region);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 4 || (strcmp(argv[1], "libnuma") != 0 && strcmp(argv[1], "numaperf") != 0))
        return 2;
    int (*const make)(size_t) = argv[1][0] == 'l' ? by_libnuma : by_numaperf;
    const size_t size = strtoull(argv[2], NULL, 0);
    const unsigned long count = strtoul(argv[3], NULL, 0);
    if (make(size) != 0) /* what happens once: reading the machine's files */
        return 1;
    const double start = now();
    for (unsigned long i = 0; i < count; i++)
        if (make(size) != 0)
            return 1;
    printf("%.0f\n", (now() - start) / (double)count);
    return 0;
}
