/* SPDX-License-Identifier: MIT */
/* The malloc family but realloc and what is made from the others. Errors of size and form are left to the
 * next malloc wherever it gives the same answer. */
#include "family.h"

#include "bootstrap.h"
#include "core/heap.h"
#include "core/magazine.h"
#include "guard.h"
#include "next.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define USUAL_ALIGNMENT ((size_t)16) /* of any block of malloc */

/* Every request is below it until the heap is ready. */
static _Atomic size_t floor_size = SIZE_MAX;

void np_malloc_open(size_t floor)
{
    atomic_store_explicit(&floor_size, floor, memory_order_release);
}

static inline bool below_floor(size_t size)
{
    return size < atomic_load_explicit(&floor_size, memory_order_acquire);
}

bool np_malloc_below_floor(size_t size)
{
    return below_floor(size);
}

int np_malloc_place(size_t size, size_t alignment, bool zero, void **ret_block)
{
    if (below_floor(size) || size > NP_MALLOC_LARGEST || alignment > NP_MALLOC_LARGEST)
        return -EAGAIN;
    struct np_heap_class *class = np_heap_class(size);
    if (!class || !np_guard_enter())
        return -EAGAIN;
    int result = np_heap_allocate(class, size, alignment, zero, ret_block);
    np_guard_leave();
    return result;
}

/* The last step of the functions that report by errno: the block, or NULL for a class that refuses. */
static void *placed(int result, void *block)
{
    if (result == 0)
        return block;
    errno = ENOMEM;
    return NULL;
}

/* Out of line, so that what a magazine serves needs no stack frame. */
__attribute__((noinline)) static void *allocate(size_t size)
{
    void *block;
    int result = np_malloc_place(size, 0, false, &block);
    return result == -EAGAIN ? np_next.malloc(size) : placed(result, block);
}

NP_PUBLIC void *malloc(size_t size)
{
    void *block = np_magazine_pop(size);
    return block ? block : allocate(size);
}

void *np_malloc_own(size_t size) __attribute__((alias("malloc"), malloc, alloc_size(1), nothrow, leaf));

__attribute__((noinline)) static void *allocate_zeroed(size_t count, size_t size)
{
    void *block;
    int result = np_malloc_place(count * size, 0, true, &block);
    return result == -EAGAIN ? np_next.calloc(count, size) : placed(result, block);
}

NP_PUBLIC void *calloc(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return np_next.calloc(count, size);
    void *block = np_magazine_pop(total);
    if (block)
        return memset(block, 0, total);
    return below_floor(total) ? np_next.calloc(count, size) : allocate_zeroed(count, size);
}

static inline void release_own(void *block)
{
    /* A signal handler that interrupted the engine: its locks may be held here, so the block is lost
     * instead. */
    if (!np_guard_enter())
        return;
    np_heap_free(block);
    np_guard_leave();
}

__attribute__((noinline)) void np_malloc_release(void *block)
{
    if (np_view_offset(block) != SIZE_MAX || np_heap_owns(block))
        release_own(block);
    else if (!np_bootstrap_owns(block))
        np_next.free(block);
}

NP_PUBLIC void free(void *block)
{
    if (!block)
        return; /* first of all: libc frees NULL some eighteen times when a thread ends */
    if (!np_magazine_push(block))
        np_malloc_release(block); /* the last call, so that free needs no stack frame */
}

NP_PUBLIC int posix_memalign(void **ret_block, size_t alignment, size_t size)
{
    if (below_floor(size) || alignment % sizeof(void *) || alignment == 0 || (alignment & (alignment - 1)))
        return np_next.posix_memalign(ret_block, alignment, size);
    void *block;
    int result = np_malloc_place(size, alignment, false, &block);
    if (result == -EAGAIN)
        return np_next.posix_memalign(ret_block, alignment, size);
    if (result == 0)
        *ret_block = block;
    return -result;
}

/* glibc 2.36 rounds an alignment up to the next power of two, in aligned_alloc too; 0 when there is none. */
static size_t round_alignment(size_t alignment)
{
    if (alignment <= USUAL_ALIGNMENT)
        return USUAL_ALIGNMENT;
    if (alignment > SIZE_MAX / 2 + 1)
        return 0;
    return (size_t)1 << (64 - __builtin_clzl(alignment - 1));
}

_Static_assert(sizeof(size_t) == 8, "round_alignment counts 64 bits");

NP_PUBLIC void *memalign(size_t alignment, size_t size)
{
    size_t rounded = round_alignment(alignment);
    if (below_floor(size) || rounded == 0)
        return np_next.memalign(alignment, size);
    void *block;
    int result = np_malloc_place(size, rounded, false, &block);
    return result == -EAGAIN ? np_next.memalign(alignment, size) : placed(result, block);
}

NP_PUBLIC void *aligned_alloc(size_t alignment, size_t size)
{
    size_t rounded = round_alignment(alignment);
    if (below_floor(size) || rounded == 0)
        return np_next.aligned_alloc(alignment, size);
    void *block;
    int result = np_malloc_place(size, rounded, false, &block);
    return result == -EAGAIN ? np_next.aligned_alloc(alignment, size) : placed(result, block);
}

__attribute__((noinline)) static size_t usable_size(void *block)
{
    if (np_heap_owns(block))
        return np_heap_usable_size(block);
    return np_bootstrap_owns(block) ? np_bootstrap_size(block) : np_next.malloc_usable_size(block);
}

NP_PUBLIC size_t malloc_usable_size(void *block)
{
    size_t size = np_view_small_size(block);
    return size ? size : usable_size(block);
}

NP_PUBLIC int malloc_trim(size_t pad)
{
    bool trimmed = false;
    if (!below_floor(SIZE_MAX) && np_guard_enter()) {
        trimmed = np_heap_trim();
        np_guard_leave();
    }
    return np_next.malloc_trim(pad) || trimmed;
}
