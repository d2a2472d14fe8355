/* SPDX-License-Identifier: MIT */
/* Four threads take blocks of all sizes, free each other's and end; main frees the rest and trims: tides MIB. Says how many KiB
 * were resident, and missing from the machine's free memory, at the height of it and at the end. The latter is for reading
 * only: the kernel keeps some of what it gets back in lists of each CPU. */
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define THREADS 4
#define BLOCKS  ((size_t)1 << 20) /* of a thread */

static char **blocks[THREADS];
static size_t volume; /* bytes of a thread */
static pthread_barrier_t turn;

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

/* 16 bytes to 64 KiB, each power of two as often; of a hundred one is of up to 2 MiB. */
static size_t nth_size(uint64_t *seed)
{
    size_t size = (size_t)16 << next(seed) % 12;
    size += next(seed) % size;
    return next(seed) % 100 ? size : size * 32;
}

static void *body(void *argument)
{
    size_t me = (size_t)argument;
    uint64_t seed = me + 1;
    char **neighbours = blocks[(me + 1) % THREADS], **own = blocks[me];
    size_t taken = 0;
    for (size_t i = 0; taken < volume && i < BLOCKS; i++) {
        size_t size = nth_size(&seed);
        own[i] = malloc(size);
        if (!own[i])
            exit(EXIT_FAILURE);
        memset(own[i], 1, size);
        taken += size;
    }
    (void)pthread_barrier_wait(&turn); /* main looks */
    (void)pthread_barrier_wait(&turn);
    for (size_t i = 0; i < BLOCKS; i++)
        if (i % 3) {
            free(neighbours[i]);
            neighbours[i] = NULL;
        }
    return NULL;
}

/* The figure in KiB behind @name, a file of the kernel's. */
static long figure(const char *path, const char *name)
{
    char line[256];
    long found = -1;
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            found = strtol(line + strlen(name), NULL, 10);
    if (file)
        (void)fclose(file);
    return found;
}

int main(int argc, char **argv)
{
    volume = (argc == 2 ? strtoul(argv[1], NULL, 10) << 20 : 0) / THREADS;
    if (!volume || pthread_barrier_init(&turn, NULL, THREADS + 1) != 0)
        return 2;
    for (size_t i = 0; i < THREADS; i++) {
        blocks[i] =
            mmap(NULL, BLOCKS * sizeof(char *), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (blocks[i] == MAP_FAILED)
            return 2;
    }
    long free_before = figure("/proc/meminfo", "MemFree:");
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, body, (void *)i) != 0)
            return 2;
    (void)pthread_barrier_wait(&turn);
    long most = figure("/proc/self/status", "VmRSS:");
    long most_gone = free_before - figure("/proc/meminfo", "MemFree:");
    (void)pthread_barrier_wait(&turn);
    for (size_t i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    for (size_t i = 0; i < THREADS; i++) {
        for (size_t j = 0; j < BLOCKS; j++)
            free(blocks[i][j]);
        (void)munmap(blocks[i], BLOCKS * sizeof(char *));
    }
    (void)malloc_trim(0);
    (void)printf("resident %ld %ld\n", most, figure("/proc/self/status", "VmRSS:"));
    (void)printf("gone %ld %ld\n", most_gone, free_before - figure("/proc/meminfo", "MemFree:"));
    return EXIT_SUCCESS;
}
