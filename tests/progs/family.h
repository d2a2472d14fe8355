/* SPDX-License-Identifier: MIT */
/* family - every way to allocate, as a table of functions that take a size. */
#ifndef NP_TESTS_FAMILY_H
#define NP_TESTS_FAMILY_H

#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void *by_malloc(size_t size)
{
    return malloc(size);
}
static void *by_calloc(size_t size)
{
    return calloc(1, size);
}
static void *by_calloc_bytes(size_t size)
{
    return calloc(size, 1);
}
static void *by_realloc(size_t size)
{
    return realloc(NULL, size);
}
static void *by_reallocarray(size_t size)
{
    return reallocarray(NULL, size, 1);
}
static void *by_aligned_alloc(size_t size)
{
    return aligned_alloc(64, size);
}
static void *by_memalign(size_t size)
{
    return memalign(4096, size);
}
static void *by_memalign_small(size_t size)
{
    return memalign(8, size);
}
static void *by_valloc(size_t size)
{
    return valloc(size);
}
static void *by_pvalloc(size_t size)
{
    return pvalloc(size);
}

static void *by_posix_memalign(size_t size)
{
    void *block;
    return posix_memalign(&block, 256, size) == 0 ? block : NULL;
}

static const struct allocator {
    const char *name;
    void *(*allocate)(size_t size);
    size_t alignment;
    bool zeroed;
} allocators[] = {
    {"malloc", by_malloc, 16, false},
    {"calloc(1, n)", by_calloc, 16, true},
    {"calloc(n, 1)", by_calloc_bytes, 16, true},
    {"realloc(NULL, n)", by_realloc, 16, false},
    {"reallocarray", by_reallocarray, 16, false},
    {"posix_memalign", by_posix_memalign, 256, false},
    {"aligned_alloc", by_aligned_alloc, 64, false},
    {"memalign", by_memalign, 4096, false},
    {"memalign(8, n)", by_memalign_small, 16, false},
    {"valloc", by_valloc, 4096, false},
    {"pvalloc", by_pvalloc, 4096, false},
};

/* Round the borders that tests give to size classes: 1K, 32K, 128K, 1M. */
static const size_t sizes[] = {
    0,      1,      24,     1023,          1024,    1025,    32767,   32768,         32769,
    100000, 131071, 131072, 131072 + 4096, 1048575, 1048576, 1048577, (3 << 20) + 5,
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A pattern that tells one block's bytes from another's. */
static inline void fill(unsigned char *block, size_t size, unsigned seed)
{
    for (size_t i = 0; i < size; i += i < 64 || size - i <= 64 ? 1 : 61)
        block[i] = (unsigned char)(seed + i * 7);
}

static inline bool is_filled(const unsigned char *block, size_t size, size_t of, unsigned seed)
{
    for (size_t i = 0; i < size; i += i < 64 || of - i <= 64 ? 1 : 61) {
        if (block[i] != (unsigned char)(seed + i * 7))
            return false;
    }
    return true;
}

static inline bool is_zero(const unsigned char *block, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (block[i] != 0)
            return false;
    }
    return true;
}

#endif
