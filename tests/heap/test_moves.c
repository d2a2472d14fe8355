/* SPDX-License-Identifier: MIT */
/* Blocks that grow by moving their page tables, and what is left when the kernel stops half way. */
#include "harness.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGE (66 * MIB)

static int try_take(size_t size, void **ret_block)
{
    return np_heap_allocate(np_heap_class(size), size, 0, true, ret_block);
}

static enum kind moving;

/* Takes blocks until one lies so near behind @block that it cannot grow to @wanted in place. */
static unsigned build_walls(const char *block, size_t size, size_t wanted, void **walls)
{
    for (unsigned count = 0; count < 20;) {
        char *wall = walls[count++] = take(size, 0, false);
        if (wall > block && wall < block + wanted)
            return count;
    }
    expect(false, "nothing lies behind the block");
    return 20;
}

/* Grows a block that cannot grow in place. */
static int resize_behind_walls(void *block, size_t size, size_t wanted, void **ret_block)
{
    void *walls[20];
    unsigned count = build_walls(block, size, wanted, walls);
    int error = np_heap_resize(block, wanted, ret_block);
    while (count)
        np_heap_free(walls[--count]);
    return error;
}

static void *move_once(void *block, size_t size, size_t wanted, uint64_t seed)
{
    void *resized = NULL;
    int error = resize_behind_walls(block, size, wanted, &resized);
    if (!expect(error == 0, "%zu to %zu MiB: %s", size / MIB, wanted / MIB, np_strerror(error)))
        return block;
    check_filled(resized, size, seed, "moved");
    fill(resized, wanted, seed);
    return resized;
}

static void check_moves(void)
{
    heap_start_one(moving);
    size_t size = LARGE;
    void *block = take(size, 0, false);
    fill(block, size, 3);
    for (unsigned i = 0; i < 6; i++) {
        size_t wanted = size * 5 / 4 + i * 4096;
        block = move_once(block, size, wanted, 3);
        void *shrunk = NULL; /* so that the seams lie all over the block */
        size = LARGE + i * 2 * MIB + 12288;
        expect(np_heap_resize(block, size, &shrunk) == 0 && shrunk == block, "a shrink failed");
        check_filled(block, size, 3, "shrunk");
    }
    bool by_page_tables = moving != STRIPED;
    expect((faults.remaps > 0) == by_page_tables, "%lu moves by page tables", faults.remaps);
    np_heap_free(block);
    /* Nothing of it may be taken for clean. */
    for (unsigned i = 0; i < 2; i++) {
        block = take(LARGE * 2, 0, true);
        check_zero(block, LARGE * 2, "where blocks were moved");
        fill(block, LARGE * 2, 4);
        np_heap_free(block);
    }
}

static void large_blocks_move_again_and_again(void)
{
    static const enum kind all[] = {FIRST_TOUCH, BIND_HARD, STRIPED, HUGE};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        moving = all[i];
        expect(in_child(check_moves) == 0, "%s failed", kind_name(moving));
    }
}

/* The n-th mremap fails, with or without a hole where the target was. */
static void check_failed_moves(void)
{
    heap_start_one(moving);
    size_t size = LARGE;
    void *block = take(size, 0, false);
    fill(block, size, 3);
    for (int i = 0; i < 9; i++) {
        *(i & 1 ? &faults.remap_hole : &faults.remap) = 1 + i / 3;
        size_t wanted = size * 5 / 4;
        block = move_once(block, size, wanted, 3);
        faults.remap = faults.remap_hole = 0;
        void *shrunk = NULL;
        size = LARGE + (size_t)i * 2 * MIB + 4096;
        expect(np_heap_resize(block, size, &shrunk) == 0 && shrunk == block, "a shrink failed");
        check_filled(block, size, 3, "after a move that failed");
    }
    np_heap_free(block);
    block = take(LARGE * 2, 0, true);
    check_zero(block, LARGE * 2, "where moves failed");
    np_heap_free(block);
}

static void a_move_that_fails_copies(void)
{
    static const enum kind all[] = {FIRST_TOUCH, BIND_HARD};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        moving = all[i];
        expect(in_child(check_failed_moves) == 0, "%s failed", kind_name(moving));
    }
}

static void check_holes_without_policies(void)
{
    heap_start_one(LOCAL);
    void *block = take(LARGE, 0, false);
    fill(block, LARGE, 3);
    faults.policy_at = -1;
    faults.remap_hole = 1;
    block = move_once(block, LARGE, LARGE * 5 / 4, 3);
    np_heap_free(block);
}

static void a_hole_is_seen_without_numa_calls(void)
{
    expect(in_child(check_holes_without_policies) == 0, "a hole was not seen");
}

static int nth_piece;

/* The hole cannot be closed: the old block must still be whole, and nobody may get the addresses. */
static void check_hole_that_stays(void)
{
    heap_start_one(LOCAL);
    size_t size = LARGE;
    void *block = take(size, 0, false), *resized = NULL;
    fill(block, size, 3);
    for (int i = 1; i < nth_piece; i++) { /* seams */
        block = move_once(block, size, size * 5 / 4, 3);
        size += 4 * MIB;
        expect(np_heap_resize(block, size, &resized) == 0 && resized == block, "a shrink failed");
    }
    void *walls[20];
    unsigned count = build_walls(block, size, size * 5 / 4, walls);
    faults.remap_hole = nth_piece;
    faults.map = -1;
    int error = np_heap_resize(block, size * 5 / 4, &resized);
    faults.remap_hole = faults.map = 0;
    expect(error == -EAGAIN, "moved into a hole: %s", np_strerror(error));
    check_filled(block, size, 3, "after a move into a hole");
    for (unsigned i = 0; i < 6; i++) {
        void *other;
        if (try_take(size, &other) != 0)
            break;
        check_zero(other, size, "beside a hole");
        fill(other, size, i);
    }
    check_filled(block, size, 3, "after others");
    while (count)
        np_heap_free(walls[--count]);
    np_heap_free(block);
    (void)np_heap_trim();
}

static void a_hole_that_stays_costs_no_contents(void)
{
    for (nth_piece = 1; nth_piece <= 3; nth_piece++)
        expect(in_child(check_hole_that_stays) == 0, "failed at mapping %d", nth_piece);
}

/* Blocks far below 64 MiB, to where no pages are yet. */
static void smaller_blocks_move_to_fresh_memory(void)
{
    heap_start_one(FIRST_TOUCH);
    size_t size = 2 * MIB;
    void *block = take(size, 0, false);
    fill(block, size, 3);
    size_t before = resident();
    block = move_once(block, size, size + 4096, 3);
    expect(faults.remaps == 1, "%lu moves by page tables", faults.remaps);
    expect(resident() <= before + 4 * KIB, "%zu KiB more are resident", (resident() - before) / KIB);
    np_heap_free(block);
}

/* Where its new place has pages already they are used, and the bytes are copied. */
static void smaller_blocks_are_copied_to_used_memory(void)
{
    heap_start_one(FIRST_TOUCH);
    size_t size = 2 * MIB;
    void *block = take(size, 0, false), *used = take(8 * MIB, 0, false), *wall = take(MIB, 0, false);
    fill(block, size, 3);
    fill(used, 8 * MIB, 4);
    np_heap_free(used);
    void *walls[20], *resized = NULL;
    unsigned count = build_walls(block, size, size + 4096, walls);
    expect(np_heap_resize(block, size + 4096, &resized) == 0, "it does not grow");
    check_filled(resized, size, 3, "copied");
    expect(faults.remaps == 0, "%lu moves by page tables", faults.remaps);
    while (count)
        np_heap_free(walls[--count]);
    np_heap_free(resized);
    np_heap_free(wall);
}

static void a_block_that_moves_again_gets_more_room(void)
{
    heap_start_one(FIRST_TOUCH);
    size_t size = MIB;
    void *block = take(size, 0, false), *resized = NULL;
    fill(block, size, 3);
    for (unsigned i = 0; i < 2; i++) {
        block = move_once(block, size, 2 * size + 4096, 3);
        size = 2 * size + 4096;
    }
    void *walls[20];
    for (unsigned i = 0; i < 20; i++)
        walls[i] = take(size, 0, false);
    expect(np_heap_resize(block, 8 * size, &resized) == 0 && resized == block, "it has moved once more");
    for (unsigned i = 0; i < 20; i++)
        np_heap_free(walls[i]);
    np_heap_free(block);
}

static unsigned mappings(void)
{
    unsigned lines = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    for (int c; maps && (c = getc(maps)) != EOF;)
        lines += c == '\n';
    if (maps)
        (void)fclose(maps);
    return lines;
}

/* Two blocks that grow side by side are in each other's way. */
static void grow_two(size_t limit, uint64_t seed)
{
    void *grown[2];
    for (unsigned i = 0; i < 2; i++)
        grown[i] = take(MIB, 0, false);
    for (size_t size = MIB; size < limit; size += MIB / 2)
        for (unsigned i = 0; i < 2; i++) {
            fill(grown[i], size, seed + i);
            void *resized = NULL;
            expect(np_heap_resize(grown[i], size + MIB / 2, &resized) == 0, "it does not grow");
            grown[i] = resized;
            check_filled(grown[i], size, seed + i, "grown");
        }
    for (unsigned i = 0; i < 2; i++)
        np_heap_free(grown[i]);
}

static void moves_leave_no_mappings_behind(void)
{
    heap_start_one(FIRST_TOUCH);
    grow_two(16 * MIB, 1);
    unsigned before = mappings();
    for (unsigned round = 2; round < 12; round++) {
        grow_two(16 * MIB, round);
        (void)np_heap_trim();
    }
    expect(faults.remaps >= 20, "%lu moves by page tables", faults.remaps);
    expect(before && mappings() <= before + 4, "from %u to %u mappings", before, mappings());
}

static size_t present(void *block, size_t size)
{
    static unsigned char pages[32 * MIB / 4096];
    size_t page = (size_t)sysconf(_SC_PAGESIZE), count = 0;
    if (!expect(mincore(block, size, pages) == 0, "mincore failed"))
        return 0;
    for (size_t i = 0; i < size / page; i++)
        count += pages[i] & 1;
    return count * page;
}

/* The room of a block that moves again is taken out of memory that was used as a whole, and goes back without its end. */
static void room_that_was_emptied_is_committed_again(void)
{
    heap_start_one(BIND_HARD);
    size_t size = MIB;
    void *block = take(size, 0, false), *used = take(60 * MIB, 0, false);
    (void)take(MIB, 0, false); /* so that what was used stays apart from what never was */
    np_heap_free(used);
    static const size_t sizes[] = {3 * MIB / 2, 4 * MIB};
    for (unsigned i = 0; i < 2; size = sizes[i++]) {
        void *resized = NULL;
        expect(resize_behind_walls(block, size, sizes[i], &resized) == 0, "not grown");
        block = resized;
    }
    np_heap_free(block);
    block = take(20 * MIB, 0, false);
    expect(present(block, 20 * MIB) == 20 * MIB, "%zu KiB are there", present(block, 20 * MIB) / KIB);
}

int main(void)
{
    heap_test(room_that_was_emptied_is_committed_again, "room that was emptied is committed again");
    heap_test(large_blocks_move_again_and_again, "large blocks move again and again with their contents");
    heap_test(a_move_that_fails_copies, "a move that fails copies");
    heap_test(a_hole_is_seen_without_numa_calls, "a hole is seen without NUMA calls");
    heap_test(a_hole_that_stays_costs_no_contents, "a hole that stays costs no contents");
    heap_test(smaller_blocks_move_to_fresh_memory,
              "blocks of a megabyte move to fresh memory with their pages");
    heap_test(smaller_blocks_are_copied_to_used_memory,
              "blocks of a megabyte are copied to memory used before");
    heap_test(a_block_that_moves_again_gets_more_room, "a block that moves again gets more room");
    heap_test(moves_leave_no_mappings_behind, "moves leave no mappings behind");
    return tap_done();
}
