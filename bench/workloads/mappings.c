/* SPDX-License-Identifier: MIT */
/* mappings - maps and unmaps in a loop, and says how long a pair took:
 *
 *   mappings PAIRS BYTES [between]
 *
 * `between`: with two mappings of 4 MiB, which a rule may take, on both sides. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static void *map(size_t bytes)
{
    void *block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED)
        exit(1);
    return block;
}

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: mappings PAIRS BYTES [between]\n", stderr);
        return 2;
    }
    const unsigned long pairs = strtoul(argv[1], NULL, 0), bytes = strtoul(argv[2], NULL, 0);
    if (argc > 3 && strcmp(argv[3], "between") == 0) {
        (void)map(4 << 20);
        void *middle = map(8 * bytes);
        (void)map(4 << 20);
        (void)munmap(middle, 8 * bytes);
    }
    const double before = now();
    for (unsigned long i = 0; i < pairs; i++)
        (void)munmap(map(bytes), bytes);
    printf("%.1f\n", pairs > 0 ? (now() - before) / (double)pairs : 0.0);
    return 0;
}
