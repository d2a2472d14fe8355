/* SPDX-License-Identifier: MIT */
/* What free blocks keep, and what comes back to the kernel when. */
#include "harness.h"

#include "core/space.h"

#include <sys/mman.h>
#include <sys/resource.h>

#define BLOCKS   64
#define LIMIT    (64 * MIB)
#define OVERHEAD (4 * MIB) /* what is not worth a whole huge page */

static void *blocks[KINDS][BLOCKS];

static size_t block_size(enum kind kind, unsigned i)
{
    return class_size(kind) + (i % 7) * 4096;
}

/* Up to 24 MiB of each class, but two blocks at least. */
static unsigned block_count(enum kind kind)
{
    size_t count = 24 * MIB / block_size(kind, 6);
    return count > BLOCKS ? BLOCKS : count < 4 ? 4 : (unsigned)count;
}

static void take_many(unsigned step)
{
    for (enum kind kind = 0; kind < KINDS; kind++)
        for (unsigned i = 0; i < block_count(kind); i += step) {
            blocks[kind][i] = take(block_size(kind, i), 0, false);
            memset(blocks[kind][i], 1, block_size(kind, i));
        }
}

static void free_many(void)
{
    for (enum kind kind = 0; kind < KINDS; kind++)
        for (unsigned i = 0; i < BLOCKS; i++) {
            if (blocks[kind][i])
                np_heap_free(blocks[kind][i]);
            blocks[kind][i] = NULL;
        }
}

static void freed_memory_stays_below_a_limit(void)
{
    heap_start();
    for (unsigned round = 0; round < 3; round++) {
        take_many(1);
        size_t full = resident();
        expect(full > 3 * LIMIT, "only %zu MiB are resident", full / MIB);
        free_many();
        expect(resident() <= LIMIT + OVERHEAD, "%zu MiB are kept", resident() / MIB);
    }
}

static void freed_memory_is_used_again(void)
{
    heap_start();
    void *block = take(48 * MIB, 0, false);
    memset(block, 1, 48 * MIB);
    np_heap_free(block);
    expect(resident() >= 48 * MIB, "only %zu MiB are kept", resident() / MIB);
    expect(take(48 * MIB, 0, false) == block, "another place was chosen");
    expect(resident() >= 48 * MIB, "only %zu MiB are still there", resident() / MIB);
}

/* A little work in one class, second by second. */
static void pass_seconds(unsigned seconds, size_t size)
{
    for (unsigned second = 0; second < seconds; second++) {
        faults.clock += 1000;
        np_heap_free(take(size, 0, false));
    }
}

static void idle_memory_goes_with_age(void)
{
    heap_start();
    take_many(1);
    free_many();
    expect(resident() > LIMIT / 2, "only %zu MiB are kept", resident() / MIB);
    pass_seconds(9, class_size(STRIPED));
    expect(resident() > LIMIT / 2, "only %zu MiB are kept for 9 seconds", resident() / MIB);
    pass_seconds(12, class_size(STRIPED));
    expect(resident() <= OVERHEAD, "%zu MiB are kept for ever", resident() / MIB);
}

/* Free runs of less than a huge page between live blocks must not keep larger ones from being found. */
static void splinters_do_not_hide_what_is_old(void)
{
    heap_start_one(FIRST_TOUCH);
    static void *large[12], *walls[12];
    for (unsigned i = 0; i < 12; i++) {
        large[i] = take(5 * MIB, 0, false);
        walls[i] = take(300 * KIB, 0, false);
        memset(large[i], 1, 5 * MIB);
        memset(walls[i], 1, 300 * KIB);
    }
    for (unsigned i = 0; i < 12; i += 2)
        np_heap_free(large[i]);
    pass_seconds(5, 40 * KIB);
    for (unsigned i = 1; i < 12; i += 2)
        np_heap_free(large[i]);
    pass_seconds(12, 40 * KIB);
    /* Of each block at most the huge pages that the walls reach into stay. */
    expect(resident() <= 12 * 4 * MIB, "%zu MiB are kept", resident() / MIB);
    (void)np_heap_trim();
    expect(resident() <= 12 * 300 * KIB + OVERHEAD, "%zu MiB are kept after a trim", resident() / MIB);
}

static void *take_written(size_t size)
{
    void *block = take(size, 0, false);
    memset(block, 1, size);
    return block;
}

/* What one class has kept makes way for what another one needs: both at once were never in use. */
static void what_is_kept_makes_way_for_other_classes(void)
{
    heap_start();
    static const enum kind turns[] = {LOCAL, FIRST_TOUCH, BIND_HARD, INTERLEAVE, LOCAL};
    for (unsigned i = 0; i < sizeof turns / sizeof *turns; i++) {
        size_t size = class_size(turns[i]);
        unsigned count = (unsigned)(16 * MIB / size);
        void *taken[512];
        for (unsigned j = 0; j < count; j++)
            taken[j] = take_written(size);
        expect(resident() <= 16 * MIB * 5 / 4 + OVERHEAD, "%zu MiB are resident with 16 in use as %s",
               resident() / MIB, kind_name(turns[i]));
        while (count)
            np_heap_free(taken[--count]);
    }
}

/* Free runs between live blocks that fit nobody any more. */
static void holes_make_way_for_larger_blocks(void)
{
    heap_start_one(FIRST_TOUCH);
    enum { SMALL = 1024, LARGE = 256 };
    static void *small[SMALL], *large[LARGE];
    for (unsigned i = 0; i < SMALL; i++)
        small[i] = take_written(48 * KIB);
    for (unsigned i = 0; i < SMALL; i++)
        if (i % 4)
            np_heap_free(small[i]);
    size_t most = SMALL * 48 * KIB;
    for (unsigned i = 0; i < LARGE; i++)
        large[i] = take_written(160 * KIB);
    expect(resident() <= most * 3 / 2 + OVERHEAD, "%zu MiB are resident, never more than %zu were in use",
           resident() / MIB, most / MIB);
    for (unsigned i = 0; i < SMALL; i += 4)
        np_heap_free(small[i]);
    for (unsigned i = 0; i < LARGE; i++)
        np_heap_free(large[i]);
}

/* Takes many blocks of a class, and frees them. */
static void take_and_free(enum kind kind, unsigned count)
{
    static void *taken[2560];
    for (unsigned i = 0; i < count; i++)
        taken[i] = take_written(class_size(kind));
    while (count)
        np_heap_free(taken[--count]);
}

/* Holes that fit nobody may stay for a while, but not beside what another class has free. */
static void other_classes_make_way_before_holes(void)
{
    heap_start();
    enum { HOLES = 192, MORE = 320 };
    static void *holes[HOLES], *more[MORE];
    const size_t most = 90 * MIB; /* once in use */
    take_and_free(FIRST_TOUCH, 2560);
    (void)np_heap_trim();
    for (unsigned i = 0; i < HOLES; i++)
        holes[i] = take_written(class_size(BIND_SOFT));
    for (unsigned i = 0; i < HOLES; i += 2)
        np_heap_free(holes[i]);
    take_and_free(LOCAL, 736);
    for (unsigned i = 0; i < MORE; i++) {
        more[i] = take_written(200 * KIB);
        expect(resident() <= most * 17 / 16 + OVERHEAD, "%zu MiB are resident with %u larger blocks",
               resident() / MIB, i);
    }
    for (unsigned i = 1; i < HOLES; i += 2)
        np_heap_free(holes[i]);
    for (unsigned i = 0; i < MORE; i++)
        np_heap_free(more[i]);
}

static void trim_gives_everything_back(void)
{
    heap_start();
    take_many(1);
    free_many();
    expect(np_heap_trim(), "there was nothing to trim");
    expect(resident() == 0, "%zu KiB are resident", resident() / KIB);
    expect(!np_heap_trim(), "there is still something to trim");
    for (enum kind kind = 0; kind < KINDS; kind++) {
        void *block = take(class_size(kind), 0, true);
        check_zero(block, class_size(kind), "after a trim");
        fill(block, class_size(kind), 1);
        np_heap_free(block);
    }
}

static void trim_leaves_live_blocks_alone(void)
{
    heap_start();
    take_many(2);
    void *kept[KINDS];
    for (enum kind kind = 0; kind < KINDS; kind++) {
        kept[kind] = take(block_size(kind, 3), 0, false);
        fill(kept[kind], block_size(kind, 3), kind);
    }
    free_many();
    (void)np_heap_trim();
    for (enum kind kind = 0; kind < KINDS; kind++) {
        check_filled(kept[kind], block_size(kind, 3), kind, "after a trim");
        np_heap_free(kept[kind]);
    }
}

static void locked_memory_stays(void)
{
    heap_start();
    faults.advise = -1;
    for (unsigned round = 0; round < 2; round++) {
        take_many(1);
        free_many();
        faults.clock += 12000;
        (void)np_heap_trim();
        for (enum kind kind = 0; kind < KINDS; kind++) {
            void *block = take(class_size(kind), 0, true);
            check_zero(block, class_size(kind), "of memory that cannot be dropped");
            fill(block, class_size(kind), 1);
            np_heap_free(block);
        }
    }
}

static void closed_tails_open_again(void)
{
    heap_start();
    for (unsigned round = 0; round < 20; round++) {
        take_many(1 + round % 3);
        for (enum kind kind = 0; kind < KINDS; kind++)
            fill(blocks[kind][0], block_size(kind, 0), round);
        (void)np_heap_trim();
        for (enum kind kind = 0; kind < KINDS; kind++)
            check_filled(blocks[kind][0], block_size(kind, 0), round, "a trim while it lives");
        free_many();
        (void)np_heap_trim();
    }
}

static size_t open_bytes(void)
{
    size_t sum = 0, length;
    for (unsigned i = 0, rule; i < np_heap_zone_count(); i++) {
        int node;
        const void *start;
        np_heap_zone_range(i, &rule, &node, &start, &length);
        sum += length;
    }
    return sum;
}

static void a_released_reserve_is_no_longer_ours(void)
{
    heap_start();
    void *kept = take(class_size(LOCAL), 0, false);
    fill(kept, class_size(LOCAL), 1);
    char *far = (char *)kept + 512 * MIB;
    expect(np_heap_owns(far), "the reservation is not ours");
    np_heap_release_reserve();
    expect(!np_heap_owns(far), "what was released is ours");
    expect(np_heap_owns(kept), "a block is not ours");
    void *mapped =
        mmap(far, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    expect(mapped == far, "its addresses are in use");
    fill(mapped, MIB, 2);
    for (unsigned round = 0; round < 3; round++) {
        take_many(1); /* also in zones that were never opened */
        free_many();
        (void)np_heap_trim();
        expect(open_bytes() < 64 * MIB, "%zu MiB stay open", open_bytes() / MIB);
        np_heap_release_reserve();
    }
    check_filled(kept, class_size(LOCAL), 1, "release");
    check_filled(mapped, MIB, 2, "growth of a zone");
}

/* A zone that runs into somebody else's mapping is full. */
/* The tables of a tail that was closed stay, all of them. */
static void a_tail_closed_before_the_release_opens_again(void)
{
    heap_start();
    np_heap_free(take(600 * MIB, 0, false));
    (void)np_heap_trim();
    np_heap_release_reserve();
    char *large = take(300 * MIB, 0, false), *behind = take(17 * MIB, 0, false);
    expect(np_zone_of(behind) == np_zone_of(large) && behind > large, "in another place");
    large[300 * MIB - 1] = behind[17 * MIB - 1] = 1;
    np_heap_free(behind);
    np_heap_free(large);
}

static void growth_stops_at_foreign_mappings(void)
{
    heap_start_one(LOCAL);
    char *first = take(MIB, 0, false);
    np_heap_release_reserve();
    char *foreign = first + 64 * MIB;
    expect(mmap(foreign, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
                0) == foreign,
           "its addresses are in use");
    fill(foreign, MIB, 1);
    unsigned served = 0;
    void *block;
    for (; np_heap_allocate(np_heap_class(MIB), MIB, 0, true, &block) == 0 && served < 100; served++) {
        check_zero(block, MIB, "near a foreign mapping");
        fill(block, MIB, 2);
    }
    expect(served >= 50 && served < 64, "%u blocks before the foreign mapping", served);
    check_filled(foreign, MIB, 1, "growth");
    expect(np_heap_resize(first, 80 * MIB, &block) != 0, "grew over a foreign mapping");
    np_heap_free(first);
    (void)np_heap_trim();
}

int main(void)
{
    heap_test(freed_memory_stays_below_a_limit, "freed memory stays below a limit");
    heap_test(freed_memory_is_used_again, "a freed block is used again with its pages");
    heap_test(idle_memory_goes_with_age, "idle memory goes with age");
    heap_test(splinters_do_not_hide_what_is_old, "splinters do not hide what is old");
    heap_test(what_is_kept_makes_way_for_other_classes, "what a class keeps makes way for other classes");
    heap_test(holes_make_way_for_larger_blocks, "holes make way for larger blocks");
    heap_test(other_classes_make_way_before_holes, "other classes make way before holes do");
    heap_test(trim_gives_everything_back, "a trim gives everything back");
    heap_test(trim_leaves_live_blocks_alone, "a trim leaves live blocks alone");
    heap_test(locked_memory_stays, "memory that cannot be dropped is cleared when it must be zero");
    heap_test(closed_tails_open_again, "closed tails open again");
    heap_test(a_released_reserve_is_no_longer_ours, "a released reserve is no longer ours");
    heap_test(a_tail_closed_before_the_release_opens_again,
              "a tail that was closed before the release opens again");
    heap_test(growth_stops_at_foreign_mappings, "growth stops at foreign mappings");
    return tap_done();
}
