/* SPDX-License-Identifier: MIT */
/* small - a program that lives on small blocks.
 *
 * usage: small walk OPERATIONS    four threads allocate, pass blocks on to each other and free them, and move from CPU
 *                                 to CPU all the while. Says how many blocks did not lie on the node of the CPU that
 *                                 their thread ran on, as move_pages(2) knows it.
 *        small fill COUNT SIZE    prints START LENGTH of the pages that so many blocks lie on, then "ready", and waits
 *                                 for the end of its input.
 *        small thin COUNT SIZE   as fill, but nine of ten blocks are freed, given back by malloc_trim, and allocated anew
 *                                 before; "not thin" when half of the memory stayed.
 *        small later CPU          says "ready", waits for a line, goes to that CPU, which was offline until then, and says
 *                                 how many of the blocks that it gets there are not on its node. */
#include <malloc.h>
#include <numa.h>
#include <numaif.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS 4
#define OWN     600
#define SHARED  512
#define PAGES   (1u << 20)

static unsigned long operations;
static _Atomic unsigned long allocations, misplaced, moves, pages_seen;
static void *_Atomic passed_on[SHARED];

/* The node of each page that was asked about: page number << 8 | node + 1. */
static _Atomic uint64_t known[PAGES];

static int ask_kernel(void *page)
{
    int status = -1;
    if (move_pages(0, 1, &page, NULL, &status, 0) < 0)
        return -1;
    return status;
}

static int node_of(char *block)
{
    uint64_t number = (uintptr_t)block >> 12;
    for (uint32_t at = (uint32_t)(number * 0x9e3779b1u) % PAGES;; at = (at + 1) % PAGES) {
        uint64_t entry = known[at];
        if (entry >> 8 == number)
            return (int)(entry & 255) - 1;
        if (entry != 0)
            continue;
        int node = ask_kernel(block);
        if (node < 0) /* moved, or swapped, or the kernel does not say: the caller counts it */
            return node;
        known[at] = number << 8 | (unsigned)(node + 1);
        pages_seen++;
        return node;
    }
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *state >> 33;
}

static size_t random_size(uint64_t *state)
{
    return next_random(state) % 20 ? next_random(state) % 400 : next_random(state) % 20000;
}

static int run_on_random_cpu(uint64_t *state)
{
    int cpu = (int)(next_random(state) % (uint64_t)numa_num_configured_cpus());
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        abort();
    moves++;
    return numa_node_of_cpu(cpu);
}

static void *walk(void *seed)
{
    uint64_t state = (uintptr_t)seed;
    static __thread void *own[OWN];
    int node = run_on_random_cpu(&state);
    for (unsigned long i = 0; i < operations / THREADS; i++) {
        if (next_random(&state) % 300 == 0)
            node = run_on_random_cpu(&state);
        void **slot = &own[next_random(&state) % OWN];
        if (*slot) {
            if (next_random(&state) % 2)
                *slot = atomic_exchange(&passed_on[next_random(&state) % SHARED], *slot);
            free(*slot);
            *slot = NULL;
            continue;
        }
        size_t size = random_size(&state);
        char *block = *slot = malloc(size);
        memset(block, 1, size ? size : 1);
        allocations++;
        if (node_of(block) != node || node_of(block + (size ? size - 1 : 0)) != node)
            misplaced++;
    }
    return NULL;
}

static int walk_about(void)
{
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, walk, (void *)(i + 1)) != 0)
            return 1;
    for (int i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    printf("%lu allocations, %lu moves, %lu pages, %lu misplaced\n", allocations, moves, pages_seen,
           misplaced);
    return misplaced != 0;
}

static int by_address(const void *a, const void *b)
{
    uintptr_t left = *(const uintptr_t *)a, right = *(const uintptr_t *)b;
    return left < right ? -1 : left > right;
}

static char *filled(size_t size)
{
    char *block = malloc(size);
    if (!block)
        exit(1);
    return memset(block, 1, size);
}

static size_t resident_pages(void)
{
    char line[200] = "", *second;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || !fgets(line, sizeof line, file) || !(second = strchr(line, ' ')))
        exit(1);
    (void)fclose(file);
    return strtoul(second, NULL, 10);
}

static void make_thin(char **blocks, size_t count, size_t size)
{
    const size_t before = resident_pages();
    for (size_t i = 0; i < count; i++)
        if (i % 10)
            free(blocks[i]);
    (void)malloc_trim(0);
    if (resident_pages() * 2 > before)
        puts("not thin");
    for (size_t i = 0; i < count; i++)
        if (i % 10)
            blocks[i] = filled(size);
}

static int fill(size_t count, size_t size, bool thin)
{
    char **blocks = calloc(count, sizeof *blocks);
    uintptr_t *pages = calloc(count, sizeof *pages);
    if (!pages || !blocks)
        exit(1);
    for (size_t i = 0; i < count; i++)
        blocks[i] = filled(size);
    if (thin)
        make_thin(blocks, count, size);
    for (size_t i = 0; i < count; i++)
        pages[i] = (uintptr_t)blocks[i] >> 12;
    free(blocks);
    qsort(pages, count, sizeof *pages, by_address);
    for (size_t first = 0, i = 1; i <= count; i++) {
        if (i < count && pages[i] - pages[i - 1] <= 1)
            continue;
        printf("%#lx %zu\n", pages[first] << 12, (size_t)(pages[i - 1] - pages[first] + 1) << 12);
        first = i;
    }
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    return 0;
}

static int allocate_later(int cpu)
{
    enum { COUNT = 3000 };
    unsigned node = 0, elsewhere = 0;
    cpu_set_t set;
    for (unsigned i = 0; i < COUNT; i++)
        memset(malloc(100 + i), 1, 100);
    puts("ready");
    fflush(stdout);
    (void)getchar();
    CPU_ZERO(&set);
    CPU_SET((unsigned)cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0 || getcpu(NULL, &node) != 0)
        return 1;
    for (unsigned i = 0; i < COUNT; i++) {
        char *block = malloc(100 + i);
        memset(block, 1, 100);
        elsewhere += ask_kernel((void *)((uintptr_t)block & ~(uintptr_t)4095)) != (int)node;
    }
    printf("%u blocks not on node %u\n", elsewhere, node);
    fflush(stdout);
    return elsewhere != 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "walk") == 0) {
        operations = strtoul(argv[2], NULL, 0);
        return walk_about();
    }
    if (argc == 4 && strcmp(argv[1], "fill") == 0)
        return fill(strtoul(argv[2], NULL, 0), strtoul(argv[3], NULL, 0), false);
    if (argc == 4 && strcmp(argv[1], "thin") == 0)
        return fill(strtoul(argv[2], NULL, 0), strtoul(argv[3], NULL, 0), true);
    if (argc == 3 && strcmp(argv[1], "later") == 0)
        return allocate_later((int)strtol(argv[2], NULL, 0));
    fputs("usage: small walk OPERATIONS | small fill COUNT SIZE | small thin COUNT SIZE | small later CPU\n",
          stderr);
    return 2;
}
