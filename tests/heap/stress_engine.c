/* SPDX-License-Identifier: MIT */
/* The engine, with kernel calls that fail now and then. */
#include "harness.h"
#include "stress.h"

#include <pthread.h>

static unsigned node_count = 2;
static enum kind kinds = KINDS; /* of classes */

void stress_start(unsigned nodes)
{
    if (nodes) {
        node_count = nodes;
        kinds = SMALL_LOCAL + 1;
        heap_start_nodes((int)nodes);
    } else {
        heap_start();
    }
    expect(pthread_atfork(np_heap_before_fork, np_heap_after_fork_parent, np_heap_after_fork_child) == 0,
           "atfork");
}

void *stress_allocate(size_t size, size_t alignment, bool zero, uint64_t *state)
{
    void *block;
    (void)state;
    return np_heap_allocate(np_heap_class(size), size, alignment, zero, &block) == 0 ? block : NULL;
}

void *stress_resize(void *block, size_t size)
{
    void *resized;
    return np_heap_resize(block, size, &resized) == 0 ? resized : NULL;
}

void stress_free(void *block)
{
    np_heap_free(block);
}

size_t stress_usable(void *block)
{
    return np_heap_usable_size(block);
}

void stress_touch(void *block, size_t size)
{
    np_heap_note_mapping(block, size);
}

void stress_move(uint64_t *state)
{
    on_node = (int)random_below(state, node_count);
}

void stress_trim(void)
{
    (void)np_heap_trim();
}

void stress_disturb(uint64_t *state, unsigned round)
{
    _Atomic int *const counts[] = {&faults.remap_hole, &faults.remap, &faults.advise, &faults.populate};
    unsigned choice = random_below(state, 6);
    if (choice == 0)
        stress_trim();
    else if (choice == 1)
        faults.clock += 12000;
    else
        *counts[choice - 2] = (int)random_below(state, 3);
    if (round == 200)
        np_heap_release_reserve();
}

void stress_end(void)
{
    faults.advise = 0;
    (void)np_heap_trim();
    (void)np_heap_count(0);
    for (enum kind kind = 0; kind < kinds; kind++) {
        struct np_stats_sum sum = np_stats_fold(heap_stats, kind);
        expect(sum.live_bytes == 0 && sum.allocations == sum.frees &&
                   heap_stats->rules[kind].in_use_bytes == 0,
               "%s: %lu bytes, %lu allocations, %lu frees", kind_name(kind), (unsigned long)sum.live_bytes,
               (unsigned long)sum.allocations, (unsigned long)sum.frees);
    }
    (void)np_heap_trim();
    expect(resident() == 0, "%zu KiB are resident", resident() / KIB);
}
