/* SPDX-License-Identifier: MIT */
/* large_blocks - what large allocations cost. Uses malloc and free only, so that any allocator can be preloaded.
 *
 *   large_blocks loop SIZE TOUCH   allocate SIZE bytes, write the first byte of each page when TOUCH is 1, free; again
 *                                  and again. Prints nanoseconds of CPU time for one round.
 *   large_blocks resident SECONDS  allocate and fill blocks of all sizes, free them all, wait, make a few calls more.
 *                                  Prints KiB resident: at the start, with all blocks, freed, after the wait.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MIB       ((size_t)1 << 20)
#define PAGE      4096
#define WARM_UP   3
#define LEAST     4
#define BUDGET_NS 150000000LL

/* CPU time rather than time by the clock: the program is alone in its process, not on the machine. */
static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void touch(volatile char *block, size_t size)
{
    for (size_t i = 0; i < size; i += PAGE)
        block[i] = 1;
}

static char *allocate(size_t size)
{
    char *block = malloc(size);
    if (block == NULL) {
        perror("malloc");
        exit(1);
    }
    return block;
}

static void one_round(size_t size, int touching)
{
    char *volatile block = allocate(size); /* volatile: the compiler may not drop the pair of calls */
    if (touching)
        touch(block, size);
    free(block);
}

static int loop(size_t size, int touching)
{
    for (int i = 0; i < WARM_UP; i++)
        one_round(size, touching);

    int64_t start = cpu_ns(), spent;
    int64_t rounds = 0;
    do {
        for (int i = 0; i < LEAST; i++)
            one_round(size, touching);
        rounds += LEAST;
        spent = cpu_ns() - start;
    } while (spent < BUDGET_NS);
    printf("%.1f\n", (double)spent / (double)rounds);
    return 0;
}

static long resident_kib(void)
{
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (statm == NULL || fscanf(statm, "%*d %ld", &pages) != 1)
        exit(1);
    fclose(statm);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static int resident(unsigned seconds)
{
    enum { EACH = 4, SIZES = 7 }; /* four blocks each of 1, 2, 4 ... 64 MiB: 508 MiB */
    char *blocks[EACH * SIZES];
    long before = resident_kib();

    for (int i = 0; i < EACH * SIZES; i++) {
        size_t size = MIB << (i % SIZES);
        blocks[i] = allocate(size);
        memset(blocks[i], 1, size);
    }
    long full = resident_kib();
    for (int i = 0; i < EACH * SIZES; i++)
        free(blocks[i]);
    long freed = resident_kib();
    sleep(seconds);
    for (int i = 0; i < 100; i++) /* allocators without threads of their own age their memory in calls */
        one_round(MIB, 1);
    printf("%ld %ld %ld %ld\n", before, full, freed, resident_kib());
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "loop") == 0)
        return loop(strtoull(argv[2], NULL, 10), argv[3][0] == '1');
    if (argc == 3 && strcmp(argv[1], "resident") == 0)
        return resident((unsigned)strtoul(argv[2], NULL, 10));
    fputs("usage: large_blocks loop SIZE TOUCH | large_blocks resident SECONDS\n", stderr);
    return 2;
}
