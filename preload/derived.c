/* SPDX-License-Identifier: MIT */
/* What is made from the other functions of the family, by calling them through the link chain, as glibc's
 * reallocarray calls realloc: an allocator in front of this library (LD_PRELOAD="libjemalloc.so
 * libnumaperf_preload.so", or in the program itself) may define malloc and realloc and leave these to us.
 * Their blocks must be its own then. */
#include "core/kernel.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

/* Declared nowhere: cfree left the headers with glibc 2.26, the sized ones come with C23. */
void cfree(void *block);
void free_sized(void *block, size_t size);
void free_aligned_sized(void *block, size_t alignment, size_t size);

NP_PUBLIC void *reallocarray(void *block, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(block, total);
}

NP_PUBLIC void *valloc(size_t size)
{
    return memalign(np_kernel_page_size(), size);
}

NP_PUBLIC void *pvalloc(size_t size)
{
    size_t page = np_kernel_page_size(), rounded;
    if (__builtin_add_overflow(size, page - 1, &rounded)) {
        errno = ENOMEM;
        return NULL;
    }
    return memalign(page, rounded & ~(page - 1));
}

NP_PUBLIC void cfree(void *block)
{
    free(block);
}

NP_PUBLIC void free_sized(void *block, size_t size)
{
    (void)size;
    free(block);
}

NP_PUBLIC void free_aligned_sized(void *block, size_t alignment, size_t size)
{
    (void)alignment, (void)size;
    free(block);
}
