/* SPDX-License-Identifier: MIT */
/* footprint - what a process takes from the machine, in KiB resident, KiB of addresses, KiB of page tables, and mappings:
 *
 *   footprint threads COUNT   with so many threads that are alive and have allocated and freed blocks up to 2 KiB
 *   footprint memory MIB      with so much memory alive and written, half in blocks of 1 KiB, half in blocks of 1 MiB
 *
 * or, in KiB resident, what stays when nothing is alive any more:
 *
 *   footprint kept MIB        before, with so much memory alive in four threads (blocks of 16 bytes to 64 KiB), with all
 *                             of it freed and the threads ended, and after one malloc_trim */
#include "workload.h"

#include <malloc.h>

#define KIB     ((size_t)1024)
#define LIVE    100
#define REPLACE 5000

static pthread_barrier_t ready, done;

static void *body(void *argument)
{
    uint64_t rng = 42;
    char *blocks[LIVE] = {NULL};
    (void)argument;
    for (unsigned i = 0; i < REPLACE; i++) {
        char **slot = &blocks[random_below(&rng, LIVE)];
        free(*slot);
        *slot = take(random_size(&rng, 4, 11));
    }
    for (unsigned i = 0; i < LIVE; i++)
        free(blocks[i]);
    pthread_barrier_wait(&ready);
    pthread_barrier_wait(&done);
    return NULL;
}

static unsigned long lines_of(const char *path)
{
    unsigned long lines = 0;
    FILE *file = fopen(path, "r");
    for (int c; file != NULL && (c = getc(file)) != EOF;)
        lines += c == '\n';
    if (file != NULL)
        fclose(file);
    return lines;
}

static unsigned long status_field(const char *name)
{
    char line[256];
    unsigned long value = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtoul(line + strlen(name) + 1, NULL, 10);
    if (file != NULL)
        fclose(file);
    return value;
}

static int print(void)
{
    return printf("%lu %lu %lu %lu\n", status_field("VmRSS"), status_field("VmSize"), status_field("VmPTE"),
                  lines_of("/proc/self/maps")) > 0
               ? 0
               : 1;
}

static int threads(unsigned count)
{
    pthread_t *all = calloc(count, sizeof *all);
    pthread_barrier_init(&ready, NULL, count + 1);
    pthread_barrier_init(&done, NULL, count + 1);
    for (unsigned i = 0; i < count; i++)
        if (all == NULL || pthread_create(&all[i], NULL, body, NULL) != 0)
            return 1;
    pthread_barrier_wait(&ready);
    const int result = print();
    pthread_barrier_wait(&done);
    for (unsigned i = 0; i < count; i++)
        pthread_join(all[i], NULL);
    return result;
}

static int memory(size_t mib)
{
    for (size_t taken = 0; taken < mib * KIB / 2; taken++)
        memset(take(KIB), 1, KIB);
    for (size_t taken = 0; taken < mib / 2; taken++)
        memset(take(KIB * KIB), 1, KIB * KIB);
    return print();
}

static void *fill_and_free(void *argument)
{
    struct worker *me = argument;
    size_t taken = 0, count = 0, limit = me->work / 16;
    char **blocks = malloc(limit * sizeof *blocks);
    for (; blocks != NULL && taken < me->work && count < limit; count++) {
        const size_t size = random_size(&me->rng, 4, 16);
        blocks[count] = take(size);
        memset(blocks[count], 1, size);
        taken += size;
    }
    pthread_barrier_wait(&ready);
    pthread_barrier_wait(&done);
    while (blocks != NULL && count > 0)
        free(blocks[--count]);
    free(blocks);
    return NULL;
}

static int kept(size_t mib)
{
    static struct worker workers[THREADS];
    const unsigned long before = status_field("VmRSS");
    pthread_barrier_init(&ready, NULL, THREADS + 1);
    pthread_barrier_init(&done, NULL, THREADS + 1);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].work = mib * KIB * KIB / THREADS;
        workers[i].rng = i + 1;
        if (pthread_create(&workers[i].thread, NULL, fill_and_free, &workers[i]) != 0)
            return 1;
    }
    pthread_barrier_wait(&ready);
    const unsigned long full = status_field("VmRSS");
    pthread_barrier_wait(&done);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    const unsigned long freed = status_field("VmRSS");
    malloc_trim(0);
    return printf("%lu %lu %lu %lu\n", before, full, freed, status_field("VmRSS")) > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: footprint threads COUNT | footprint memory MIB | footprint kept MIB\n", stderr);
        return 2;
    }
    const size_t amount = strtoull(argv[2], NULL, 10);
    return argv[1][0] == 't' ? threads((unsigned)amount) : argv[1][0] == 'k' ? kept(amount) : memory(amount);
}
