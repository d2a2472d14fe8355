/* SPDX-License-Identifier: MIT */
/* verify - seconds of CPU time to ask the kernel where each page of BYTES is, by move_pages(2) alone or for a region.
 *
 * usage: verify bare|region BYTES */
#include <numaif.h>
#include <numaperf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE  4096
#define BATCH 1024

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static long bare(char *memory, size_t size)
{
    static void *pages[BATCH];
    static int nodes[BATCH];
    long present = 0;
    for (size_t at = 0; at < size; at += (size_t)BATCH * PAGE) {
        for (int i = 0; i < BATCH; i++)
            pages[i] = memory + at + (size_t)i * PAGE;
        if (move_pages(0, BATCH, pages, NULL, nodes, 0) != 0)
            return -1;
        for (int i = 0; i < BATCH; i++)
            present += nodes[i] >= 0;
    }
    return present;
}

int main(int argc, char **argv)
{
    static const np_policy policy = {.mode = NP_BIND, .nodes = {{1}}};
    static size_t counts[NP_MAX_NODES];
    np_region *region;
    if (argc != 3)
        return 2;
    const size_t size = strtoull(argv[2], NULL, 0);
    if (np_region_create(&region, size, &policy, NP_HUGE_NEVER, NP_PREFAULT_TOUCH, NP_SOFT) != 0)
        return 1;
    const double start = now();
    const long present = strcmp(argv[1], "bare") == 0 ? bare(np_region_data(region), size)
                                                      : (long)np_region_verify(region, counts, NP_MAX_NODES);
    printf("%.6f\n", now() - start);
    return present == (long)(size / PAGE) ? 0 : 1;
}
