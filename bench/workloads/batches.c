/* SPDX-License-Identifier: MIT */
/* batches - each of four threads allocates ten thousand blocks of one size and frees them all, in order, again and
 * again; nothing is shared. The pattern of threadtest and of linux-scalability. */
#include "workload.h"

#define BATCH 10000

static void *body(void *argument)
{
    struct worker *me = argument;
    char **blocks = malloc(BATCH * sizeof *blocks);
    if (blocks == NULL)
        exit(1);
    for (uint64_t done = 0; done < me->work; done += BATCH) {
        const size_t size = 16u + 16u * (done / BATCH % 8);
        for (unsigned i = 0; i < BATCH; i++)
            blocks[i] = take(size);
        for (unsigned i = 0; i < BATCH; i++)
            free(blocks[i]);
        me->calls += 2 * BATCH;
    }
    free(blocks);
    return NULL;
}

int main(int argc, char **argv)
{
    static struct worker workers[THREADS];
    return workload_done(workers_run(workers, THREADS, workload_amount(argc, argv, 16000000), body));
}
