/* SPDX-License-Identifier: MIT */
/* Blocks of slabs: sizes, borders, alignment, colours, wrong use, and what goes back to the zone. */
#include "harness.h"

#include "core/bins.h"
#include "core/space.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void no_block_wastes_more_than_a_fifth(void)
{
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    for (size_t size = 0; size <= NP_SMALL_MOST; size++) {
        const struct np_slot *slot = &np_bins.slot[np_bins_slot(size)];
        expect(slot->size >= size, "%zu: a block of %u", size, slot->size);
        expect(slot->size % 16 == 0, "%zu: %u is no multiple of 16", size, slot->size);
        expect(slot->size - size <= 16 || (slot->size - size) * 5 <= slot->size, "%zu: a block of %u", size,
               slot->size);
        expect(size == 0 || (size & (size - 1)) || size < 16 || slot->size == size, "%zu: a block of %u",
               size, slot->size);
    }
    expect(np_bins_slot(NP_SMALL_MOST + 1) == 0, "a slot for what is an extent");
}

static void every_offset_of_a_slab_is_judged(void)
{
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    for (unsigned i = 1; i <= np_bins.slots; i++) {
        const struct np_slot *slot = &np_bins.slot[i];
        for (size_t offset = 0; offset < slot->slab_bytes; offset++) {
            size_t number = offset / slot->size;
            bool begins = offset % slot->size == 0 && number < slot->blocks;
            uint32_t judged = np_slot_block(slot, 5 * (size_t)slot->slab_bytes + offset);
            if (!expect(judged == (begins ? number : UINT32_MAX), "%u: offset %zu is block %u", slot->size,
                        offset, judged))
                break;
        }
    }
}

static size_t border;

static void take_around_the_border(void)
{
    heap_start_small(SMALL_LOCAL, border);
    for (size_t size = border < 40 ? 0 : border - 40; size < border + 40; size++) {
        void *block = take(size, 0, false);
        expect((np_zone_of(block)->stats == &heap_stats->rules[0]) == (size < border), "%zu of %zu is in %s",
               size, border, np_zone_of(block)->stats->section);
        np_heap_free(block);
    }
}

static void class_borders_hold_to_the_byte(void)
{
    static const size_t borders[] = {1,    15,   16,   17,    100,   1000,  1024,
                                     1025, 1031, 4096, 10000, 32767, 32768, 32769};
    for (unsigned i = 0; i < sizeof borders / sizeof *borders; i++) {
        border = borders[i];
        expect(in_child(take_around_the_border) == 0, "around %zu", border);
    }
}

#define MANY 3000

static void blocks_of_all_sizes_do_not_overlap(void)
{
    static void *blocks[MANY];
    static size_t sizes[MANY];
    uint64_t state = 7;
    heap_start();
    for (unsigned round = 0; round < 20; round++)
        for (unsigned i = 0; i < MANY; i++) {
            if (blocks[i]) {
                check_filled(blocks[i], sizes[i], i, "a small block");
                np_heap_free(blocks[i]);
            }
            bool zero = random_below(&state, 4) == 0;
            sizes[i] = random_below(&state, random_below(&state, 3) ? 400 : 32 * KIB);
            blocks[i] = take(sizes[i], 0, zero);
            if (zero)
                check_zero(blocks[i], sizes[i], "calloc");
            sizes[i] = np_heap_usable_size(blocks[i]);
            fill(blocks[i], sizes[i], i);
        }
    for (unsigned i = 0; i < MANY; i++) {
        check_filled(blocks[i], sizes[i], i, "at the end");
        np_heap_free(blocks[i]);
    }
}

static void small_blocks_lie_at_any_alignment(void)
{
    heap_start();
    for (size_t alignment = 1; alignment <= 64 * KIB; alignment *= 2)
        for (size_t size = 1; size <= 32 * KIB; size = size * 3 / 2 + 1) {
            void *blocks[8];
            for (unsigned i = 0; i < 8; i++)
                fill(blocks[i] = take(size, alignment, false), size, i);
            for (unsigned i = 0; i < 8; i++) {
                check_filled(blocks[i], size, i, "an aligned block");
                np_heap_free(blocks[i]);
            }
        }
}

static void resize_stays_while_the_block_fits(void)
{
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    void *block = take(1000, 0, false), *resized = NULL;
    expect(np_heap_resize(block, np_heap_usable_size(block), &resized) == 0 && resized == block,
           "moved to fit");
    expect(np_heap_resize(block, 600, &resized) == 0 && resized == block, "moved for two fifths");
    expect(np_heap_resize(block, 100, &resized) == -EAGAIN, "100 bytes keep a block of 1000");
    expect(np_heap_resize(block, 5000, &resized) == -EAGAIN, "5000 bytes in a block of 1000");
    np_heap_free(block);
}

/* On four nodes the n-th page of an interleaved zone is on node n % 4. */
static void slabs_begin_at_rotating_pages(void)
{
    heap_start_small(SMALL_INTERLEAVE, SIZE_MAX);
    unsigned first_of[4] = {0};
    for (unsigned i = 1; i <= 32; i++) {
        const char *block = take(np_bins.slot[i].size, 0, false);
        first_of[np_zone_page(np_zone_of(block), block) % 4]++;
    }
    for (unsigned node = 0; node < 4; node++)
        expect(first_of[node] >= 6, "node %u has the first blocks of %u of 32 slabs", node, first_of[node]);
}

/* ---- What goes back ---- */

static void take_and_free(size_t size, unsigned count)
{
    static void *blocks[1 << 17];
    for (unsigned i = 0; i < count; i++)
        memset(blocks[i] = take(size, 0, false), 1, size);
    for (unsigned i = 0; i < count; i++)
        np_heap_free(blocks[i]);
}

static void empty_slabs_serve_other_sizes(void)
{
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    take_and_free(100, 1 << 17);
    size_t full = resident();
    expect(full > 12 * MIB, "%zu KiB resident", full / KIB);
    take_and_free(300, 40000);
    take_and_free(100 * KIB, 120);
    expect(resident() < full + 2 * MIB, "%zu KiB resident after %zu", resident() / KIB, full / KIB);
}

static void a_trim_leaves_nothing(void)
{
    heap_start();
    for (enum kind kind = SMALL_LOCAL; kind < FIRST_TOUCH; kind++)
        take_and_free(class_size(kind), (unsigned)(4 * MIB / class_size(kind)));
    (void)np_heap_trim();
    expect(resident() == 0, "%zu KiB resident", resident() / KIB);
    for (enum kind kind = SMALL_LOCAL; kind < FIRST_TOUCH; kind++)
        expect(heap_stats->rules[kind].in_use_bytes == 0, "%s: %lu bytes in use", kind_name(kind),
               (unsigned long)heap_stats->rules[kind].in_use_bytes);
}

static void peak_is_that_of_slabs(void)
{
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    take_and_free(1000, 10000);
    expect(heap_stats->rules[0].peak_bytes >= 10000 * 1024 && heap_stats->rules[0].peak_bytes < 11000 * 1024,
           "a peak of %lu", (unsigned long)heap_stats->rules[0].peak_bytes);
}

/* ---- Wrong use ---- */

static char *victim;

static void free_twice(void)
{
    np_heap_free(victim);
    np_heap_free(victim);
}

static void free_twice_with_one_between(void)
{
    char *other = take(100, 0, false);
    np_heap_free(victim);
    np_heap_free(other);
    np_heap_free(victim);
}

static void free_twice_some_frees_later(void)
{
    char *others[10];
    for (unsigned i = 0; i < 10; i++)
        others[i] = take(100, 0, false);
    np_heap_free(victim);
    for (unsigned i = 0; i < 10; i++)
        np_heap_free(others[i]);
    np_heap_free(victim);
    (void)np_heap_trim();
}

static void free_inside(void)
{
    np_heap_free(victim + 16);
}

static void free_odd_address(void)
{
    np_heap_free(victim + 1);
}

static void free_behind_the_last_block(void)
{
    const struct np_slot *slot = &np_bins.slot[np_bins_slot(100)];
    const uintptr_t slab = (uintptr_t)victim & ~(uintptr_t)(slot->slab_bytes - 1);
    np_heap_free((char *)slab + slot->blocks * (size_t)slot->size);
}

static void free_in_a_page_of_no_slab(void)
{
    np_heap_free((char *)((uintptr_t)victim & ~(uintptr_t)(NP_UNIT - 1)) + MIB);
}

static void resize_inside(void)
{
    void *resized;
    (void)np_heap_resize(victim + 16, 10, &resized);
}

static void size_inside(void)
{
    (void)np_heap_usable_size(victim + 16);
}

static void wrong_use_is_named_and_ends_the_program(void)
{
    static const struct {
        void (*wrong)(void);
        const char *name;
    } uses[] = {
        {free_twice, "free; free"},
        {free_twice_with_one_between, "free; another; free"},
        {free_twice_some_frees_later, "a double free some frees later"},
        {free_inside, "an address inside a block"},
        {free_odd_address, "an odd address"},
        {free_behind_the_last_block, "behind the last block"},
        {free_in_a_page_of_no_slab, "a page of no slab"},
        {resize_inside, "realloc inside a block"},
        {size_inside, "malloc_usable_size inside a block"},
    };
    heap_start_small(SMALL_LOCAL, SIZE_MAX);
    victim = take(100, 0, false);
    for (unsigned i = 0; i < sizeof uses / sizeof *uses; i++) {
        int said[2];
        char line[200] = "";
        expect(pipe(said) == 0, "no pipe");
        pid_t child = fork();
        if (child == 0) {
            (void)dup2(said[1], STDERR_FILENO);
            (void)signal(SIGABRT, SIG_DFL);
            uses[i].wrong();
            _exit(0);
        }
        int status = 0;
        (void)close(said[1]);
        (void)waitpid(child, &status, 0);
        ssize_t length = read(said[0], line, sizeof line - 1);
        (void)close(said[0]);
        expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "%s: wait status %#x", uses[i].name,
               (unsigned)status);
        expect(length > 0 && strstr(line, "numaperf: malloc.small-local: ") && line[length - 1] == '\n',
               "%s: said \"%s\"", uses[i].name, line);
    }
}

int main(void)
{
    heap_test(no_block_wastes_more_than_a_fifth, "no block wastes more than a fifth, or 16 bytes");
    heap_test(every_offset_of_a_slab_is_judged,
              "of every offset in a slab it is known whether a block begins there");
    heap_test(class_borders_hold_to_the_byte, "class borders hold to the byte");
    heap_test(blocks_of_all_sizes_do_not_overlap, "small blocks of all sizes keep their contents");
    heap_test(small_blocks_lie_at_any_alignment, "small blocks lie at any alignment");
    heap_test(resize_stays_while_the_block_fits, "a resized block stays while it fits");
    heap_test(slabs_begin_at_rotating_pages, "the first blocks of slabs lie on all pages in turn");
    heap_test(empty_slabs_serve_other_sizes, "empty slabs serve other sizes");
    heap_test(a_trim_leaves_nothing, "after a trim nothing is left");
    heap_test(peak_is_that_of_slabs, "the peak is that of slabs in use");
    heap_test(wrong_use_is_named_and_ends_the_program, "wrong use is named and ends the program");
    return tap_done();
}
