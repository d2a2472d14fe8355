/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include "core/kernel.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct np_stats *heap_stats;
static struct np_placement placements[KINDS];

static const struct {
    const char *section;
    size_t min_size;
    enum np_mode mode;
    enum np_hardness hardness;
    enum np_huge huge;
    enum np_prefault prefault;
} kinds[ALL_KINDS] = {
    [SMALL_LOCAL] = {"malloc.small-local", 0, NP_LOCAL, NP_SOFT, NP_HUGE_DEFAULT, NP_PREFAULT_NONE},
    [SMALL_HARD] = {"malloc.small-hard", 1000, NP_BIND, NP_HARD, NP_HUGE_DEFAULT, NP_PREFAULT_NONE},
    [SMALL_INTERLEAVE] = {"malloc.small-interleave", 4 * KIB, NP_INTERLEAVE, NP_SOFT, NP_HUGE_DEFAULT,
                          NP_PREFAULT_NONE},
    [SMALL_STRIPED] = {"malloc.small-striped", 16 * KIB, NP_WEIGHTED_INTERLEAVE, NP_SOFT, NP_HUGE_DEFAULT,
                       NP_PREFAULT_NONE},
    [FIRST_TOUCH] = {"malloc.first", 32 * KIB + 1, NP_FIRST_TOUCH, NP_SOFT, NP_HUGE_DEFAULT,
                     NP_PREFAULT_NONE},
    [LOCAL] = {"malloc.local", 64 * KIB, NP_LOCAL, NP_SOFT, NP_HUGE_DEFAULT, NP_PREFAULT_NONE},
    [BIND_SOFT] = {"malloc.soft", 128 * KIB, NP_BIND, NP_SOFT, NP_HUGE_DEFAULT, NP_PREFAULT_NONE},
    [BIND_HARD] = {"malloc.hard", 256 * KIB, NP_BIND, NP_HARD, NP_HUGE_DEFAULT, NP_PREFAULT_NONE},
    [INTERLEAVE] = {"malloc.interleave", 512 * KIB, NP_INTERLEAVE, NP_SOFT, NP_HUGE_DEFAULT,
                    NP_PREFAULT_NONE},
    [STRIPED] = {"malloc.striped", 1 * MIB, NP_WEIGHTED_INTERLEAVE, NP_SOFT, NP_HUGE_DEFAULT,
                 NP_PREFAULT_NONE},
    [HUGE] = {"malloc.huge", 2 * MIB, NP_PREFERRED, NP_SOFT, NP_HUGE_THP, NP_PREFAULT_NONE},
    [PREFAULT] = {"malloc.prefault", 8 * MIB, NP_PREFERRED, NP_SOFT, NP_HUGE_NEVER, NP_PREFAULT_PARALLEL},
    [FIRST_TOUCH_LARGE] = {"malloc.large", 16 * MIB, NP_FIRST_TOUCH, NP_SOFT, NP_HUGE_DEFAULT,
                           NP_PREFAULT_NONE},
    [EXPLICIT] = {"malloc.pool", 32 * KIB, NP_BIND, NP_SOFT, NP_HUGE_2M, NP_PREFAULT_NONE},
    [EXPLICIT_TURNS] = {"malloc.turns", 32 * KIB, NP_INTERLEAVE, NP_SOFT, NP_HUGE_2M, NP_PREFAULT_NONE},
    [EXPLICIT_HARD] = {"malloc.hard-pool", 32 * KIB, NP_BIND, NP_HARD, NP_HUGE_2M, NP_PREFAULT_NONE},
};

static void place(struct np_placement *placement, enum kind kind, size_t min_size, size_t max_size)
{
    *placement = (struct np_placement){.min_size = min_size,
                                       .max_size = max_size,
                                       .mode = kinds[kind].mode,
                                       .hardness = kinds[kind].hardness,
                                       .huge = kinds[kind].huge,
                                       .prefault = kinds[kind].prefault};
    strcpy(placement->section, kinds[kind].section);
    if (kinds[kind].mode != NP_FIRST_TOUCH)
        (void)np_nodeset_add(&placement->nodes, 0);
    if (kinds[kind].mode == NP_LOCAL)
        (void)np_nodeset_add(&placement->nodes, 1);
    placement->weights[0] = 3;
    if (kind == SMALL_STRIPED) {
        (void)np_nodeset_add(&placement->nodes, 1);
        placement->weights[1] = 1;
    }
}

void heap_start(void)
{
    (void)np_kernel_support(); /* so that no fault of a test strikes the probes */
    faults.remaps = 0;
    heap_stats = np_stats_create();
    for (enum kind kind = 0; kind < KINDS; kind++)
        place(&placements[kind], kind, kinds[kind].min_size,
              kind + 1 < KINDS ? kinds[kind + 1].min_size : SIZE_MAX);
    expect(np_heap_configure(placements, KINDS, heap_stats) == 0, "heap not configured");
}

void heap_start_one(enum kind kind)
{
    (void)np_kernel_support(); /* so that no fault of a test strikes the probes */
    faults.remaps = 0;
    heap_stats = np_stats_create();
    place(&placements[0], kind, 32 * KIB + 1, SIZE_MAX);
    expect(np_heap_configure(placements, 1, heap_stats) == 0, "heap not configured");
}

void heap_start_small(enum kind kind, size_t border)
{
    unsigned count = border == SIZE_MAX ? 1 : 2;
    (void)np_kernel_support();
    heap_stats = np_stats_create();
    place(&placements[0], kind, 0, border);
    place(&placements[1], SMALL_INTERLEAVE, border, SIZE_MAX);
    expect(np_heap_configure(placements, count, heap_stats) == 0, "heap not configured");
}

void heap_start_nodes(int count)
{
    (void)np_kernel_support();
    heap_stats = np_stats_create();
    place(&placements[0], SMALL_LOCAL, 0, SIZE_MAX);
    for (int node = 0; node < count; node++)
        (void)np_nodeset_add(&placements[0].nodes, node);
    expect(np_heap_configure(placements, 1, heap_stats) == 0, "heap not configured");
}

size_t class_size(enum kind kind)
{
    return kinds[kind].min_size + 100;
}

const char *kind_name(enum kind kind)
{
    return kinds[kind].section;
}

bool is_hard(enum kind kind)
{
    return kinds[kind].hardness == NP_HARD;
}

void *take(size_t size, size_t alignment, bool zero)
{
    void *block = NULL;
    struct np_heap_class *class = np_heap_class(size);
    int error = class ? np_heap_allocate(class, size, alignment, zero, &block) : -EINVAL;
    if (!expect(error == 0, "%zu bytes at %zu: %s", size, alignment, np_strerror(error)))
        return NULL;
    expect(!alignment || (uintptr_t)block % alignment == 0, "%p is no multiple of %zu", block, alignment);
    expect(np_heap_owns(block), "%p is not owned", block);
    expect(np_heap_usable_size(block) >= size, "%zu of %zu bytes usable", np_heap_usable_size(block), size);
    return block;
}

size_t resident(void)
{
    static unsigned char pages[1 << 16];
    size_t page = (size_t)sysconf(_SC_PAGESIZE), sum = 0, length;
    for (unsigned i = 0; i < np_heap_zone_count(); i++) {
        unsigned rule;
        int node;
        const void *start;
        np_heap_zone_range(i, &rule, &node, &start, &length);
        for (size_t at = 0; at < length; at += sizeof pages * page) {
            size_t part = length - at < sizeof pages * page ? length - at : sizeof pages * page;
            if (mincore((char *)(uintptr_t)start + at, part, pages) != 0)
                continue;
            for (size_t j = 0; j < part / page; j++)
                sum += pages[j] & 1 ? page : 0;
        }
    }
    return sum;
}

/* ---- Processes ---- */

int in_child(void (*test)(void))
{
    int status = -1;
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        (void)alarm(SANITIZED ? 240 : 60);
        expect_failures = 0;
        test();
        (void)fflush(NULL);
        _exit(expect_failures ? EXIT_FAILURE : EXIT_SUCCESS);
    }
    if (child > 0)
        (void)waitpid(child, &status, 0);
    return status;
}
