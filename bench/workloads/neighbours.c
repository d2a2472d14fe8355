/* SPDX-License-Identifier: MIT */
/* neighbours - false sharing. Each of four threads allocates a block of 8 bytes, writes it many times, frees it, again
 * and again: two threads whose blocks share a cache line hinder each other.
 *
 *   neighbours active [N]    the threads start with nothing: does the allocator hand neighbours to different threads?
 *   neighbours passive [N]   the main thread allocates a block for each, which it frees first: does that spread a line?
 *
 * After Berger's cache-thrash and cache-scratch. */
#include "workload.h"

#define WRITES 2000

static void write_often(volatile char *block)
{
    for (unsigned i = 0; i < WRITES; i++)
        block[i % 8]++;
}

static void *body(void *argument)
{
    struct worker *me = argument;
    if (me->data != NULL) {
        write_often(me->data);
        free(me->data);
    }
    for (uint64_t i = 0; i < me->work; i++) {
        char *block = take(8);
        write_often(block);
        free(block);
        me->calls += 2;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static struct worker workers[THREADS];
    const int passive = argc > 1 && strcmp(argv[1], "passive") == 0;
    const uint64_t work = argc > 2 ? workload_amount(argc, argv, 0) : 640000;
    for (unsigned i = 0; i < THREADS && passive; i++)
        workers[i].data = take(8);
    return workload_done(workers_run(workers, THREADS, work, body));
}
