/* SPDX-License-Identifier: MIT */
/* Blocks of which several share a cache line, in the hands of several threads, by the ways that the hooks take. */
#include "harness.h"

#include "core/magazine.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/wait.h>

#define BLOCKS 20000

static void *blocks[BLOCKS];

static void *obtain(size_t size)
{
    void *block = np_magazine_pop(size);
    return block ? block : take(size, 0, false);
}

static void release(void *block)
{
    if (!np_magazine_push(block))
        np_heap_free(block);
}

/* Runs @routine in a thread of its own, to its end. */
static void in_thread(void *(*routine)(void *), void *argument)
{
    pthread_t thread;
    expect(pthread_create(&thread, NULL, routine, argument) == 0, "no thread");
    (void)pthread_join(thread, NULL);
}

#define LINE 64

static bool same_line(const void *one, const void *other)
{
    return (uintptr_t)one / LINE == (uintptr_t)other / LINE;
}

/* Are the blocks that this thread gets, after it has freed one that another thread allocated, beside those which that one
 * still has? */
static void free_one_and_look(size_t size)
{
    release(blocks[0]);
    for (unsigned i = 0; i < 100; i++) {
        char *own = obtain(size);
        for (unsigned other = 1; other < 10; other++)
            if (!expect(!same_line(own, blocks[other]) && !same_line(own + size - 1, blocks[other]) &&
                            !same_line(own, (char *)blocks[other] + size - 1),
                        "%p of %zu bytes is beside %p", (void *)own, size, blocks[other]))
                return;
        release(own);
    }
}

static void obtain_ten(size_t size)
{
    for (unsigned i = 0; i < 10; i++)
        blocks[i] = obtain(size);
}

static void *take_beside(void *size)
{
    free_one_and_look((size_t)(uintptr_t)size);
    return NULL;
}

/* With a magazine that has room for more than what is in it, since half of it has gone back. */
static void *use_and_take_beside(void *argument)
{
    const size_t size = (size_t)(uintptr_t)argument;
    for (unsigned i = 100; i < 200; i++)
        blocks[i] = obtain(size);
    for (unsigned i = 100; i < 200; i++)
        release(blocks[i]);
    free_one_and_look(size);
    return NULL;
}

static void threads_do_not_share_cache_lines(void)
{
    heap_start();
    for (size_t size = 16; size < LINE; size += 16) {
        obtain_ten(size);
        in_thread(use_and_take_beside, (void *)(uintptr_t)size);
        for (unsigned i = 1; i < 10; i++)
            release(blocks[i]);
    }
}

static void *take_some(void *unused)
{
    for (unsigned i = 100; i < 200; i++)
        blocks[i] = obtain(16);
    return unused;
}

static void what_a_gone_thread_left_is_not_its_successors(void)
{
    heap_start();
    obtain_ten(16);
    in_thread(take_some, NULL);
    in_thread(take_beside, (void *)(uintptr_t)16);
}

static void *move_and_take_beside(void *unused)
{
    (void)take_some(NULL);
    on_node = 1;
    free_one_and_look(16);
    return unused;
}

static void blocks_on_another_node_do_not_count(void)
{
    heap_start();
    on_node = 1;
    obtain_ten(16);
    in_thread(move_and_take_beside, NULL);
}

static void *take_many(void *size)
{
    for (unsigned i = 1; i < BLOCKS; i += 2)
        blocks[i] = obtain((size_t)(uintptr_t)size);
    return NULL;
}

/* Lines are a wish: when there are no whole ones left, blocks between another thread's are better than more memory. */
static void lines_that_are_shared_are_used_at_last(void)
{
    heap_start();
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = obtain(16);
    for (unsigned i = 1; i < BLOCKS; i += 2)
        release(blocks[i]);
    const uint64_t before = heap_stats->rules[SMALL_LOCAL].in_use_bytes;
    in_thread(take_many, (void *)(uintptr_t)16);
    const uint64_t after = heap_stats->rules[SMALL_LOCAL].in_use_bytes;
    expect(after <= before + 64 * KIB, "from %lu to %lu bytes", (unsigned long)before, (unsigned long)after);
}

static void *free_small(void *unused)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        release(blocks[i]);
    (void)np_heap_count(0);
    struct np_stats_sum sum = np_stats_fold(heap_stats, SMALL_LOCAL);
    expect(sum.live_bytes == 0 && sum.frees == sum.allocations && sum.remote_frees == 0,
           "%lu bytes, %lu allocations, %lu frees, %lu of them remote", (unsigned long)sum.live_bytes,
           (unsigned long)sum.allocations, (unsigned long)sum.frees, (unsigned long)sum.remote_frees);
    for (unsigned i = 0; i < 500; i++)
        blocks[i] = obtain(i % 2 ? 24 : 48);
    for (unsigned i = 0; i < 500; i++)
        release(blocks[i]);
    return unused;
}

static void who_only_frees_small_blocks_is_counted(void)
{
    heap_start();
    for (unsigned round = 1; round <= 3; round++) {
        for (unsigned i = 0; i < BLOCKS; i++)
            blocks[i] = obtain(1 + i % 48);
        in_thread(free_small, NULL);
        (void)np_heap_count(0);
        struct np_stats_sum sum = np_stats_fold(heap_stats, SMALL_LOCAL);
        expect(sum.allocations == round * (BLOCKS + 500ul) && sum.frees == sum.allocations,
               "%lu allocations, %lu frees", (unsigned long)sum.allocations, (unsigned long)sum.frees);
    }
    (void)np_heap_trim();
    expect(resident() == 0, "%zu KiB resident", resident() / KIB);
}

static void *free_twice(void *block)
{
    release(block);
    release(block);
    return NULL;
}

static void free_a_stranger_twice(void)
{
    in_thread(free_twice, obtain(16));
}

static void a_stranger_freed_twice_is_noticed(void)
{
    heap_start();
    int status = in_child(free_a_stranger_twice);
    expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "wait status %#x", (unsigned)status);
}

static sem_t freed, taken;

static void *free_first_of_three_twice(void *unused)
{
    void *three[] = {obtain(16), obtain(16), obtain(16)};
    for (unsigned i = 0; i < 3; i++)
        release(three[i]);
    release(three[0]);
    (void)sem_post(&freed);
    (void)sem_wait(&taken);
    return unused;
}

static void take_what_is_free_twice(void)
{
    pthread_t thread;
    release(obtain(16));
    (void)pthread_create(&thread, NULL, free_first_of_three_twice, NULL);
    (void)sem_wait(&freed);
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = obtain(16);
    (void)sem_post(&taken);
    (void)pthread_join(thread, NULL);
}

/* What is in the magazine still must not go home as a stranger, to be handed out to somebody else. */
static void an_own_block_freed_twice_is_noticed(void)
{
    heap_start();
    (void)sem_init(&freed, 0, 0);
    (void)sem_init(&taken, 0, 0);
    int status = in_child(take_what_is_free_twice);
    expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "wait status %#x", (unsigned)status);
}

int main(void)
{
    heap_test(threads_do_not_share_cache_lines, "threads do not share the cache lines of small blocks");
    heap_test(what_a_gone_thread_left_is_not_its_successors,
              "what a thread that is gone left is not its successor's");
    heap_test(blocks_on_another_node_do_not_count, "blocks on another node do not count as own");
    heap_test(lines_that_are_shared_are_used_at_last, "shared cache lines are used before more memory");
    heap_test(who_only_frees_small_blocks_is_counted, "who only frees small blocks is counted exactly");
    heap_test(a_stranger_freed_twice_is_noticed, "a stranger's block freed twice is noticed");
    heap_test(an_own_block_freed_twice_is_noticed, "an own block freed twice is noticed, some frees later");
    return tap_done();
}
