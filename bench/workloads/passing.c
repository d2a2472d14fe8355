/* SPDX-License-Identifier: MIT */
/* passing - four threads fill batches of sixty blocks and exchange them with whatever batch lies in one of eight shared
 * places; what they get they free, whoever allocated it. After xmalloc-test and mstress. */
#include "workload.h"

#define BATCH  60
#define PLACES 8

struct batch {
    char *blocks[BATCH];
};

static struct {
    _Alignas(CACHELINE) _Atomic(struct batch *) batch;
} places[PLACES];

static uint64_t free_batch(struct batch *batch)
{
    if (batch == NULL)
        return 0;
    for (unsigned i = 0; i < BATCH; i++)
        free(batch->blocks[i]);
    free(batch);
    return BATCH + 1;
}

static void *body(void *argument)
{
    struct worker *me = argument;
    for (uint64_t done = 0; done < me->work; done += BATCH) {
        struct batch *batch = (struct batch *)take(sizeof *batch);
        for (unsigned i = 0; i < BATCH; i++)
            batch->blocks[i] = take(random_size(&me->rng, 4, 10));
        me->calls += BATCH + 1;
        me->calls += free_batch(atomic_exchange(&places[random_below(&me->rng, PLACES)].batch, batch));
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static struct worker workers[THREADS];
    uint64_t calls = workers_run(workers, THREADS, workload_amount(argc, argv, 8000000), body);
    for (unsigned i = 0; i < PLACES; i++)
        calls += free_batch(places[i].batch);
    return workload_done(calls);
}
