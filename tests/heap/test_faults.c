/* SPDX-License-Identifier: MIT */
/* What the heap does when the kernel refuses. */
#include "harness.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

static int try_take(size_t size, void **ret_block)
{
    return np_heap_allocate(np_heap_class(size), size, 0, true, ret_block);
}

static void expect_no_space(void)
{
    for (enum kind kind = 0; kind < KINDS; kind++) {
        void *block;
        int error = try_take(class_size(kind), &block);
        expect(error == (is_hard(kind) ? -ENOMEM : -EAGAIN), "%s: %s", kind_name(kind), np_strerror(error));
        expect(heap_stats->rules[kind].reason[0] != '\0', "%s: no reason", kind_name(kind));
        expect(heap_stats->rules[kind].enforcement == NP_NONE, "%s is still enforced", kind_name(kind));
    }
}

static void without_reservation_the_next_malloc_serves(void)
{
    heap_start();
    faults.map_limit = 48 * MIB;
    expect_no_space();
    faults.map_limit = 0;
    expect_no_space();
}

/* A sanitizer's shadow alone is larger than any such limit. */
static void a_tight_limit_of_address_space_is_left_to_others(void)
{
    struct rlimit limit = {.rlim_cur = 300 * MIB, .rlim_max = RLIM_INFINITY};
    heap_start();
    expect(setrlimit(RLIMIT_AS, &limit) == 0, "no limit set");
    expect_no_space();
}

static void a_wide_limit_of_address_space_leaves_most_to_others(void)
{
    struct rlimit limit = {.rlim_cur = 4 * GIB, .rlim_max = RLIM_INFINITY};
    heap_start();
    expect(setrlimit(RLIMIT_AS, &limit) == 0, "no limit set");
    void *block = take(class_size(LOCAL), 0, true);
    fill(block, class_size(LOCAL), 1);
    void *mapped = mmap(NULL, 3 * GIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    expect(mapped != MAP_FAILED, "3 of 4 GiB cannot be mapped");
    np_heap_free(block);
}

static void a_smaller_reservation_does(void)
{
    heap_start();
    faults.map_limit = 2 * GIB;
    for (enum kind kind = 0; kind < KINDS; kind++)
        np_heap_free(take(class_size(kind), 0, true));
    void *block;
    expect(try_take(2 * GIB, &block) == -EAGAIN, "served more than a zone");
}

static void a_refused_mbind_degrades_soft_classes_only(void)
{
    heap_start();
    faults.bind = -1;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        void *block;
        int error = try_take(class_size(kind), &block);
        if (is_hard(kind)) {
            expect(error == -ENOMEM, "the hard class served");
            continue;
        }
        expect(error == 0, "%s: %s", kind_name(kind), np_strerror(error));
        bool free_of_policy = kind == FIRST_TOUCH || kind == FIRST_TOUCH_LARGE;
        expect((heap_stats->rules[kind].enforcement == NP_NONE) != free_of_policy, "%s: enforcement %u",
               kind_name(kind), heap_stats->rules[kind].enforcement);
        fill(block, class_size(kind), 1);
        np_heap_free(block);
    }
}

static void a_hard_class_without_memory_refuses(void)
{
    heap_start();
    size_t size = class_size(BIND_HARD);
    void *first = take(size, 0, false), *block, *resized;
    fill(first, size, 1);
    for (unsigned round = 0; round < 20; round++) {
        (void)np_heap_trim(); /* pages that are still there would do */
        faults.populate = -1;
        expect(try_take(size, &block) == -ENOMEM, "served without memory");
        expect(np_heap_resize(first, size + 200 * KIB, &resized) == -EAGAIN, "grew without memory");
        faults.populate = 0;
        check_filled(first, size, 1, "a refusal");
        expect(np_heap_usable_size(first) < size + 200 * KIB, "the block is larger than it was");
        block = take(size, 0, true);
        check_zero(block, size, "after a refusal");
        fill(block, size, 2);
        np_heap_free(block);
    }
    np_heap_free(first);
    expect(np_stats_fold(heap_stats, BIND_HARD).live_bytes == 0, "%lu bytes are counted",
           (unsigned long)np_stats_fold(heap_stats, BIND_HARD).live_bytes);
}

/* Pages that were committed before the failure must not pass for clean ones later. */
static void half_a_commit_leaves_no_dirt(void)
{
    heap_start();
    size_t size = class_size(BIND_HARD);
    for (unsigned round = 0; round < 60; round++) {
        void *blocks[3], *block;
        for (unsigned i = 0; i < 3; i++) {
            blocks[i] = take(size + i * 4096, 0, i == 1);
            if (i == 1)
                check_zero(blocks[i], size, "after half a commit");
            fill(blocks[i], size + i * 4096, i);
        }
        np_heap_free(blocks[round % 3]);
        if (round % 4 == 0)
            (void)np_heap_trim();
        faults.populate = (int)(1 + round % 3);
        if (try_take(size + 40 * KIB, &block) == 0) {
            check_zero(block, size + 40 * KIB, "after half a commit");
            fill(block, size + 40 * KIB, 7);
            np_heap_free(block);
        }
        faults.populate = 0;
        np_heap_free(blocks[(round + 1) % 3]);
        np_heap_free(blocks[(round + 2) % 3]);
    }
}

static void prefault_that_fails_is_no_failure(void)
{
    heap_start();
    faults.populate = -1;
    void *block = take(class_size(PREFAULT), 0, true);
    check_zero(block, class_size(PREFAULT), "without prefault");
    np_heap_free(block);
}

/* Some emulators answer 0 to MADV_DONTNEED and clear nothing: the probe finds it out, and then every page counts as used. */
static void an_emulator_that_keeps_pages_is_found_out(void)
{
    faults.keeps = true;
    heap_start();
    for (enum kind kind = 0; kind < KINDS; kind++) {
        void *block = take(class_size(kind), 0, true), *behind = take(class_size(kind), 0, false);
        for (unsigned round = 0; round < 3; round++) {
            check_zero(block, class_size(kind), kind_name(kind));
            fill(block, class_size(kind), round);
            np_heap_free(block);
            (void)np_heap_trim();
            block = take(class_size(kind), 0, true);
        }
        np_heap_free(behind);
        np_heap_free(block);
    }
}

static size_t zone_vmas(void)
{
    static char line[512];
    size_t count = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && fgets(line, sizeof line, maps))
        count += np_heap_owns((void *)strtoul(line, NULL, 16));
    if (maps)
        (void)fclose(maps);
    return count;
}

static void merged_mappings_are_no_limit(void)
{
    faults.most_vmas = 1600;
    heap_start_one(BIND_HARD);
    for (unsigned i = 0; i < 1000; i++) {
        void *block;
        if (!expect(try_take(33 * KIB, &block) == 0, "block %u was refused", i))
            return;
    }
}

static void mappings_are_bounded(void)
{
    faults.most_vmas = 1600;
    heap_start_one(BIND_HARD);
    static void *blocks[2000];
    uint64_t state = 5;
    for (unsigned i = 0; i < 6000; i++) {
        unsigned slot = random_below(&state, 2000);
        size_t size = 33 * KIB + random_below(&state, 60 * KIB);
        if (blocks[slot]) {
            np_heap_free(blocks[slot]);
            blocks[slot] = NULL;
        } else if (try_take(size, &blocks[slot]) == 0) {
            check_zero(blocks[slot], size, "with few mappings");
            fill(blocks[slot], size, slot);
        } else {
            blocks[slot] = NULL;
        }
        if (i % 200 == 0)
            (void)np_heap_trim();
    }
    expect(zone_vmas() <= 500, "%zu mappings, 400 allowed", zone_vmas());
}

/* Each step of a striped zone is counted as dozens of mappings: failures and closed tails must not use up the share. The
 * recount that would hide it is made once a second at most, and the clock stands still. */
static void mappings_that_are_gone_are_not_counted(void)
{
    faults.most_vmas = 8000;
    faults.stopped = true;
    heap_start_one(STRIPED);
    void *first = take(MIB, 0, false), *block;
    np_heap_release_reserve();
    for (unsigned i = 0; i < 200; i++) {
        faults.map = -1;
        expect(try_take(16 * MIB, &block) != 0, "served without memory");
        faults.map = 0;
    }
    for (unsigned i = 0; i < 200; i++) {
        np_heap_free(take(16 * MIB, 0, false));
        (void)np_heap_trim();
    }
    np_heap_free(first);
}

/* ---- The program's own policies ---- */

static void the_programs_own_policy_ends_with_the_block(void)
{
    heap_start();
    for (enum kind kind = BIND_SOFT; kind < KINDS; kind++)
        for (unsigned round = kind == BIND_SOFT ? 1 : 0; round < 2; round++) { /* small ones are not asked */
            size_t size = class_size(kind);
            char *block = take(size, 0, false);
            fill(block, size, 1);
            struct np_mpol own = {.mode = NP_MPOL_INTERLEAVE}, now;
            if (kind == INTERLEAVE)
                own.mode = NP_MPOL_PREFERRED;
            (void)np_nodeset_add(&own.nodes, 0);
            expect(np_kernel_mbind(block, size, &own) == 0, "mbind failed");
            if (round == 1)
                np_heap_note_mapping(block, size);
            if (round == 1 && kind != PREFAULT) { /* a part that is given back alone */
                void *same;
                expect(np_heap_resize(block, class_size(kind) - 99, &same) == 0, "shrink");
            }
            np_heap_free(block);
            char *next = take(size, 0, true);
            check_zero(next, size, "after a policy of the program's own");
            for (size_t at = 0; next == block && at < size; at += 4096)
                if (!expect(np_kernel_policy_at(next + at, &now) == 0 && now.mode != own.mode,
                            "%s: the policy outlived the block at %zu", kind_name(kind), at))
                    break;
            np_heap_free(next);
        }
}

static void a_part_given_back_is_put_right(void)
{
    heap_start_one(LOCAL);
    size_t size = 4 * MIB;
    char *block = take(size, 0, false);
    void *same;
    struct np_mpol own = {.mode = NP_MPOL_INTERLEAVE}, now;
    (void)np_nodeset_add(&own.nodes, 0);
    fill(block, size, 1);
    expect(np_kernel_mbind(block, size, &own) == 0, "mbind failed");
    np_heap_note_mapping(block, size);
    expect(np_heap_resize(block, MIB, &same) == 0 && same == block, "shrink");
    char *next = take(2 * MIB, 0, true);
    check_zero(next, 2 * MIB, "a part given back");
    expect(np_kernel_policy_at(next, &now) == 0 && now.mode != own.mode, "the policy outlived the part");
}

int main(void)
{
    heap_test(without_reservation_the_next_malloc_serves, "without a reservation the next malloc serves");
    if (SANITIZED) {
        tap_skip("a limit of address space is left to others", "a sanitizer needs more than any limit");
    } else {
        heap_test(a_tight_limit_of_address_space_is_left_to_others,
                  "a tight limit of address space is left to others");
        heap_test(a_wide_limit_of_address_space_leaves_most_to_others,
                  "under a wide limit most is left to others");
    }
    heap_test(a_smaller_reservation_does, "a smaller reservation does");
    heap_test(a_refused_mbind_degrades_soft_classes_only, "a refused mbind degrades soft classes only");
    heap_test(a_hard_class_without_memory_refuses, "a hard class without memory refuses and stays whole");
    heap_test(half_a_commit_leaves_no_dirt, "half a commit leaves no dirt");
    heap_test(prefault_that_fails_is_no_failure, "a prefault that fails is no failure");
    heap_test(an_emulator_that_keeps_pages_is_found_out, "an emulator that keeps dropped pages is found out");
    heap_test(merged_mappings_are_no_limit, "mappings that merged do not count");
    heap_test(mappings_are_bounded, "a hard class keeps to its share of the mappings");
    heap_test(mappings_that_are_gone_are_not_counted, "mappings that failed or were closed are not counted");
    heap_test(the_programs_own_policy_ends_with_the_block, "the program's own policy ends with the block");
    heap_test(a_part_given_back_is_put_right, "a part that is given back is put right too");
    return tap_done();
}
