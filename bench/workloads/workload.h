/* SPDX-License-Identifier: MIT */
/* workload - what the allocation workloads share. Each takes the amount of work as its argument, does it with malloc,
 * calloc, realloc and free alone, so that any allocator can be preloaded, and prints how many of these calls it made.
 *
 * Threads synchronise here by inline code, not by libpthread's mutexes: locked instructions outside the program's own
 * text are then those of the allocator (and of thread creation), which is how they are counted. */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define THREADS   4
#define CACHELINE 64

/* A thread of a workload; @calls is summed up at its end. */
struct worker {
    pthread_t thread;
    unsigned index;
    uint64_t rng;
    uint64_t work;
    uint64_t calls;
    void *data;
} __attribute__((aligned(CACHELINE)));

/* What argv asks for, or @usual. */
static inline uint64_t workload_amount(int argc, char **argv, uint64_t usual)
{
    return argc > 1 ? strtoull(argv[argc - 1], NULL, 10) : usual;
}

static inline int workload_done(uint64_t calls)
{
    return printf("%llu\n", (unsigned long long)calls) > 0 ? 0 : 1;
}

/* xorshift64*: good enough, and the same sequence for every allocator. */
static inline uint32_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)((*state * 0x2545f4914f6cdd1dULL) >> 32);
}

static inline uint32_t random_below(uint64_t *state, uint32_t limit)
{
    return (uint32_t)(((uint64_t)random_next(state) * limit) >> 32);
}

/* Each doubling of the size as likely as the next: many small ones, few large ones. Powers of 2: @low to @high. */
static inline size_t random_size(uint64_t *state, unsigned low, unsigned high)
{
    const size_t floor = (size_t)1 << (low + random_below(state, high - low));
    return floor + random_below(state, (uint32_t)floor);
}

/* A block whose first and last bytes are written, as a program would. */
static inline char *take(size_t size)
{
    char *block = malloc(size);
    if (block == NULL) {
        perror("malloc");
        exit(1);
    }
    block[0] = 1;
    block[size - 1] = 2;
    return block;
}

/* Run @count workers at the same time and wait for all. Return: their calls. */
static inline uint64_t workers_run(struct worker *workers, unsigned count, uint64_t work,
                                   void *(*body)(void *))
{
    uint64_t calls = 0;
    for (unsigned i = 0; i < count; i++) {
        workers[i].index = i;
        workers[i].work = work / count;
        workers[i].rng = 0x9e3779b97f4a7c15ULL * (i + 1);
        if (pthread_create(&workers[i].thread, NULL, body, &workers[i]) != 0)
            exit(1);
    }
    for (unsigned i = 0; i < count; i++) {
        pthread_join(workers[i].thread, NULL);
        calls += workers[i].calls;
    }
    return calls;
}

/* Wait a little for another thread, leaving the CPU to it. */
static inline void pause_briefly(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
}

#endif
