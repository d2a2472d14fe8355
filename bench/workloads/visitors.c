/* SPDX-License-Identifier: MIT */
/* visitors - many threads that come and go, four at a time: each allocates five hundred blocks, frees all but ten, and
 * leaves these to the main thread. */
#include "workload.h"

#define BLOCKS 500
#define LEFT   10

static void *visit(void *argument)
{
    struct worker *me = argument;
    char *blocks[BLOCKS], **left = me->data;
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = take(random_size(&me->rng, 4, 11));
    for (unsigned i = 0; i < LEFT; i++)
        left[i] = blocks[i];
    for (unsigned i = LEFT; i < BLOCKS; i++)
        free(blocks[i]);
    me->calls = 2 * BLOCKS;
    return NULL;
}

int main(int argc, char **argv)
{
    static struct worker workers[THREADS];
    static char *left[THREADS][LEFT];
    const uint64_t rounds = workload_amount(argc, argv, 1000);
    uint64_t calls = 0;
    for (unsigned i = 0; i < THREADS; i++)
        workers[i].data = left[i];
    for (uint64_t round = 0; round < rounds; round++) {
        calls += workers_run(workers, THREADS, 0, visit);
        for (unsigned i = 0; i < THREADS * LEFT; i++)
            free(left[i / LEFT][i % LEFT]);
    }
    return workload_done(calls);
}
