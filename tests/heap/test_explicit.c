/* SPDX-License-Identifier: MIT */
/* Explicit huge pages whose last step fails: they are mapped aside, bound and populated, and then cannot be moved into the
 * zone. Ordinary memory passes for them here; tests/vm/pages.bats has real ones. */
#include "harness.h"

#include <errno.h>
#include <sys/mman.h>

static enum kind kind;

static int try_take(size_t size, void **ret_block)
{
    return np_heap_allocate(np_heap_class(size), size, 0, true, ret_block);
}

/* A block that is there as soon as it is taken has come from the pool: in hard mode all of them are, so only soft blocks
 * tell. */
static void expect_populated(char *block, size_t size, bool wanted)
{
    unsigned char there[1];
    for (size_t at = 0; kind != EXPLICIT_HARD && at < size; at += 2 * MIB)
        if (!expect(mincore(block + at, 1, there) == 0 && (there[0] & 1) == wanted, "populated: %d at %zu",
                    !wanted, at))
            return;
}

/* What others map does not land among our blocks. */
static void expect_no_hole(void)
{
    for (unsigned i = 0; i < 4; i++) {
        char *mapped = mmap(NULL, 32 * MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        expect(mapped != MAP_FAILED && !np_heap_owns(mapped) && !np_heap_owns(mapped + 32 * MIB - 1),
               "%p lies in a zone", (void *)mapped);
    }
}

static void expect_reason(bool wanted)
{
    bool said = strstr(heap_stats->rules[0].reason, "explicit huge pages of 2048 kB cannot be had") != NULL;
    expect(said == wanted, "the reason is \"%s\"", heap_stats->rules[0].reason);
}

static void check_pool(void)
{
    heap_start_one(kind);
    faults.pool = true;
    char *block = take(4 * MIB, 0, true);
    expect_populated(block, 4 * MIB, true);
    check_zero(block, 4 * MIB, "from the pool");
    expect_reason(false);
    faults.pool = false;
    char *next = take(4 * MIB, 0, true);
    expect_populated(next, 4 * MIB, false);
    check_zero(next, 4 * MIB, "without a pool");
    expect_reason(true);
    np_heap_free(next);
    np_heap_free(block);
}

/* The n-th move fails, where pages take turns and are moved one by one, or all do. */
static void check_failed_step(void)
{
    _Atomic int *const ways[] = {&faults.remap, &faults.remap_hole};
    heap_start_one(kind);
    for (int round = 0; round < 6; round++) {
        int nth = kind == EXPLICIT_TURNS ? 1 + round / 2 : -1;
        faults.pool = true;
        char *before = take(4 * MIB, 0, true), *block;
        expect_populated(before, 4 * MIB, true);
        fill(before, 4 * MIB, 1);
        *ways[round % 2] = nth;
        expect(try_take(6 * MIB, (void **)&block) == 0, "not served without the pool's pages");
        *ways[round % 2] = 0;
        expect_populated(block, 6 * MIB, false);
        check_zero(block, 6 * MIB, "beside the pool");
        fill(block, 6 * MIB, 2);
        expect_reason(true);
        expect_no_hole();
        char *after = take(4 * MIB, 0, true);
        check_zero(after, 4 * MIB, "behind the failure");
        fill(after, 4 * MIB, 3);
        check_filled(before, 4 * MIB, 1, "before the failure");
        check_filled(block, 6 * MIB, 2, "in spite of the failure");
        np_heap_free(before);
        np_heap_free(block);
        np_heap_free(after);
        (void)np_heap_trim();
    }
}

/* Another thread's mapping has got the address in between: nobody may be given it, and what lives stays. */
static size_t stolen;

static void check_stolen_hole(void)
{
    heap_start_one(kind);
    faults.pool = true;
    faults.hole_taken = stolen;
    char *before = take(4 * MIB, 0, true), *block;
    fill(before, 4 * MIB, 1);
    faults.remap_hole = 1;
    int error = try_take(6 * MIB, (void **)&block), refused = kind == EXPLICIT_HARD ? -ENOMEM : -EAGAIN;
    expect(error == refused, "a hole with a stranger in it was served: %s", np_strerror(error));
    for (unsigned i = 0; i < 8; i++)
        expect(try_take(i * MIB + 40 * KIB, (void **)&block) == refused, "the zone still serves");
    expect(heap_stats->rules[0].enforcement == NP_NONE, "the rule is still enforced");
    check_filled(before, 4 * MIB, 1, "before the failure");
    np_heap_free(before);
    (void)np_heap_trim();
}

static void in_all_modes(void (*check)(void))
{
    for (kind = EXPLICIT; kind < ALL_KINDS; kind++)
        expect(in_child(check) == 0, "%s failed", kind_name(kind));
}

static void pages_of_the_pool_are_used_while_there_are_any(void)
{
    in_all_modes(check_pool);
}

static void a_failed_last_step_leaves_the_range_reserved(void)
{
    in_all_modes(check_failed_step);
}

static void a_hole_that_somebody_took_ends_the_zone(void)
{
    for (stolen = 4096; stolen <= 8 * MIB; stolen *= 2048) /* a page of it, and all */
        in_all_modes(check_stolen_hole);
}

int main(void)
{
    heap_test(pages_of_the_pool_are_used_while_there_are_any,
              "pages of the pool are used while there are any");
    heap_test(
        a_failed_last_step_leaves_the_range_reserved,
        "when the move into the zone fails, its range is reserved as before and served by ordinary pages");
    heap_test(a_hole_that_somebody_took_ends_the_zone,
              "when somebody else has taken the range, the zone serves no more");
    return tap_done();
}
