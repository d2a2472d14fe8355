/* SPDX-License-Identifier: MIT */
/* Pages inside slabs on which no block in use lies: they go back to the kernel, and come again. */
#include "harness.h"

#include "core/cache.h"
#include "core/depot.h"
#include "core/space.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define MOST 400000
#define KEPT 10 /* one block in so many stays */

static char *blocks[MOST];

/* Allocates @count blocks, written, and frees all but every tenth. */
static void leave_every_tenth(size_t size, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        fill(blocks[i] = take(size, 0, false), size, i);
    for (unsigned i = 0; i < count; i++)
        if (i % KEPT)
            np_heap_free(blocks[i]);
}

static void check_every_tenth(size_t size, unsigned count, const char *when)
{
    for (unsigned i = 0; i < count; i += KEPT)
        check_filled(blocks[i], size, i, when);
}

static void free_every_tenth(unsigned count)
{
    for (unsigned i = 0; i < count; i += KEPT)
        np_heap_free(blocks[i]);
}

/* The pages that the kept blocks may lie on, and those of the thread's magazine. */
static size_t pages_of_kept(size_t block, unsigned count)
{
    return (size_t)(count / KEPT) * (block / 4096 + 2) * 4096 + 64 * KIB;
}

static void a_trim_takes_pages_between_blocks(void)
{
    static const size_t sizes[] = {1040, 3000, 5000, 20000, 32 * KIB};
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    for (unsigned s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const unsigned count = (unsigned)(16 * MIB / sizes[s]);
        leave_every_tenth(sizes[s], count);
        const size_t before = resident();
        expect(np_heap_trim(), "%zu: nothing was given back", sizes[s]);
        expect(resident() <= pages_of_kept(np_bins.slot[np_bins_slot(sizes[s])].size, count),
               "%zu: %zu KiB of %zu stay", sizes[s], resident() / KIB, before / KIB);
        check_every_tenth(sizes[s], count, "beside pages that were given back");
        free_every_tenth(count);
        (void)np_heap_trim();
        expect(resident() == 0, "%zu: %zu KiB stay of nothing", sizes[s], resident() / KIB);
    }
}

static void neighbours_that_are_free_go_whatever_their_size(void)
{
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    const unsigned count = MOST;
    for (unsigned i = 0; i < count; i++)
        fill(blocks[i] = take(48, 0, false), 48, i);
    for (unsigned i = 0; i < count; i++)
        if (i / 1000 % KEPT)
            np_heap_free(blocks[i]);
    const size_t before = resident();
    (void)np_heap_trim();
    expect(resident() < before / 5, "%zu KiB of %zu stay", resident() / KIB, before / KIB);
    for (unsigned i = 0; i < count; i++)
        if (i / 1000 % KEPT == 0)
            check_filled(blocks[i], 48, i, "beside pages that were given back");
}

static void what_was_given_back_serves_again(void)
{
    static char *again[20000];
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    leave_every_tenth(3000, 5000);
    (void)np_heap_trim();
    const uint64_t slabs = heap_stats->rules[0].in_use_bytes;
    for (unsigned i = 0; i < 4400; i++) {
        again[i] = take(3000, 0, i % 2);
        if (i % 2)
            check_zero(again[i], 3000, "calloc");
        fill(again[i], 3000, MOST + i);
    }
    expect(heap_stats->rules[0].in_use_bytes == slabs, "%lu bytes of slabs after %lu",
           (unsigned long)heap_stats->rules[0].in_use_bytes, (unsigned long)slabs);
    check_every_tenth(3000, 5000, "when its neighbours are back");
    for (unsigned i = 0; i < 4400; i++)
        check_filled(again[i], 3000, MOST + i, "on a page that was given back");
}

/* A thread that is moved to another node replaces its blocks there: what it leaves behind must not stay as it was. */
static void a_moved_thread_leaves_little_behind(void)
{
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    const unsigned count = (unsigned)(32 * MIB / 5000);
    for (unsigned i = 0; i < count; i++)
        fill(blocks[i] = take(5000, 0, false), 5000, i);
    const size_t before = resident();
    on_node = 1;
    for (unsigned i = 0; i < count; i++)
        if (i % KEPT) {
            np_heap_free(blocks[i]);
            fill(blocks[i] = take(5000, 0, false), 5000, i);
        }
    /* Of the blocks on the first node a tenth is left, each on up to three pages of 4 KiB. */
    expect(resident() < before + before / 2, "%zu KiB after %zu", resident() / KIB, before / KIB);
    for (unsigned i = 0; i < count; i++)
        check_filled(blocks[i], 5000, i, "after its thread was moved");
}

/* What a small program has freed before it was moved must not be there beside what it allocates on the other node. */
static void free_slabs_of_a_node_that_was_left_go(void)
{
    const size_t empty = resident();
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    const unsigned count = (unsigned)(4 * MIB / 1000);
    for (unsigned i = 0; i < count; i++)
        fill(blocks[i] = take(1000, 0, false), 1000, i);
    const size_t one_node = resident() - empty;
    for (unsigned i = 0; i < count; i++)
        np_heap_free(blocks[i]);
    on_node = 1;
    for (unsigned i = 0; i < count; i++)
        fill(blocks[i] = take(1000, 0, false), 1000, i);
    const size_t both = resident() - empty;
    expect(both < one_node + one_node / 4, "%zu KiB after %zu", both / KIB, one_node / KIB);
}

/* Not by a trim, but since other sizes are asked for. */
static void other_sizes_push_free_pages_out(void)
{
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    const unsigned count = (unsigned)(32 * MIB / 3000);
    leave_every_tenth(3000, count);
    const size_t before = resident();
    for (size_t taken = 0; taken < 16 * MIB; taken += 208)
        fill(take(208, 0, false), 208, 1);
    /* 17.3 MiB have come, and of the first 32 a quarter is left. */
    expect(resident() < before, "%zu KiB after %zu", resident() / KIB, before / KIB);
    check_every_tenth(3000, count, "when others have come");
    free_every_tenth(count);
}

static void a_slab_is_asked_for_its_pages_once(void)
{
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    leave_every_tenth(3000, 5000);
    expect(np_heap_trim(), "nothing was given back");
    expect(!np_heap_trim(), "the same was given back twice");
    np_heap_free(blocks[0]);
    expect(np_heap_trim(), "a page that has become free stays");
}

static void memory_that_must_stay_stays(void)
{
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    leave_every_tenth(3000, 5000);
    const size_t before = resident();
    atomic_store(&faults.advise, -1); /* as for locked memory */
    (void)np_heap_trim();
    expect(resident() == before, "%zu KiB of %zu", resident() / KIB, before / KIB);
    check_every_tenth(3000, 5000, "in memory that must stay");
    atomic_store(&faults.advise, 0);
    free_every_tenth(5000);
}

static void pages_stay(enum kind kind)
{
    heap_start_small(kind, SIZE_MAX);
    leave_every_tenth(3000, 4000);
    (void)np_heap_trim();
    const size_t before = resident();
    expect(before >= (size_t)4000 * 3000, "%zu KiB are left", before / KIB);
    for (unsigned i = 0; i < 3000; i++)
        (void)take(3000, 0, false);
    expect(resident() == before, "%zu KiB after %zu", resident() / KIB, before / KIB);
}

/* Committed anew, piece by piece, they would be thousands of mappings. */
static void hard_pages_stay(void)
{
    pages_stay(SMALL_HARD);
}

static void prefaulted_pages_stay(void)
{
    pages_stay(PREFAULT);
}

static void pages_that_were_dropped_are_not_held(void)
{
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    leave_every_tenth(3000, 20000);
    (void)np_heap_trim();
    free_every_tenth(20000);
    const struct np_zone *zone = np_zone_of(blocks[0]);
    expect(np_bytes(zone->runs.held) <= resident() + MIB, "%zu KiB are held of %zu",
           np_bytes(zone->runs.held) / KIB, resident() / KIB);
    for (unsigned i = 0; i < 20000; i++)
        check_zero(take(2900, 0, true), 2900, "calloc");
}

/* A thread of another node was held up between setting its bits, which others have collected, and saying so. */
static void a_late_post_hides_no_slab(void)
{
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    leave_every_tenth(3000, 5000);
    (void)np_heap_trim();
    for (unsigned i = 2500; i < 5000; i += 2 * KEPT)
        np_heap_free(blocks[i]);
    np_caches_trim();
    struct np_zone *zone = np_zone_of(blocks[0]);
    const unsigned slot = np_bins_slot(3000);
    const uint32_t unit = np_slab_first(zone, &np_bins.slot[slot], blocks[0]);
    atomic_store(np_slab_link_at(zone, unit), NP_POSTED);
    atomic_store(&zone->posted[slot], unit);
    np_depot_collect(zone, slot);
    bool any = false;
    expect(np_depot_thin(zone, slot, 1000, &any) > 100 && any, "slabs that have changed are not looked at");
}

static void free_one_twice(void)
{
    np_heap_free(blocks[1]);
    (void)np_heap_trim();
}

static void what_was_freed_twice_is_still_found(void)
{
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    leave_every_tenth(3000, 5000);
    (void)np_heap_trim();
    int status = in_child(free_one_twice);
    expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "wait status %#x", (unsigned)status);
}

int main(void)
{
    if (np_kernel_page_size() != 4096) {
        printf("1..0 # SKIP pages of 4096 bytes are wanted\n"); /* larger ones are slabs by themselves */
        return 0;
    }
    heap_test(a_trim_takes_pages_between_blocks, "a trim gives back the pages between blocks in use");
    heap_test(neighbours_that_are_free_go_whatever_their_size,
              "so it does with pages full of small free blocks");
    heap_test(what_was_given_back_serves_again, "blocks on pages that were given back serve again");
    heap_test(other_sizes_push_free_pages_out,
              "free pages between blocks go when blocks of other sizes come");
    heap_test(a_moved_thread_leaves_little_behind, "free pages go on nodes that a thread has left");
    heap_test(free_slabs_of_a_node_that_was_left_go, "and free slabs go there, also few");
    heap_test(a_slab_is_asked_for_its_pages_once, "a slab that has not changed is not asked again");
    heap_test(memory_that_must_stay_stays, "memory that the kernel keeps stays as it is");
    heap_test(hard_pages_stay, "pages of hard classes stay");
    heap_test(prefaulted_pages_stay, "pages of prefaulted classes stay");
    heap_test(pages_that_were_dropped_are_not_held, "pages that were given back are not counted as held");
    heap_test(a_late_post_hides_no_slab, "a slab that another node names late hides no others");
    heap_test(what_was_freed_twice_is_still_found, "a block on such a page that is freed again is noticed");
    return tap_done();
}
