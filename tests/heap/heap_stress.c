/* SPDX-License-Identifier: MIT */
/* Threads that allocate, resize, hand over and free blocks of all classes at random, while others fork, trim and let time
 * pass. Every block carries a pattern of its own, so that an overlap shows.
 * heap_stress [SECONDS [THREADS [SEED [small]]]] */
#include "harness.h"

#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_THREADS 32
#define SLOTS        300 /* of a thread */
#define SHARED       64  /* blocks on their way to another thread */
#define MOST_BYTES   (160 * MIB)

struct block {
    void *memory;
    size_t size;
    uint64_t seed;
};

static unsigned seconds = 3, threads = 4;
static uint64_t first_seed = 1;
static bool only_small;
static _Atomic bool stop;
static _Atomic unsigned long operations, refusals, children;
static struct block *shared[SHARED];
/* Held across fork: what a child finds in the exchange must not be in use meanwhile. */
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;

struct worker {
    pthread_t thread;
    uint64_t state;
    size_t bytes;
    struct block blocks[SLOTS];
};
static struct worker workers[MOST_THREADS];

static uint32_t below(struct worker *worker, uint32_t end)
{
    return random_below(&worker->state, end);
}

/* Every class about as often; large ones seldom. */
static size_t random_size(struct worker *worker)
{
    if (below(worker, 500) == 0)
        return 16 * MIB + below(worker, 120 * MIB);
    if (only_small || below(worker, 4)) /* small blocks are most of what programs ask for */
        return below(worker, 3) ? below(worker, 300) : below(worker, 32 * KIB);
    size_t base = (32 * KIB) << below(worker, 9);
    return base + below(worker, (uint32_t)base);
}

static size_t random_alignment(struct worker *worker)
{
    return below(worker, 8) ? 0 : (size_t)16 << below(worker, only_small ? 9 : 20);
}

static void fill_block(struct worker *worker, struct block *block)
{
    block->seed = random_next(&worker->state);
    fill(block->memory, block->size, block->seed);
}

static void allocate(struct worker *worker, struct block *block)
{
    size_t size = random_size(worker), alignment = random_alignment(worker);
    bool zero = below(worker, 3) == 0;
    if (worker->bytes + size > MOST_BYTES)
        return;
    if (np_heap_allocate(np_heap_class(size), size, alignment, zero, &block->memory) != 0) {
        atomic_fetch_add(&refusals, 1);
        block->memory = NULL;
        return;
    }
    expect(!alignment || (uintptr_t)block->memory % alignment == 0, "%p at %zu", block->memory, alignment);
    if (zero)
        check_zero(block->memory, size, "calloc");
    block->size = np_heap_usable_size(block->memory);
    expect(block->size >= size, "%zu of %zu usable", block->size, size);
    worker->bytes += block->size;
    fill_block(worker, block);
}

static void release(struct worker *worker, struct block *block)
{
    check_filled(block->memory, block->size, block->seed, "free");
    worker->bytes -= block->size;
    np_heap_free(block->memory);
    block->memory = NULL;
}

static void resize(struct worker *worker, struct block *block)
{
    size_t size =
        below(worker, 2) ? random_size(worker) : block->size / 2 + below(worker, (uint32_t)block->size * 2);
    if (worker->bytes + size > MOST_BYTES)
        return;
    void *resized;
    if (only_small && size > 32 * KIB)
        return;
    size_t kept = block->size < size ? block->size : size;
    check_filled(block->memory, block->size, block->seed, "before a resize");
    if (np_heap_resize(block->memory, size, &resized) != 0) {
        check_filled(block->memory, block->size, block->seed, "after a resize that failed");
        return;
    }
    check_filled(resized, kept, block->seed, "after a resize");
    worker->bytes -= block->size;
    block->memory = resized;
    block->size = np_heap_usable_size(resized);
    expect(block->size >= size, "%zu of %zu usable after a resize", block->size, size);
    worker->bytes += block->size;
    fill_block(worker, block);
}

static struct block *exchange(unsigned slot, struct block *parcel)
{
    (void)pthread_mutex_lock(&shared_lock);
    struct block *other = shared[slot];
    shared[slot] = parcel;
    (void)pthread_mutex_unlock(&shared_lock);
    return other;
}

/* Leaves a block to whoever comes next, and takes what somebody has left. */
static void hand_over(struct worker *worker, struct block *block)
{
    struct block *parcel = malloc(sizeof *parcel);
    if (!parcel)
        return;
    *parcel = *block;
    worker->bytes -= block->size;
    block->memory = NULL;
    parcel = exchange(below(worker, SHARED), parcel);
    if (!parcel)
        return;
    *block = *parcel;
    worker->bytes += block->size;
    free(parcel);
}

static void work_once(struct worker *worker)
{
    if (below(worker, 1000) == 0)
        on_node = (int)below(worker, 2);
    struct block *block = &worker->blocks[below(worker, SLOTS)];
    atomic_fetch_add_explicit(&operations, 1, memory_order_relaxed);
    if (!block->memory)
        allocate(worker, block);
    else if (below(worker, 3) == 0)
        resize(worker, block);
    else if (below(worker, 4) == 0)
        hand_over(worker, block);
    else if (below(worker, 40) == 0)
        np_heap_note_mapping(block->memory, block->size);
    else
        release(worker, block);
}

static void end_work(struct worker *worker)
{
    for (unsigned i = 0; i < SLOTS; i++)
        if (worker->blocks[i].memory)
            release(worker, &worker->blocks[i]);
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    while (!stop && expect_failures == 0)
        work_once(worker);
    end_work(worker);
    return NULL;
}

/* A child owns copies of the blocks that the forking thread had in hand, and a heap without the other threads. */
static void work_in_child(void)
{
    static struct worker worker;
    worker.state = (uint64_t)getpid() + 1;
    for (unsigned i = 0; i < SHARED; i++) {
        struct block *parcel = shared[i];
        if (parcel && below(&worker, 2)) {
            check_filled(parcel->memory, parcel->size, parcel->seed, "in a child");
            np_heap_free(parcel->memory);
        }
    }
    for (unsigned i = 0; i < 200; i++) {
        struct block *block = &worker.blocks[below(&worker, SLOTS)];
        if (block->memory)
            release(&worker, block);
        else
            allocate(&worker, block);
    }
    (void)np_heap_trim();
}

static void fork_once(void)
{
    int status = 0;
    (void)pthread_mutex_lock(&shared_lock);
    pid_t child = fork();
    (void)pthread_mutex_unlock(&shared_lock);
    if (child == 0) {
        (void)alarm(60);
        expect_failures = 0;
        work_in_child();
        _exit(expect_failures ? EXIT_FAILURE : EXIT_SUCCESS);
    }
    if (child < 0)
        return;
    (void)waitpid(child, &status, 0);
    expect(status == 0, "a child ended with wait status %#x", (unsigned)status);
    atomic_fetch_add(&children, 1);
}

static void disturb(void)
{
    uint64_t state = first_seed * 77 + 1;
    struct timespec pause = {.tv_nsec = 20000000};
    time_t end = time(NULL) + seconds;
    for (unsigned round = 0; time(NULL) < end && expect_failures == 0; round++) {
        (void)nanosleep(&pause, NULL);
        switch (random_below(&state, 8)) {
        case 0:
            (void)np_heap_trim();
            break;
        case 1:
            faults.clock += 12000;
            break;
        case 2:
            faults.remap_hole = (int)random_below(&state, 3);
            break;
        case 3:
            faults.remap = (int)random_below(&state, 3);
            break;
        case 4:
            faults.advise = (int)random_below(&state, 3);
            break;
        case 5:
            faults.populate = (int)random_below(&state, 3);
            break;
        default:
            fork_once();
            break;
        }
        if (round == 200)
            np_heap_release_reserve();
    }
}

static void empty_exchange(void)
{
    for (unsigned i = 0; i < SHARED; i++) {
        struct block *parcel = exchange(i, NULL);
        if (!parcel)
            continue;
        check_filled(parcel->memory, parcel->size, parcel->seed, "at the end");
        np_heap_free(parcel->memory);
        free(parcel);
    }
}

static void stress(void)
{
    heap_start();
    expect(pthread_atfork(np_heap_before_fork, np_heap_after_fork_parent, np_heap_after_fork_child) == 0,
           "atfork");
    for (unsigned i = 0; i < threads; i++) {
        workers[i].state = (first_seed + i) * UINT64_C(0x9e3779b97f4a7c15);
        expect(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0, "no thread");
    }
    disturb();
    stop = true;
    for (unsigned i = 0; i < threads; i++)
        (void)pthread_join(workers[i].thread, NULL);
    empty_exchange();
    faults.advise = 0;
    (void)np_heap_trim();
    np_heap_count();
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct np_stats_sum sum = np_stats_fold(heap_stats, kind);
        expect(sum.live_bytes == 0 && sum.allocations == sum.frees &&
                   heap_stats->rules[kind].in_use_bytes == 0,
               "%s: %lu bytes, %lu allocations, %lu frees", kind_name(kind), (unsigned long)sum.live_bytes,
               (unsigned long)sum.allocations, (unsigned long)sum.frees);
    }
    (void)np_heap_trim();
    expect(resident() == 0, "%zu KiB are resident", resident() / KIB);
    printf("# %lu operations, %lu refusals, %lu children\n", operations, refusals, children);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        seconds = (unsigned)strtoul(argv[1], NULL, 0);
    if (argc > 2)
        threads = (unsigned)strtoul(argv[2], NULL, 0);
    if (argc > 3)
        first_seed = strtoull(argv[3], NULL, 0);
    only_small = argc > 4;
    if (threads > MOST_THREADS)
        threads = MOST_THREADS;
    run_test(stress, "blocks of many threads keep their contents");
    return tap_done();
}
