/* SPDX-License-Identifier: MIT */
/* team - an OpenMP program: its threads fill one array and hold a small block each.
 *
 * usage: team THREADS BYTES
 *
 * For each thread a line: INDEX CPUS START LENGTH SMALL: where it may run, the part of the array that it filled, and its
 * small block. Then `ready`, and it ends with its input. */
#include <omp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALL 200

static void tell(int index, const char *part, size_t length, const char *small)
{
    cpu_set_t cpus;
    if (sched_getaffinity(0, sizeof cpus, &cpus) != 0)
        return;
    printf("%d ", index);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &cpus))
            printf("%d%s", cpu, CPU_COUNT(&cpus) > 1 ? "," : "");
    printf(" %#lx %zu %#lx\n", (unsigned long)(uintptr_t)part, length, (unsigned long)(uintptr_t)small);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: team THREADS BYTES\n", stderr);
        return 2;
    }
    const int threads = atoi(argv[1]);
    const size_t length = strtoull(argv[2], NULL, 0) / (size_t)threads;
    char *array = malloc(length * (size_t)threads);
    if (array == NULL)
        return 1;
#pragma omp parallel num_threads(threads)
    {
        const int index = omp_get_thread_num();
        char *part = array + length * (size_t)index, *small = malloc(SMALL);
        if (small != NULL)
            memset(small, 1, SMALL);
        memset(part, 1, length);
#pragma omp critical
        tell(index, part, length, small);
    }
    puts("ready");
    fflush(stdout);
    return getchar() == EOF ? 0 : 1;
}
