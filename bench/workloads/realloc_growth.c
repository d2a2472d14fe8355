/* SPDX-License-Identifier: MIT */
/* realloc_growth - two arrays that grow by turns, 1 MiB at a time, up to the size given in MiB; what is new is filled.
 * Prints seconds of CPU time, and KiB resident at the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STEP ((size_t)1 << 20)

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    size_t target = argc > 1 ? strtoull(argv[1], NULL, 10) * STEP : 512 * STEP;
    char *arrays[2] = {NULL, NULL};
    double start = cpu_seconds();

    for (size_t size = STEP; size <= target; size += STEP) {
        for (int i = 0; i < 2; i++) {
            char *grown = realloc(arrays[i], size);
            if (grown == NULL) {
                perror("realloc");
                return 1;
            }
            arrays[i] = grown;
            memset(grown + size - STEP, i + 1, STEP);
        }
    }
    double spent = cpu_seconds() - start;

    for (int i = 0; i < 2; i++) {
        for (size_t at = 0; at < target; at += 4096) {
            if (arrays[i][at] != i + 1) {
                fprintf(stderr, "array %d lost its contents at byte %zu\n", i, at);
                return 1;
            }
        }
        free(arrays[i]);
    }
    printf("%.4f\n", spent);
    return 0;
}
