/* SPDX-License-Identifier: MIT */
/* Blocks that several of share a cache line, in the hands of several threads. */
#include "harness.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#define BLOCKS 20000

static void *blocks[BLOCKS];

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

/* Frees the first block, which another thread allocated, and looks what it gets then. */
static void *take_beside(void *argument)
{
    const size_t size = (size_t)(uintptr_t)argument;
    np_heap_free(blocks[0]);
    for (unsigned i = 0; i < 100; i++) {
        char *own = take(size, 0, false);
        for (unsigned other = 1; other < 10; other++)
            if (!expect(!same_line(own, blocks[other]) && !same_line(own + size - 1, blocks[other]) &&
                            !same_line(own, (char *)blocks[other] + size - 1),
                        "%p of %zu bytes is beside %p", (void *)own, size, blocks[other]))
                return NULL;
        np_heap_free(own);
    }
    return NULL;
}

static void threads_do_not_share_cache_lines(void)
{
    heap_start();
    for (size_t size = 16; size < LINE; size += 16) {
        for (unsigned i = 0; i < 10; i++)
            blocks[i] = take(size, 0, false);
        in_thread(take_beside, (void *)(uintptr_t)size);
        for (unsigned i = 1; i < 10; i++)
            np_heap_free(blocks[i]);
    }
}

static void *take_many(void *size)
{
    for (unsigned i = 1; i < BLOCKS; i += 2)
        blocks[i] = take((size_t)(uintptr_t)size, 0, false);
    return NULL;
}

/* Lines are a wish: when there are no whole ones left, blocks between another thread's are better than more memory. */
static void lines_that_are_shared_are_used_at_last(void)
{
    heap_start();
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = take(16, 0, false);
    for (unsigned i = 1; i < BLOCKS; i += 2)
        np_heap_free(blocks[i]);
    const uint64_t before = heap_stats->rules[SMALL_LOCAL].in_use_bytes;
    in_thread(take_many, (void *)(uintptr_t)16);
    const uint64_t after = heap_stats->rules[SMALL_LOCAL].in_use_bytes;
    expect(after <= before + 64 * KIB, "from %lu to %lu bytes", (unsigned long)before, (unsigned long)after);
}

static void *free_small(void *unused)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        np_heap_free(blocks[i]);
    (void)np_heap_count(0);
    struct np_stats_sum sum = np_stats_fold(heap_stats, SMALL_LOCAL);
    expect(sum.live_bytes == 0 && sum.frees == sum.allocations && sum.remote_frees == 0,
           "%lu bytes, %lu allocations, %lu frees, %lu of them remote", (unsigned long)sum.live_bytes,
           (unsigned long)sum.allocations, (unsigned long)sum.frees, (unsigned long)sum.remote_frees);
    for (unsigned i = 0; i < 500; i++)
        blocks[i] = take(i % 2 ? 24 : 48, 0, false);
    for (unsigned i = 0; i < 500; i++)
        np_heap_free(blocks[i]);
    return unused;
}

static void who_only_frees_small_blocks_is_counted(void)
{
    heap_start();
    for (unsigned round = 1; round <= 3; round++) {
        for (unsigned i = 0; i < BLOCKS; i++)
            blocks[i] = take(1 + i % 48, 0, false);
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
    np_heap_free(block);
    np_heap_free(block);
    return NULL;
}

static void free_a_stranger_twice(void)
{
    in_thread(free_twice, take(16, 0, false));
}

static void a_stranger_freed_twice_is_noticed(void)
{
    heap_start();
    int status = in_child(free_a_stranger_twice);
    expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "wait status %#x", (unsigned)status);
}

int main(void)
{
    heap_test(threads_do_not_share_cache_lines, "threads do not share the cache lines of small blocks");
    heap_test(lines_that_are_shared_are_used_at_last, "shared cache lines are used before more memory");
    heap_test(who_only_frees_small_blocks_is_counted, "who only frees small blocks is counted exactly");
    heap_test(a_stranger_freed_twice_is_noticed, "a stranger's block freed twice is noticed");
    return tap_done();
}
