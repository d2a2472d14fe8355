/* SPDX-License-Identifier: MIT */
/* server - sessions that move on: a thread replaces blocks of random sizes (16 to 1024 bytes) in a table of a thousand,
 * then ends and hands the table to a new thread, which frees what its predecessor allocated. After larson and Krishnan's
 * simulation of a server. */
#include "workload.h"

#define LIVE    1000
#define SESSION 40000

struct table {
    uint64_t rng;
    uint64_t calls;
    char *blocks[LIVE];
};

static void *session(void *argument)
{
    struct table *table = argument;
    for (unsigned i = 0; i < SESSION; i++) {
        char **slot = &table->blocks[random_below(&table->rng, LIVE)];
        free(*slot);
        *slot = take(random_size(&table->rng, 4, 10));
        table->calls += 2;
    }
    return NULL;
}

/* One chain of threads, each after the other. */
static void *chain(void *argument)
{
    struct worker *me = argument;
    struct table *table = calloc(1, sizeof *table);
    if (table == NULL)
        exit(1);
    table->rng = me->rng;
    for (uint64_t done = 0; done < me->work; done += SESSION) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, session, table) != 0)
            exit(1);
        pthread_join(thread, NULL);
    }
    for (unsigned i = 0; i < LIVE; i++)
        free(table->blocks[i]);
    me->calls = table->calls;
    free(table);
    return NULL;
}

int main(int argc, char **argv)
{
    static struct worker workers[THREADS];
    return workload_done(workers_run(workers, THREADS, workload_amount(argc, argv, 8000000), chain));
}
