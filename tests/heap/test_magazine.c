/* SPDX-License-Identifier: MIT */
/* Small blocks in the hands of several threads: nodes, frees from elsewhere, ends of threads, forks. */
#include "harness.h"

#include "core/cache.h"
#include "core/space.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCKS 20000

static void *blocks[BLOCKS];

static int node_of(const void *block)
{
    return np_zone_of(block)->node;
}

struct call {
    int node;
    void *(*routine)(void *);
    void *argument;
};

static void *start_on_node(void *argument)
{
    const struct call *call = argument;
    on_node = call->node;
    return call->routine(call->argument);
}

/* Runs @routine in a thread of its own that seems to run on @node, to its end. */
static void *in_thread_on(int node, void *(*routine)(void *), void *argument)
{
    struct call call = {node, routine, argument};
    pthread_t thread;
    void *result = NULL;
    expect(pthread_create(&thread, NULL, start_on_node, &call) == 0, "no thread");
    (void)pthread_join(thread, &result);
    return result;
}

static void *free_all(void *unused)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        np_heap_free(blocks[i]);
    return unused;
}

static void *take_all(void *unused)
{
    for (unsigned i = 0; i < BLOCKS; i++) {
        blocks[i] = take(1 + i % 900, 0, false);
        expect(node_of(blocks[i]) == on_node, "%p is on node %d, not %d", blocks[i], node_of(blocks[i]),
               on_node);
    }
    return unused;
}

static void move_about(void)
{
    uint64_t state = 3;
    for (unsigned round = 0; round < 100000; round++) {
        if (random_below(&state, 20) == 0)
            on_node = (int)random_below(&state, 2);
        unsigned i = random_below(&state, 500);
        if (blocks[i])
            np_heap_free(blocks[i]);
        blocks[i] = take(random_below(&state, 900), 0, false);
        if (!expect(node_of(blocks[i]) == on_node, "on node %d instead of %d", node_of(blocks[i]), on_node))
            return;
    }
}

static void a_thread_that_moved_gets_its_new_node(void)
{
    heap_start();
    move_about();
    expect(heap_stats->node_migrations > 1000, "%lu migrations", (unsigned long)heap_stats->node_migrations);
}

static void blocks_freed_elsewhere_go_home(void)
{
    heap_start();
    for (unsigned round = 0; round < 6; round++) {
        in_thread_on(round % 2, take_all, NULL);
        in_thread_on((round + round / 2) % 2, free_all, NULL);
    }
    (void)np_heap_count(0);
    struct np_stats_sum sum = np_stats_fold(heap_stats, SMALL_LOCAL);
    expect(sum.allocations == 6 * BLOCKS && sum.frees == 6 * BLOCKS && sum.live_bytes == 0,
           "%lu allocations, %lu frees, %lu bytes", (unsigned long)sum.allocations, (unsigned long)sum.frees,
           (unsigned long)sum.live_bytes);
    expect(sum.remote_frees == 2 * BLOCKS && np_stats_remote_frees(heap_stats) == sum.remote_frees,
           "%lu remote frees", (unsigned long)sum.remote_frees);
    (void)np_heap_trim();
    expect(resident() == 0, "%zu KiB resident", resident() / KIB);
}

/* The home node's thread gets the memory again that others have freed, instead of more. */
static void blocks_freed_elsewhere_are_reused(void)
{
    heap_start();
    in_thread_on(0, take_all, NULL);
    in_thread_on(1, free_all, NULL);
    uint64_t peak = heap_stats->rules[SMALL_LOCAL].peak_bytes;
    for (unsigned round = 0; round < 20; round++) {
        in_thread_on(0, take_all, NULL);
        in_thread_on(1, free_all, NULL);
    }
    expect(heap_stats->rules[SMALL_LOCAL].peak_bytes < peak + 2 * MIB, "from %lu to %lu bytes",
           (unsigned long)peak, (unsigned long)heap_stats->rules[SMALL_LOCAL].peak_bytes);
}

/* Blocks of a size that the home node wants no more do not stay for ever. */
static void blocks_freed_elsewhere_age(void)
{
    heap_start();
    in_thread_on(0, take_all, NULL);
    in_thread_on(1, free_all, NULL);
    faults.clock += 16000; /* by the thread of another node, too */
    for (unsigned i = 0; i < 1000; i++) {
        struct np_cache *cache = np_cache_enter();
        np_cache_tick(cache);
        np_cache_leave(cache);
    }
    uint64_t in_use = heap_stats->rules[SMALL_LOCAL].in_use_bytes;
    expect(in_use < 5 * MIB, "%lu bytes are in use", (unsigned long)in_use);
}

static void *free_nothing_twice(void *block)
{
    np_heap_free(block);
    (void)np_heap_trim();
    return NULL;
}

static void free_on_two_nodes(void)
{
    void *block = take(100, 0, false);
    np_heap_free(block);
    in_thread_on(1, free_nothing_twice, block);
    (void)np_heap_trim();
    (void)take(100, 0, false);
}

static void a_block_freed_on_two_nodes_is_noticed(void)
{
    heap_start();
    int status = in_child(free_on_two_nodes);
    expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "wait status %#x", (unsigned)status);
}

/* ---- Ends of threads ---- */

static pthread_key_t late_key;

static void allocate_late(void *argument)
{
    uintptr_t round = (uintptr_t)argument;
    void *block = take(300, 0, false);
    fill(block, 300, round);
    np_heap_free(take(50, 0, true));
    check_filled(block, 300, round, "in a destructor");
    np_heap_free(block);
    if (round > 1)
        (void)pthread_setspecific(late_key, (void *)(round - 1));
}

static void *allocate_and_end(void *unused)
{
    np_heap_free(take(300, 0, false));
    (void)pthread_setspecific(late_key, (void *)(uintptr_t)4);
    return unused;
}

static void threads_allocate_in_their_last_destructors(void)
{
    heap_start();
    expect(pthread_key_create(&late_key, allocate_late) == 0, "no key");
    for (unsigned i = 0; i < 50; i++)
        in_thread_on((int)(i % 2), allocate_and_end, NULL);
    (void)np_heap_count(0);
    struct np_stats_sum sum = np_stats_fold(heap_stats, SMALL_LOCAL);
    expect(sum.live_bytes == 0 && sum.allocations == sum.frees && sum.allocations > 400,
           "%lu allocations, %lu frees", (unsigned long)sum.allocations, (unsigned long)sum.frees);
}

static void *take_and_leave(void *argument)
{
    void *kept = take(100, 0, false);
    for (unsigned i = 0; i < 200; i++)
        np_heap_free(take(i * 40, 0, false));
    (void)argument;
    return kept;
}

static void thousands_of_threads_leave_nothing_behind(void)
{
    heap_start();
    for (unsigned i = 0; i < 2000; i++)
        np_heap_free(in_thread_on((int)(i % 2), take_and_leave, NULL));
    (void)np_heap_trim();
    expect(resident() == 0, "%zu KiB resident", resident() / KIB);
}

/* ---- Bounds ---- */

static pthread_barrier_t barrier;

static void *fill_magazines(void *unused)
{
    for (size_t size = 16; size <= 4 * KIB; size *= 2)
        for (unsigned round = 0; round < 400; round++) {
            void *some[20];
            for (unsigned i = 0; i < 20; i++)
                some[i] = take(size, 0, false);
            for (unsigned i = 0; i < 20; i++)
                np_heap_free(some[i]);
        }
    (void)pthread_barrier_wait(&barrier);
    (void)pthread_barrier_wait(&barrier);
    for (unsigned i = 0; i < 2000; i++) /* the slow path, where the others' wish is seen */
        blocks[i] = take(2000, 0, false);
    for (unsigned i = 0; i < 2000; i++)
        np_heap_free(blocks[i]);
    (void)pthread_barrier_wait(&barrier);
    (void)pthread_barrier_wait(&barrier);
    return unused;
}

static void others_empty_their_magazines_when_asked(void)
{
    pthread_t thread;
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    (void)pthread_barrier_init(&barrier, NULL, 2);
    expect(pthread_create(&thread, NULL, fill_magazines, NULL) == 0, "no thread");
    (void)pthread_barrier_wait(&barrier);
    (void)np_heap_trim();
    (void)pthread_barrier_wait(&barrier);
    (void)pthread_barrier_wait(&barrier);
    (void)np_heap_count(0);
    size_t limit = 0;
    (void)np_heap_trim();
    limit = resident();
    (void)pthread_barrier_wait(&barrier);
    (void)pthread_join(thread, NULL);
    expect(limit < 300 * KIB, "%zu KiB stay with a thread that came by", limit / KIB);
}

/* ---- fork ---- */

static _Atomic bool stop;

static void *churn(void *unused)
{
    uint64_t state = 5;
    void *own[64] = {NULL};
    while (!stop) {
        unsigned i = random_below(&state, 64);
        if (own[i])
            np_heap_free(own[i]);
        own[i] = take(random_below(&state, 1000), 0, false);
    }
    for (unsigned i = 0; i < 64; i++)
        if (own[i])
            np_heap_free(own[i]);
    return unused;
}

static void move_about_afresh(void)
{
    memset(blocks, 0, sizeof blocks);
    move_about();
}

static void child_of_many(void)
{
    void *block = take(100, 0, false);
    np_heap_free(block);
    (void)np_heap_trim();
    if (SANITIZED) /* no threads in children there */
        return;
    /* The magazines of the threads that are gone serve the child's own. */
    in_thread_on(1, take_all, NULL);
    in_thread_on(0, free_all, NULL);
    in_thread_on(1, take_and_leave, NULL);
    int status = in_child(move_about_afresh);
    expect(status == 0, "a child's child: %#x", (unsigned)status);
    (void)np_heap_trim();
}

static void children_of_allocating_threads_allocate(void)
{
    pthread_t threads[4];
    heap_start();
    expect(pthread_atfork(np_heap_before_fork, np_heap_after_fork_parent, np_heap_after_fork_child) == 0,
           "atfork");
    for (unsigned i = 0; i < 4; i++)
        expect(pthread_create(&threads[i], NULL, churn, NULL) == 0, "no thread");
    for (unsigned i = 0; i < 12; i++) {
        int status = in_child(child_of_many);
        expect(status == 0, "a child: %#x", (unsigned)status);
    }
    stop = true;
    for (unsigned i = 0; i < 4; i++)
        (void)pthread_join(threads[i], NULL);
}

static void *begin_and_end(void *unused)
{
    while (!stop)
        np_heap_free(in_thread_on(1, take_and_leave, NULL));
    return unused;
}

static void *trim_often(void *unused)
{
    while (!stop) {
        np_heap_free(take_and_leave(NULL));
        (void)np_heap_trim();
    }
    return unused;
}

static void child_that_trims(void)
{
    np_heap_free(take_and_leave(NULL));
    (void)np_heap_trim();
    np_heap_before_fork(); /* which waits for all threads in the slow path */
    np_heap_after_fork_parent();
}

static void threads_may_end_and_trim_while_one_forks(void)
{
    void *(*const routines[])(void *) = {begin_and_end, trim_often, begin_and_end, trim_often};
    pthread_t threads[4];
    heap_start();
    expect(pthread_atfork(np_heap_before_fork, np_heap_after_fork_parent, np_heap_after_fork_child) == 0,
           "atfork");
    for (unsigned i = 0; i < 4; i++)
        expect(pthread_create(&threads[i], NULL, routines[i], NULL) == 0, "no thread");
    for (unsigned i = 0; i < 200; i++) {
        int status = in_child(child_that_trims);
        expect(status == 0, "a child: %#x", (unsigned)status);
    }
    stop = true;
    for (unsigned i = 0; i < 4; i++)
        (void)pthread_join(threads[i], NULL);
}

static void the_forking_thread_may_allocate_small_blocks(void)
{
    heap_start();
    void *block = take(100, 0, false);
    np_heap_before_fork();
    for (unsigned i = 0; i < 1000; i++)
        blocks[i] = take(i, 0, false);
    np_heap_free(block);
    np_heap_after_fork_parent();
    for (unsigned i = 0; i < 1000; i++)
        np_heap_free(blocks[i]);
}

int main(void)
{
    heap_test(a_thread_that_moved_gets_its_new_node, "a thread that moved gets memory of its new node");
    heap_test(blocks_freed_elsewhere_go_home, "blocks freed on another node go home");
    heap_test(blocks_freed_elsewhere_are_reused, "blocks freed on another node are used again");
    heap_test(blocks_freed_elsewhere_age, "blocks freed on another node age");
    heap_test(a_block_freed_on_two_nodes_is_noticed, "a block freed on two nodes is noticed");
    if (!SANITIZED) /* which have taken their own state of the thread down by then */
        heap_test(threads_allocate_in_their_last_destructors, "threads allocate in their last destructors");
    heap_test(thousands_of_threads_leave_nothing_behind, "thousands of short threads leave nothing behind");
    heap_test(others_empty_their_magazines_when_asked, "threads empty their magazines when one trims");
    heap_test(children_of_allocating_threads_allocate, "children of allocating threads allocate");
    heap_test(threads_may_end_and_trim_while_one_forks, "threads may end and trim while one forks");
    heap_test(the_forking_thread_may_allocate_small_blocks, "the forking thread may allocate");
    return tap_done();
}
