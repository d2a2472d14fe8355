/* SPDX-License-Identifier: MIT */
/* harness - a heap with one class of each kind on the first node, in a child process of its own for each test, and calls
 * of the kernel module that can be made to fail (the linker's --wrap). */
#ifndef NP_TESTS_HEAP_HARNESS_H
#define NP_TESTS_HEAP_HARNESS_H

#include "../unit/sanitized.h"
#include "contents.h"
#include "core/heap.h"
#include "expect.h"

/** The classes, in the order of their sizes; class_size() is a request that each takes. */
enum kind {
    SMALL_LOCAL, /* on two nodes, of which the test says on which each thread runs */
    SMALL_HARD,
    SMALL_INTERLEAVE,
    SMALL_STRIPED,
    FIRST_TOUCH, /* the first of extents */
    LOCAL,
    BIND_SOFT,
    BIND_HARD,
    INTERLEAVE,
    STRIPED,
    HUGE,
    PREFAULT,
    FIRST_TOUCH_LARGE,
    KINDS,
    EXPLICIT = KINDS, /* 2 MiB pages: by heap_start_one() only */
    EXPLICIT_HARD,
    EXPLICIT_TURNS,
    ALL_KINDS
};

/** What the wrapped calls do. Counts: the n-th call from now fails, 0: none does, -1: all do. */
struct faults {
    _Atomic int remap, map, bind, policy_at;
    _Atomic int remap_hole;    /* as remap, but the target is unmapped first, as the kernel does */
    _Atomic size_t hole_taken; /* and somebody else maps as many bytes of it at once, its last ones */
    _Atomic bool pool;         /* there are explicit huge pages: ordinary memory passes for them */
    _Atomic bool keeps;        /* MADV_DONTNEED answers 0 and keeps the contents, as an emulator does */
    _Atomic int advise;        /* MADV_DONTNEED only */
    _Atomic int populate;
    _Atomic uint64_t clock;       /* milliseconds added */
    _Atomic bool stopped;         /* the clock shows only those */
    _Atomic size_t map_limit;     /* larger requests of closed address space fail; 0: none */
    _Atomic size_t most_vmas;     /* vm.max_map_count; 0: the kernel's */
    _Atomic int only_node;        /* what a cpuset leaves, + 1; 0: it is not asked */
    _Atomic unsigned long remaps; /* successful ones */
};
extern struct faults faults;

/** The node on which the calling thread seems to run, and its CPU. */
extern __thread int on_node;

extern struct np_stats *heap_stats;

/** heap_start() - configure a heap with all classes. */
void heap_start(void);
/** heap_start_one() - a heap whose only class takes everything above 32 KiB. */
void heap_start_one(enum kind kind);
/** heap_start_small() - a heap with one class for requests below @border, and, unless that is SIZE_MAX, one of
 * SMALL_INTERLEAVE's kind for the others. */
void heap_start_small(enum kind kind, size_t border);
/** heap_start_nodes() - a heap with one local class on so many nodes. */
void heap_start_nodes(int count);
size_t class_size(enum kind kind);
const char *kind_name(enum kind kind);
bool is_hard(enum kind kind);

/** take() - allocate and fail the test when refused. */
void *take(size_t size, size_t alignment, bool zero);
/** resident() - bytes of the heap's zones that have memory behind them. */
size_t resident(void);
/** in_child() - run @test in a child process. Return: its wait status. */
int in_child(void (*test)(void));
/** heap_test() - run a test in a child of its own, which has 60 seconds. */
__attribute__((unused)) static void heap_test(void (*test)(void), const char *name)
{
    int status = in_child(test);
    (void)tap_ok(status == 0, "%s", name);
    if (status)
        printf("# wait status %#x\n", (unsigned)status);
    (void)fflush(stdout);
}

#endif
