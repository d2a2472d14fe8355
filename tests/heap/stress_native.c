/* SPDX-License-Identifier: MIT */
/* Whatever serves malloc: libc, or the shim in front of it. */
#include "stress.h"

#include "expect.h"

#include <malloc.h>
#include <sched.h>

void stress_start(unsigned nodes)
{
    (void)nodes;
}

static void *allocate_aligned(size_t size, size_t alignment, uint64_t *state)
{
    void *block = NULL;
    switch (random_below(state, 3)) {
    case 0:
        return aligned_alloc(alignment, size);
    case 1:
        return memalign(alignment, size);
    default:
        return posix_memalign(&block, alignment, size) == 0 ? block : NULL;
    }
}

void *stress_allocate(size_t size, size_t alignment, bool zero, uint64_t *state)
{
    if (zero)
        return calloc(size % 8 ? 1 : 8, size % 8 ? size : size / 8);
    if (alignment)
        return allocate_aligned(size, alignment, state);
    return random_below(state, 50) ? malloc(size) : realloc(NULL, size);
}

void *stress_resize(void *block, size_t size)
{
    return size ? realloc(block, size) : NULL;
}

void stress_free(void *block)
{
    free(block);
}

size_t stress_usable(void *block)
{
    return malloc_usable_size(block);
}

void stress_touch(void *block, size_t size)
{
    (void)block, (void)size;
}

void stress_move(uint64_t *state)
{
    (void)state;
    (void)sched_yield();
}

void stress_trim(void)
{
    (void)malloc_trim(0);
}

void stress_disturb(uint64_t *state, unsigned round)
{
    if ((round + random_below(state, 2)) % 4 == 0)
        stress_trim();
    else
        (void)mallinfo2();
}

void stress_end(void)
{
    stress_trim();
}
