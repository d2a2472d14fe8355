/* SPDX-License-Identifier: MIT */
/* Threads that allocate, resize, hand over and free blocks of all sizes at random and end, to be followed by others, while
 * one forks, children fork too, and other things happen. Every block carries a pattern of its own, so that an overlap
 * shows. See usage(). */
#include "stress.h"

#include "../unit/sanitized.h"
#include "contents.h"
#include "expect.h"

#include <getopt.h>
#include <limits.h>
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_THREADS 32
#define SLOTS        3000 /* of a thread, at most */
#define SHARED       64   /* blocks on their way to another thread */
#define MOST_BYTES   (160 * MIB)
#define LIFE         6000 /* operations of a thread, before another one takes its place */

struct block {
    void *memory;
    size_t size;
    uint64_t seed;
};

static unsigned seconds, threads = 8;
static unsigned long operations = 40000; /* of each place, unless the seconds count */
static uint64_t first_seed = 1;
static unsigned nodes;       /* 0: classes of all kinds, on two */
static unsigned slots = 300; /* of a thread */
static bool only_small;
static _Atomic bool stop;
static _Atomic unsigned places_left;
static _Atomic unsigned long done, refusals, children;
static struct block *shared[SHARED];
static pthread_key_t last_key; /* whose destructor runs at the end of a thread */
/* Held across fork: what a child finds in the exchange must not be in use meanwhile. */
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;

#ifdef __SANITIZE_THREAD__
/* A child that is forked when a thread has ended cannot join it any more: no leak of ours. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "report_thread_leaks=0";
}
#endif

/* A place that one thread after the other takes, with the blocks that they leave to each other. */
struct worker {
    pthread_t thread;
    uint64_t state;
    unsigned long left;
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
    if (!only_small && below(worker, 1000) == 0)
        return 16 * MIB + below(worker, 120 * MIB);
    if (only_small || below(worker, 4)) /* small blocks are most of what programs ask for */
        return below(worker, 3) ? below(worker, 300) : below(worker, 32 * KIB);
    uint32_t doublings = below(worker, 9), fewer = below(worker, 9);
    size_t base = (32 * KIB) << (fewer < doublings ? fewer : doublings);
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
    if (zero)
        alignment = 0;
    block->memory = stress_allocate(size, alignment, zero, &worker->state);
    if (!block->memory) {
        atomic_fetch_add(&refusals, 1);
        return;
    }
    expect((uintptr_t)block->memory % (alignment ? alignment : 16) == 0, "%p at %zu", block->memory,
           alignment);
    if (zero)
        check_zero(block->memory, size, "calloc");
    block->size = stress_usable(block->memory);
    expect(block->size >= size, "%zu of %zu usable", block->size, size);
    worker->bytes += block->size;
    fill_block(worker, block);
}

static void release(struct worker *worker, struct block *block)
{
    check_filled(block->memory, block->size, block->seed, "free");
    worker->bytes -= block->size;
    stress_free(block->memory);
    block->memory = NULL;
}

static void resize(struct worker *worker, struct block *block)
{
    size_t size =
        below(worker, 2) ? random_size(worker) : block->size / 2 + below(worker, (uint32_t)block->size * 2);
    if (worker->bytes + size > MOST_BYTES || (only_small && size > 32 * KIB))
        return;
    size_t kept = block->size < size ? block->size : size;
    check_filled(block->memory, block->size, block->seed, "before a resize");
    void *resized = stress_resize(block->memory, size);
    if (!resized) {
        check_filled(block->memory, block->size, block->seed, "after a resize that failed");
        return;
    }
    check_filled(resized, kept, block->seed, "after a resize");
    worker->bytes -= block->size;
    block->memory = resized;
    block->size = stress_usable(resized);
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
        stress_move(&worker->state);
    struct block *block = &worker->blocks[below(worker, slots)];
    atomic_fetch_add_explicit(&done, 1, memory_order_relaxed);
    if (!block->memory)
        allocate(worker, block);
    else if (below(worker, 3) == 0)
        resize(worker, block);
    else if (below(worker, 4) == 0)
        hand_over(worker, block);
    else if (below(worker, 40) == 0)
        stress_touch(block->memory, block->size);
    else
        release(worker, block);
}

/* The thread's last deeds, after the allocator has been told of its end or before. */
static void work_last(void *argument)
{
    struct worker *worker = argument;
    for (unsigned i = 0; i < 20; i++)
        work_once(worker);
    if (below(worker, 2))
        (void)pthread_setspecific(last_key, worker);
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    for (unsigned long life = 1 + below(worker, 2 * LIFE); life && worker->left; life--, worker->left--) {
        if (stop || expect_failures)
            break;
        work_once(worker);
    }
    if (!SANITIZED) /* which have taken their own state of the thread down by then */
        (void)pthread_setspecific(last_key, worker);
    return NULL;
}

static void *keep_place(void *argument)
{
    struct worker *worker = argument;
    while (!stop && !expect_failures && worker->left) {
        pthread_t thread;
        if (!expect(pthread_create(&thread, NULL, work, worker) == 0, "no thread"))
            break;
        (void)pthread_join(thread, NULL);
    }
    for (unsigned i = 0; i < slots; i++)
        if (worker->blocks[i].memory)
            release(worker, &worker->blocks[i]);
    places_left--;
    return NULL;
}

static void fork_once(unsigned generations);

/* A child owns copies of the blocks that the forking thread had in hand, and a heap without the other threads. */
static void work_in_child(unsigned generations)
{
    static struct worker worker;
    worker.state = (uint64_t)getpid() + 1;
    for (unsigned i = 0; i < SHARED; i++) {
        struct block *parcel = shared[i];
        if (parcel && below(&worker, 2)) {
            check_filled(parcel->memory, parcel->size, parcel->seed, "in a child");
            stress_free(parcel->memory);
            shared[i] = NULL;
        }
    }
    for (unsigned i = 0; i < 200; i++) {
        struct block *block = &worker.blocks[below(&worker, slots)];
        if (block->memory)
            release(&worker, block);
        else
            allocate(&worker, block);
    }
    if (generations)
        fork_once(generations - 1);
    stress_trim();
}

static void fork_once(unsigned generations)
{
    int status = 0;
    (void)pthread_mutex_lock(&shared_lock);
    pid_t child = fork();
    (void)pthread_mutex_unlock(&shared_lock);
    if (child == 0) {
        (void)alarm(120);
        expect_failures = 0;
        work_in_child(generations);
        _exit(expect_failures ? EXIT_FAILURE : EXIT_SUCCESS);
    }
    if (child < 0)
        return;
    (void)waitpid(child, &status, 0);
    expect(status == 0, "a child ended with wait status %#x", (unsigned)status);
    atomic_fetch_add(&children, 1);
}

/* Until the places are left, or the time is over. */
static void disturb(void)
{
    uint64_t state = first_seed * 77 + 1;
    struct timespec pause = {.tv_nsec = 20000000};
    time_t end = time(NULL) + seconds;
    for (unsigned round = 0; places_left && expect_failures == 0; round++) {
        if (seconds && time(NULL) >= end)
            break;
        (void)nanosleep(&pause, NULL);
        if (random_below(&state, 4))
            stress_disturb(&state, round);
        else
            fork_once(random_below(&state, 3));
    }
    stop = seconds != 0;
}

static void empty_exchange(void)
{
    for (unsigned i = 0; i < SHARED; i++) {
        struct block *parcel = exchange(i, NULL);
        if (!parcel)
            continue;
        check_filled(parcel->memory, parcel->size, parcel->seed, "at the end");
        stress_free(parcel->memory);
        free(parcel);
    }
}

static void stress(void)
{
    stress_start(nodes);
    expect(pthread_key_create(&last_key, work_last) == 0, "no key");
    places_left = threads;
    for (unsigned i = 0; i < threads; i++) {
        workers[i].state = (first_seed + i) * UINT64_C(0x9e3779b97f4a7c15);
        workers[i].left = seconds ? ULONG_MAX : operations;
        expect(pthread_create(&workers[i].thread, NULL, keep_place, &workers[i]) == 0, "no thread");
    }
    disturb();
    for (unsigned i = 0; i < threads; i++)
        (void)pthread_join(workers[i].thread, NULL);
    empty_exchange();
    stress_end();
    printf("# %lu operations, %lu refusals, %lu children\n", done, refusals, children);
}

static int usage(void)
{
    (void)fputs("usage: [-n OPERATIONS (of each thread)] [-t SECONDS (instead)] [-j THREADS] [-s SEED]\n"
                "       [-m NODES] [-k]\n"
                "  -k  no block above 32 KiB\n"
                "  -m  one class on so many nodes, and ten times as many blocks\n"
                "  the long run: -t 600\n",
                stderr);
    return 2;
}

int main(int argc, char **argv)
{
    for (int option; (option = getopt(argc, argv, "n:t:j:s:m:k")) != -1;)
        switch (option) {
        case 'n':
            operations = strtoul(optarg, NULL, 0);
            break;
        case 't':
            seconds = (unsigned)strtoul(optarg, NULL, 0);
            break;
        case 'j':
            threads = (unsigned)strtoul(optarg, NULL, 0);
            break;
        case 's':
            first_seed = strtoull(optarg, NULL, 0);
            break;
        case 'm':
            nodes = (unsigned)strtoul(optarg, NULL, 0);
            slots = SLOTS;
            break;
        case 'k':
            only_small = true;
            break;
        default:
            return usage();
        }
    if (threads > MOST_THREADS || threads == 0)
        return usage();
    run_test(stress, "blocks of many threads keep their contents");
    return tap_done();
}
