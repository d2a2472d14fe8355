/* SPDX-License-Identifier: MIT */
/* realloc: the block stays with its owner while the new size belongs to the same class, else it
 * moves. A shrink never fails: where the new place has no room the old block serves on. */
#include "bootstrap.h"
#include "core/heap.h"
#include "core/magazine.h"
#include "family.h"
#include "guard.h"
#include "next.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The first bytes of a block of @usable bytes, in a fresh block of @size bytes; the old one is untouched
 * on failure. */
static void *copy_out(void *block, size_t usable, size_t size)
{
    int saved = errno;
    void *copy = np_malloc_own(size);
    if (!copy) {
        errno = size <= usable ? saved : ENOMEM;
        return size <= usable ? block : NULL;
    }
    memcpy(copy, block, size < usable ? size : usable);
    if (!np_magazine_push(block))
        np_malloc_release(block);
    return copy;
}

static void *resize_placed(void *block, size_t size)
{
    void *resized;
    int result = -EAGAIN;
    if (size > NP_MALLOC_LARGEST) {
        errno = ENOMEM;
        return NULL;
    }
    if (np_guard_enter()) {
        result = np_heap_resize(block, size, &resized);
        np_guard_leave();
    }
    return result == 0 ? resized : copy_out(block, np_heap_usable_size(block), size);
}

/* A block of the next malloc whose new size belongs to a class. */
static void *resize_foreign(void *block, size_t size)
{
    void *copy;
    int result = np_malloc_place(size, 0, false, &copy);
    if (result == -EAGAIN)
        return np_next.realloc(block, size);
    size_t usable = np_next.malloc_usable_size(block);
    if (result != 0) {
        if (size <= usable)
            return np_next.realloc(block, size);
        errno = ENOMEM;
        return NULL;
    }
    memcpy(copy, block, size < usable ? size : usable);
    np_next.free(block);
    return copy;
}

NP_PUBLIC void *realloc(void *block, size_t size)
{
    if (!block)
        return np_malloc_own(size);
    size_t small = np_view_small_size(block);
    if (small && size > small && size <= NP_MALLOC_LARGEST)
        return copy_out(block, small, size);
    bool placed = np_heap_owns(block);
    if (!placed && !np_bootstrap_owns(block))
        return np_malloc_below_floor(size) ? np_next.realloc(block, size) : resize_foreign(block, size);
    if (size == 0) {
        np_malloc_release(block);
        return NULL;
    }
    return placed ? resize_placed(block, size) : copy_out(block, np_bootstrap_size(block), size);
}
