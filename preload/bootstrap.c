/* SPDX-License-Identifier: MIT */
#include "bootstrap.h"

#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>

#define HEADER 16 /* room for the size, and what keeps blocks at multiples of 16 */

alignas(64) char np_bootstrap_arena[NP_BOOTSTRAP_SIZE];
static _Atomic size_t used;

/* Where a block of this size begins when @from bytes are used; SIZE_MAX when it does not fit. */
static size_t block_offset(size_t from, size_t size, size_t alignment)
{
    uintptr_t base = (uintptr_t)np_bootstrap_arena;
    uintptr_t start;
    if (__builtin_add_overflow(base + from + HEADER, alignment - 1, &start))
        return SIZE_MAX;
    size_t offset = (size_t)((start & ~(uintptr_t)(alignment - 1)) - base);
    return offset <= NP_BOOTSTRAP_SIZE && size <= NP_BOOTSTRAP_SIZE - offset ? offset : SIZE_MAX;
}

void *np_bootstrap_allocate(size_t size, size_t alignment)
{
    if (alignment < HEADER)
        alignment = HEADER;
    if (size == 0)
        size = 1; /* no block may start where the next one does */
    size_t from = atomic_load_explicit(&used, memory_order_relaxed);
    size_t offset;
    do {
        offset = block_offset(from, size, alignment);
        if (offset == SIZE_MAX) {
            errno = ENOMEM;
            return NULL;
        }
    } while (!atomic_compare_exchange_weak_explicit(&used, &from, offset + size, memory_order_relaxed,
                                                    memory_order_relaxed));
    memcpy(np_bootstrap_arena + offset - HEADER, &size, sizeof size);
    return np_bootstrap_arena + offset;
}

size_t np_bootstrap_size(const void *block)
{
    size_t size;
    memcpy(&size, (const char *)block - HEADER, sizeof size);
    return size;
}
