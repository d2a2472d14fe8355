/* SPDX-License-Identifier: MIT */
/* A large machine: threads with the least stack there may be on each of 64 nodes. */
#include "harness.h"

#include "core/bins.h"
#include "core/space.h"

#include <limits.h>
#include <pthread.h>

#define NODES     64
#define PER_NODE  2
#define THREADS   (NODES * PER_NODE)
#define OWN       60
#define EXCHANGED 4096

static pthread_barrier_t barrier;
static void *_Atomic passed_on[EXCHANGED];

/* Sizes of slabs, and now and then an extent. */
static size_t random_size(uint64_t *state)
{
    return random_below(state, 100) ? random_below(state, 3000) : 33 * KIB + random_below(state, 10000);
}

/* Every block lies on the node of the thread, which frees what others have allocated. */
static void *live_on_node(void *argument)
{
    const uintptr_t number = (uintptr_t)argument;
    uint64_t state = number * 77 + 1;
    on_node = (int)(number % NODES);
    (void)pthread_barrier_wait(&barrier);
    for (unsigned round = 0; round < 4; round++)
        for (unsigned i = 0; i < OWN; i++) {
            void *block = take(random_size(&state), 0, false);
            expect(np_zone_of(block)->node == on_node, "a block of node %d on node %d", on_node,
                   np_zone_of(block)->node);
            memset(block, 1, np_heap_usable_size(block));
            void *other = atomic_exchange(&passed_on[random_below(&state, EXCHANGED)], block);
            if (other)
                np_heap_free(other);
        }
    (void)pthread_barrier_wait(&barrier);
    return NULL;
}

/* Sanitizers' own frames need more. */
static size_t stack_size(void)
{
    return SANITIZED ? 16 * (size_t)PTHREAD_STACK_MIN : (size_t)PTHREAD_STACK_MIN;
}

static void run_on_all_nodes(void)
{
    pthread_attr_t least;
    pthread_t threads[THREADS];
    expect(pthread_attr_init(&least) == 0 && pthread_attr_setstacksize(&least, stack_size()) == 0,
           "no attributes");
    (void)pthread_barrier_init(&barrier, NULL, THREADS);
    for (uintptr_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], &least, live_on_node, (void *)i) != 0)
            abort();
    for (unsigned i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    (void)pthread_barrier_destroy(&barrier);
    (void)pthread_attr_destroy(&least);
}

static void small_stacks_on_many_nodes(void)
{
    heap_start_nodes(NODES);
    run_on_all_nodes();
    run_on_all_nodes(); /* by other threads, with the magazines of the first */
    for (unsigned i = 0; i < EXCHANGED; i++)
        if (passed_on[i])
            np_heap_free(passed_on[i]);
    (void)np_heap_count(0);
    struct np_stats_sum sum = np_stats_fold(heap_stats, 0);
    expect(sum.allocations == 2 * THREADS * 4 * OWN && sum.frees == sum.allocations && sum.live_bytes == 0,
           "%lu allocations, %lu frees, %lu bytes", (unsigned long)sum.allocations, (unsigned long)sum.frees,
           (unsigned long)sum.live_bytes);
    expect(sum.remote_frees > sum.frees / 4, "%lu remote frees", (unsigned long)sum.remote_frees);
    (void)np_heap_trim();
    expect(resident() == 0, "%zu KiB resident", resident() / KIB);
}

int main(void)
{
    heap_test(small_stacks_on_many_nodes, "threads with the least stack live on 64 nodes");
    return tap_done();
}
