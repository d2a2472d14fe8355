/* SPDX-License-Identifier: MIT */
/* producers - two threads allocate messages of 32 to 512 bytes and put them into a ring each; two others take them out,
 * read them and free them. */
#include "workload.h"

#define RING  4096
#define PAIRS 2

/* One writer and one reader: no locked instruction is needed. */
struct ring {
    _Alignas(CACHELINE) _Atomic uint64_t written;
    _Alignas(CACHELINE) _Atomic uint64_t taken;
    _Alignas(CACHELINE) char *blocks[RING];
};

static struct ring rings[PAIRS];

static void produce(struct worker *me, struct ring *ring)
{
    for (uint64_t i = 0; i < me->work; i++) {
        while (i - atomic_load_explicit(&ring->taken, memory_order_acquire) == RING)
            pause_briefly();
        ring->blocks[i % RING] = take(random_size(&me->rng, 5, 9));
        atomic_store_explicit(&ring->written, i + 1, memory_order_release);
    }
}

static void consume(struct worker *me, struct ring *ring)
{
    unsigned sum = 0;
    for (uint64_t i = 0; i < me->work; i++) {
        while (i == atomic_load_explicit(&ring->written, memory_order_acquire))
            pause_briefly();
        char *block = ring->blocks[i % RING];
        atomic_store_explicit(&ring->taken, i + 1, memory_order_release);
        sum += (unsigned char)block[0];
        free(block);
    }
    if (sum != (uint32_t)me->work)
        exit(1);
}

static void *body(void *argument)
{
    struct worker *me = argument;
    (me->index % 2 == 0 ? produce : consume)(me, &rings[me->index / 2]);
    me->calls = me->work;
    return NULL;
}

int main(int argc, char **argv)
{
    static struct worker workers[2 * PAIRS];
    return workload_done(workers_run(workers, 2 * PAIRS, workload_amount(argc, argv, 10000000), body));
}
