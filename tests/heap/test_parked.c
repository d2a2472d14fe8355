/* SPDX-License-Identifier: MIT */
/* The short way of blocks that are allocated and freed in turns, and what must find the blocks that lie there. */
#include "core/space.h"
#include "harness.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#define SIZE (768 * KIB)

static enum kind kind; /* of the running test */

/* A heap of one class, whose clock stands, and a block of it that was parked before. Its frees are no longer asked for
 * their policy. */
static char *start(void)
{
    faults.stopped = true;
    heap_start_one(kind);
    for (unsigned i = 0; i < 1100; i++)
        np_heap_free(take(SIZE, 0, false));
    return take(SIZE, 0, false);
}

static unsigned parked_beside(const void *block)
{
    return np_zone_of(block)->parked.count;
}

static const struct np_stats_zone *counters_of(const void *block)
{
    return np_zone_of(block)->published;
}

static void check_live(const void *block, uint64_t blocks, uint64_t bytes)
{
    const struct np_stats_zone *counters = counters_of(block);
    expect(counters->allocations - counters->frees == blocks && counters->live_bytes == bytes &&
               heap_stats->rules[0].in_use_bytes == bytes,
           "%lu blocks, %lu bytes, %lu of the class",
           (unsigned long)(counters->allocations - counters->frees), (unsigned long)counters->live_bytes,
           (unsigned long)heap_stats->rules[0].in_use_bytes);
}

/* Who waits for the zone's lock here waits until the test is given up: this very thread has it. */
static void turn_under_the_lock(void)
{
    char *block = start();
    memset(block, 7, SIZE);
    (void)pthread_mutex_lock(&np_zone_of(block)->lock.outer);
    for (unsigned i = 0; i < 100; i++) {
        uint64_t before = counters_of(block)->allocations;
        np_heap_free(block);
        expect(parked_beside(block) == 1, "%u are parked", parked_beside(block));
        check_live(block, 0, 0);
        expect(take(SIZE - i, 0, false) == block, "another block");
        expect(counters_of(block)->allocations == before + 1, "not counted");
        check_live(block, 1, SIZE);
        expect(block[i * 4096] == 7, "its pages are gone");
    }
    expect(heap_stats->rules[0].peak_bytes == SIZE, "a peak of %lu bytes",
           (unsigned long)heap_stats->rules[0].peak_bytes);
    np_heap_free(block);
    expect(take(SIZE, 0, true) == block, "another block");
    check_zero(block, SIZE, "that was parked");
    (void)pthread_mutex_unlock(&np_zone_of(block)->lock.outer);
    np_heap_free(block);
}

static void turns_wait_for_no_lock(void)
{
    static const enum kind kinds[] = {FIRST_TOUCH, LOCAL, BIND_SOFT, BIND_HARD, INTERLEAVE, STRIPED};
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        kind = kinds[i];
        expect(in_child(turn_under_the_lock) == 0, "%s failed", kind_name(kind));
    }
}

static void several_are_parked_and_all_come_back(void)
{
    kind = BIND_SOFT;
    char *blocks[6], *first = start();
    const struct np_zone *zone = np_zone_of(first);
    blocks[0] = first;
    for (unsigned i = 1; i < 6; i++) {
        blocks[i] = take(SIZE, 0, false);
        memset(blocks[i], (int)i, SIZE);
    }
    for (unsigned i = 0; i < 6; i++)
        np_heap_free(blocks[i]);
    expect(parked_beside(first) == NP_PARKED_MOST, "%u are parked", parked_beside(first));
    check_live(first, 0, 0);
    void *all = take(6 * SIZE, 0, false); /* what is parked must not be missing where there is no more */
    np_heap_free(all);
    expect(np_heap_trim(), "there was nothing to trim");
    expect(resident() == 0, "%zu KiB are resident after a trim", resident() / KIB);
    expect(zone->parked.count == 0, "%u are still parked", zone->parked.count);
}

static void what_is_parked_serves_when_the_zone_is_full(void)
{
    kind = BIND_SOFT;
    char *blocks[4] = {start()};
    struct np_zone *zone = np_zone_of(blocks[0]);
    for (unsigned i = 1; i < 4; i++)
        blocks[i] = take(SIZE, 0, false);
    zone->capacity = zone->open;
    while (np_heap_allocate(np_heap_class(SIZE), SIZE, 0, false, &(void *){NULL}) == 0)
        ;
    for (unsigned i = 0; i < 4; i++)
        np_heap_free(blocks[i]);
    expect(parked_beside(zone->base) == 4, "%u are parked", parked_beside(zone->base));
    (void)take(3 * SIZE + SIZE / 2, 0, false);
}

/* What parked blocks hold goes with age, also when the program goes on in another class. */
static void parked_blocks_age(void)
{
    faults.stopped = true;
    faults.clock = 5000;
    heap_start();
    void *blocks[2] = {take(class_size(BIND_SOFT), 0, false), take(class_size(BIND_SOFT), 0, false)};
    for (unsigned i = 0; i < 2; i++) {
        memset(blocks[i], 1, class_size(BIND_SOFT));
        np_heap_free(blocks[i]);
    }
    size_t kept = resident();
    expect(kept >= 2 * class_size(BIND_SOFT), "only %zu KiB are kept", kept / KIB);
    for (unsigned second = 0; second < 30; second++) {
        faults.clock += 1000;
        np_heap_free(take(class_size(INTERLEAVE), 0, false));
        np_heap_free(take(class_size(INTERLEAVE), 0, false));
    }
    expect(resident() < class_size(BIND_SOFT), "%zu KiB are kept for ever", resident() / KIB);
}

/* No more is parked by the short way than the account of what is kept has. */
static void large_blocks_stay_within_the_limit(void)
{
    kind = BIND_SOFT;
    char *small = start();
    char *large[4];
    for (unsigned i = 0; i < 4; i++) {
        large[i] = take(60 * MIB, 0, false);
        memset(large[i], 1, 60 * MIB);
    }
    for (unsigned i = 0; i < 4; i++)
        np_heap_free(large[i]);
    np_heap_free(small);
    expect(resident() <= 68 * MIB, "%zu MiB are kept", resident() / MIB);
}

/* ---- Threads ---- */

static void *other_thread(void *argument)
{
    char *mine = take(SIZE, 0, false);
    check_zero(mine, SIZE, "that another thread had used");
    memset(mine, 2, SIZE);
    np_heap_free(mine);
    for (unsigned i = 0; i < 50; i++) {
        mine = take(SIZE, 0, false);
        expect(mine[SIZE / 2] == 2, "its own pages are gone");
        np_heap_free(mine);
    }
    *(char **)argument = mine;
    return NULL;
}

static void first_touch_keeps_threads_apart(void)
{
    kind = FIRST_TOUCH;
    pthread_t thread;
    char *mine = start(), *others = NULL;
    memset(mine, 1, SIZE);
    np_heap_free(mine);
    expect(pthread_create(&thread, NULL, other_thread, &others) == 0, "no thread");
    (void)pthread_join(thread, NULL);
    char *again = take(SIZE, 0, false);
    expect(again[SIZE / 2] != 2, "it has another thread's pages");
}

#define SIDE_BY_SIDE 12

static pthread_barrier_t all_there;

/* All have their blocks at the same time, then none has. */
static void *keep_pace(void *argument)
{
    const char mine = *(const char *)argument;
    for (unsigned i = 0; i < 20; i++) {
        (void)pthread_barrier_wait(&all_there);
        char *block = take(SIZE, 0, false);
        expect(i == 0 || block[SIZE / 2] == mine, "turn %u: its own pages are gone", i);
        memset(block, mine, SIZE);
        (void)pthread_barrier_wait(&all_there);
        np_heap_free(block);
    }
    return NULL;
}

static void first_touch_lets_many_threads_keep_their_pages(void)
{
    kind = FIRST_TOUCH;
    pthread_t threads[SIDE_BY_SIDE];
    char numbers[SIDE_BY_SIDE];
    void *block = start();
    expect(pthread_barrier_init(&all_there, NULL, SIDE_BY_SIDE) == 0, "no barrier");
    for (unsigned i = 0; i < SIDE_BY_SIDE; i++) {
        numbers[i] = (char)(i + 1);
        expect(pthread_create(&threads[i], NULL, keep_pace, &numbers[i]) == 0, "no thread");
    }
    for (unsigned i = 0; i < SIDE_BY_SIDE; i++)
        (void)pthread_join(threads[i], NULL);
    np_heap_free(block);
}

static void *take_turns(void *argument)
{
    uint64_t random = (uint64_t)(uintptr_t)argument;
    for (unsigned i = 0; i < (SANITIZED ? 2000 : 20000); i++) {
        size_t size = 40 * KIB + (random_next(&random) & 3) * 64 * KIB;
        char *block = take(size, 0, false);
        block[0] = block[size - 1] = (char)i;
        if (i % 64 == 0)
            (void)np_heap_trim();
        expect(block[0] == (char)i && block[size - 1] == (char)i, "somebody else wrote into the block");
        np_heap_free(block);
    }
    return NULL;
}

static void threads_share_what_is_parked(void)
{
    kind = BIND_SOFT;
    pthread_t threads[4];
    char *block = start();
    for (uintptr_t i = 0; i < 4; i++)
        expect(pthread_create(&threads[i], NULL, take_turns, (void *)(i + 1)) == 0, "no thread");
    for (unsigned i = 0; i < 4; i++)
        (void)pthread_join(threads[i], NULL);
    check_live(block, 1, SIZE);
    np_heap_free(block);
}

/* ---- What is not parked as it is ---- */

static void what_the_program_changed_is_put_right(void)
{
    kind = BIND_SOFT;
    char *block = start();
    np_heap_note_mapping(block, SIZE);
    memset(block, 3, SIZE);
    np_heap_free(block);
    expect(parked_beside(block) == 0, "a block was parked with the program's policy");
    block = take(SIZE, 0, false);
    expect(block[0] == 0, "it was not mapped afresh");
    np_heap_free(block);
    block = take(SIZE, 0, false);
    memset(block, 4, SIZE);
    /* As by a system call of the program's own. */
    const struct np_mpol own = {.mode = NP_MPOL_INTERLEAVE, .nodes = np_zone_of(block)->policy.nodes};
    if (np_kernel_mbind(block, SIZE, &own) == 0) {
        faults.clock += 8; /* it lived for a while */
        np_heap_free(block);
        expect(parked_beside(block) == 0, "a block was parked with the program's policy");
        expect(*(char *)take(SIZE, 0, false) == 0, "it was not mapped afresh");
    }
}

static void a_resized_block_is_not_parked_as_it_was(void)
{
    kind = BIND_SOFT;
    void *moved;
    char *block = start();
    expect(np_heap_resize(block, SIZE / 2, &moved) == 0 && moved == block, "no shrink in place");
    np_heap_free(block);
    expect(np_heap_usable_size(take(SIZE, 0, false)) == SIZE, "a block of another size");
    check_live(block, 1, SIZE);
}

/* ---- Wrong use, fork ---- */

static char *wrong;

static void free_wrong(void)
{
    (void)freopen("/dev/null", "w", stderr);
    np_heap_free(wrong);
}

static void check_aborts(char *pointer, const char *what)
{
    wrong = pointer;
    int status = in_child(free_wrong);
    expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "%s: wait status %#x", what, (unsigned)status);
}

static void a_parked_block_is_not_freed_again(void)
{
    kind = BIND_SOFT;
    char *block = start();
    check_aborts(block + 16, "an address in a block");
    check_aborts(block + 4096, "a page of a block");
    np_heap_free(block);
    expect(parked_beside(block) == 1, "%u are parked", parked_beside(block));
    check_aborts(block, "a block freed twice");
    check_aborts(block + 4096, "a page of a parked block");
}

static void turn_once(void)
{
    for (unsigned i = 0; i < 3; i++)
        np_heap_free(take(SIZE, 0, false));
}

static void turns_go_on_around_a_fork(void)
{
    kind = BIND_SOFT;
    char *block = start();
    expect(pthread_atfork(np_heap_before_fork, np_heap_after_fork_parent, np_heap_after_fork_child) == 0,
           "atfork");
    np_heap_free(block);
    for (unsigned i = 0; i < 5; i++) {
        expect(in_child(turn_once) == 0, "a child failed");
        turn_once();
    }
    np_heap_before_fork();
    turn_once();
    np_heap_after_fork_parent();
    expect(take(SIZE, 0, false) == block, "another block");
    check_live(block, 1, SIZE);
}

int main(void)
{
    heap_test(turns_wait_for_no_lock, "a loop of malloc and free waits for no lock");
    heap_test(several_are_parked_and_all_come_back, "several blocks are parked, and a trim gives them back");
    heap_test(what_is_parked_serves_when_the_zone_is_full, "what is parked serves when the zone is full");
    heap_test(parked_blocks_age, "parked blocks age");
    heap_test(large_blocks_stay_within_the_limit, "large blocks are kept within the limit");
    heap_test(first_touch_keeps_threads_apart, "under first-touch a thread gets its own pages only");
    heap_test(first_touch_lets_many_threads_keep_their_pages,
              "under first-touch many threads side by side keep their pages");
    heap_test(threads_share_what_is_parked, "threads share what is parked");
    heap_test(what_the_program_changed_is_put_right, "what the program changed is put right, not parked");
    heap_test(a_resized_block_is_not_parked_as_it_was, "a resized block is not parked as it was");
    heap_test(a_parked_block_is_not_freed_again, "a parked block is not freed again");
    heap_test(turns_go_on_around_a_fork, "turns go on around a fork");
    return tap_done();
}
