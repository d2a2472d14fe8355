/* SPDX-License-Identifier: MIT */
/* prefault - seconds to make a mapping of BYTES with all its pages, by madvise(2) alone or as a region.
 *
 * usage: prefault bare|touch|parallel|hard BYTES */
#include <numaperf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int bare(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED || madvise(memory, size, MADV_POPULATE_WRITE) != 0;
}

static int region(size_t size, enum np_prefault prefault, enum np_hardness hardness)
{
    static const np_policy policy = {.mode = NP_BIND, .nodes = {{1}}};
    np_region *made;
    return np_region_create(&made, size, &policy, NP_HUGE_DEFAULT, prefault, hardness) != 0;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    const size_t size = strtoull(argv[2], NULL, 0);
    const double start = now();
    const int failed = strcmp(argv[1], "bare") == 0    ? bare(size)
                       : strcmp(argv[1], "touch") == 0 ? region(size, NP_PREFAULT_TOUCH, NP_SOFT)
                       : strcmp(argv[1], "hard") == 0  ? region(size, NP_PREFAULT_TOUCH, NP_HARD)
                                                       : region(size, NP_PREFAULT_PARALLEL, NP_SOFT);
    printf("%.6f\n", now() - start);
    return failed;
}
