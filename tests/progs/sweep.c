/* SPDX-License-Identifier: MIT */
/* The malloc family's contract, as glibc 2.36 keeps it: each way to allocate with each way to release, resize and ask,
 * at sizes round the borders of size classes. Blocks also come from before main (early.c), from a library that is
 * opened late (late.c), from other threads and from inside libc. Runs without the shim too, to test the test. */
#include "check.h"
#include "family.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <unistd.h>

#define MARK 4321 /* what errno must still be after a success */

/* Keep the compiler from knowing what a call does to a block. */
static void *(*volatile hide)(size_t) = malloc;
static void *(*volatile resize_array)(void *, size_t, size_t) = reallocarray;
static size_t (*volatile usable_size)(void *) = malloc_usable_size;
static void *(*volatile align)(size_t, size_t) = aligned_alloc;

static void release_by_free(void *block, size_t size)
{
    (void)size;
    errno = MARK;
    free(block);
    check(errno == MARK, "free changed errno to %d", errno);
}

static void release_by_realloc(void *block, size_t size)
{
    (void)size;
    errno = MARK;
    void *volatile result = realloc(block, 0);
    check(result == NULL, "realloc(p, 0) is not NULL");
    check(errno == MARK, "realloc(p, 0) changed errno to %d", errno);
}

/* Names that this glibc may not have; the shim has them all. */
static void release_by_name(const char *name, void *block, size_t size)
{
    void (*release)(void *, ...) = (void (*)(void *, ...))dlsym(RTLD_DEFAULT, name);
    if (!release)
        free(block);
    else if (strcmp(name, "free_sized") == 0)
        release(block, size);
    else
        release(block, (size_t)16, size);
}

static void release_by_cfree(void *block, size_t size)
{
    release_by_name("cfree", block, size);
}
static void release_by_free_sized(void *block, size_t size)
{
    release_by_name("free_sized", block, size);
}
static void release_by_aligned(void *block, size_t size)
{
    release_by_name("free_aligned_sized", block, size);
}

static void (*const releasers[])(void *, size_t) = {
    release_by_free, release_by_realloc, release_by_cfree, release_by_free_sized, release_by_aligned,
};

static void release(void *block, size_t size)
{
    static unsigned turn;
    releasers[turn++ % COUNT(releasers)](block, size);
}

/* One block: aligned, zeroed when it must be, writable up to its usable size. */
static void check_block(const char *name, unsigned char *block, size_t size, size_t alignment, bool zeroed)
{
    if (!check(block != NULL, "%s(%zu) failed", name, size))
        return;
    /* jemalloc does not align what has no bytes. */
    check(size == 0 || (uintptr_t)block % alignment == 0, "%s(%zu) is not aligned to %zu", name, size,
          alignment);
    if (zeroed)
        check(is_zero(block, size), "%s(%zu) is not zeroed", name, size);
    size_t usable = malloc_usable_size(block);
    check(usable >= size, "%s(%zu) has only %zu bytes", name, size, usable);
    memset(block, 0xa5, usable);
}

static void sweep_pairs(void)
{
    for (size_t a = 0; a < COUNT(allocators); a++) {
        for (size_t s = 0; s < COUNT(sizes); s++) {
            for (size_t r = 0; r < COUNT(releasers); r++) {
                errno = MARK;
                void *block = allocators[a].allocate(sizes[s]);
                check(errno == MARK, "%s(%zu) changed errno to %d", allocators[a].name, sizes[s], errno);
                check_block(allocators[a].name, block, sizes[s], allocators[a].alignment,
                            allocators[a].zeroed);
                releasers[r](block, sizes[s]);
            }
        }
    }
}

/* A block of any origin through all sizes and back. */
static void check_resizes(const char *name, unsigned char *block, size_t size, unsigned seed)
{
    if (!check(block != NULL, "no block from %s", name))
        return;
    fill(block, size, seed);
    for (size_t s = 0; s < 2 * COUNT(sizes) - 1; s++) {
        size_t wanted = sizes[s < COUNT(sizes) ? s : 2 * COUNT(sizes) - 2 - s];
        if (wanted == 0)
            wanted = 7;
        errno = MARK;
        unsigned char *resized = s % 2 ? realloc(block, wanted) : reallocarray(block, 1, wanted);
        if (!check(resized != NULL, "%s: %zu to %zu bytes failed", name, size, wanted))
            return;
        check(errno == MARK, "%s: %zu to %zu bytes changed errno to %d", name, size, wanted, errno);
        check(is_filled(resized, size < wanted ? size : wanted, size, seed), "%s: %zu to %zu bytes lost some",
              name, size, wanted);
        check(malloc_usable_size(resized) >= wanted, "%s: %zu to %zu bytes is short", name, size, wanted);
        fill(resized, wanted, ++seed);
        block = resized;
        size = wanted;
    }
    release(block, size);
}

static void sweep_resizes(void)
{
    for (size_t a = 0; a < COUNT(allocators); a++) {
        for (size_t s = 0; s < COUNT(sizes); s++)
            check_resizes(allocators[a].name, allocators[a].allocate(sizes[s]), sizes[s], (unsigned)(a + s));
    }
}

static void sweep_alignments(void)
{
    static const size_t lengths[] = {1, 40000, 200000, 3 << 20};
    for (unsigned power = 0; power <= 22; power++) {
        size_t alignment = (size_t)1 << power;
        for (size_t l = 0; l < COUNT(lengths); l++) {
            void *block = memalign(alignment, lengths[l]);
            check_block("memalign", block, lengths[l], alignment, false);
            release(block, lengths[l]);
            block = aligned_alloc(alignment, lengths[l]);
            check_block("aligned_alloc", block, lengths[l], alignment, false);
            check_resizes("aligned_alloc", block, lengths[l], power);
            block = NULL;
            int code = posix_memalign(&block, alignment, lengths[l]);
            check(code == (alignment < sizeof(void *) ? EINVAL : 0), "posix_memalign(%zu) is %d", alignment,
                  code);
            if (code == 0)
                check_block("posix_memalign", block, lengths[l], alignment, false);
            free(block);
        }
    }
    void *block = align(48, 100000); /* rounded up, in glibc before 2.38 */
    check(block == NULL || (uintptr_t)block % 16 == 0, "aligned_alloc(48) is not aligned");
    free(block);
}

static void check_refused(const char *name, void *block)
{
    check(block == NULL, "%s gave a block", name);
    /* jemalloc, where it is the next malloc, does not always say why. */
    check(errno == ENOMEM || dlsym(RTLD_DEFAULT, "mallctl"), "%s: errno %d", name, errno);
    errno = MARK;
}

static void sweep_overflow(void)
{
    volatile size_t huge = SIZE_MAX, half = PTRDIFF_MAX, page = 4096;
    errno = MARK;
    check_refused("malloc(SIZE_MAX)", malloc(huge));
    check_refused("malloc(PTRDIFF_MAX + 1)", malloc(half + 1));
    check_refused("malloc(PTRDIFF_MAX)", malloc(half));
    check_refused("calloc overflow", calloc(huge / 2, 3));
    check_refused("calloc too much", calloc(half, 1));
    check_refused("valloc", valloc(huge));
    check_refused("pvalloc", pvalloc(huge));
    check_refused("pvalloc at the edge", pvalloc(huge - page + 2));
    check_refused("aligned_alloc", aligned_alloc(page, huge - page));
    check_refused("aligned_alloc of a large alignment", aligned_alloc((half + 1) / 2, 100000));
    check_refused("memalign", memalign(64, half));
    for (size_t s = 1; s < COUNT(sizes); s++) {
        unsigned char *block = malloc(sizes[s]);
        fill(block, sizes[s], 5);
        errno = MARK;
        check_refused("realloc", realloc(block, half + 1));
        check_refused("realloc to PTRDIFF_MAX", realloc(block, half));
        check_refused("reallocarray", resize_array(block, huge / 2, 3));
        check(is_filled(block, sizes[s], sizes[s], 5), "a failed realloc changed the block");
        free(block);
    }
}

static void sweep_posix_memalign(void)
{
    static const size_t bad[] = {0, 1, 2, 3, 4, 7, 9, 12, 24, 48, 4097, SIZE_MAX};
    for (size_t s = 0; s < COUNT(sizes); s++) {
        for (size_t b = 0; b < COUNT(bad); b++) {
            void *block = &block;
            int code = posix_memalign(&block, bad[b], sizes[s]);
            check(code == EINVAL && block == &block, "posix_memalign(%zu, %zu): %d", bad[b], sizes[s], code);
        }
    }
    void *block = &block;
    volatile size_t half = PTRDIFF_MAX;
    check(posix_memalign(&block, 64, half) == ENOMEM && block == &block, "posix_memalign of too much");
    check(posix_memalign(&block, (half + 1) / 2, 100000) == ENOMEM && block == &block,
          "posix_memalign too aligned");
}

static void sweep_zero(void)
{
    for (size_t a = 0; a < COUNT(allocators); a++) {
        void *one = allocators[a].allocate(0), *other = allocators[a].allocate(0);
        check(one && other && one != other, "%s(0) is not unique", allocators[a].name);
        free(one);
        release(other, 0);
    }
    errno = MARK;
    free(NULL);
    check(errno == MARK && usable_size(NULL) == 0, "NULL is not nothing");
    /* Clean memory even where dirty memory was given back. */
    for (size_t s = 0; s < COUNT(sizes); s++) {
        for (int round = 0; round < 4; round++) {
            unsigned char *block = hide(sizes[s]);
            memset(block, 0xff, sizes[s]);
            free(block);
            block = calloc(round % 2 ? 1 : sizes[s], round % 2 ? sizes[s] : 1);
            check(is_zero(block, sizes[s]), "calloc of %zu bytes is dirty", sizes[s]);
            free(block);
        }
    }
}

static void sweep_library(const char *name)
{
    void *library = name ? dlopen(name, RTLD_NOW) : NULL;
    void *(*block_of)(size_t) =
        (void *(*)(size_t))dlsym(library ? library : RTLD_DEFAULT, library ? "late_block" : "early_block");
    if (name)
        check(library != NULL, "cannot open %s", name);
    if (!block_of)
        return;
    for (size_t s = 0; s < COUNT(sizes); s++) {
        unsigned char *block = block_of(s);
        check(is_filled(block, sizes[s], sizes[s], 9), "a block of %zu bytes of a library has changed",
              sizes[s]);
        check_resizes(name ? "late.so" : "early.so", block, sizes[s], 9);
    }
    if (library)
        (void)dlclose(library);
}

static void *allocate_all(void *result)
{
    unsigned char **blocks = result;
    for (size_t s = 0; s < COUNT(sizes); s++) {
        blocks[s] = malloc(sizes[s]);
        fill(blocks[s], sizes[s], 9);
    }
    return NULL;
}

/* A thread's blocks outlive it, and another thread resizes and frees them. */
static void sweep_threads(void)
{
    pthread_t threads[8];
    unsigned char *blocks[COUNT(threads)][COUNT(sizes)];
    for (size_t t = 0; t < COUNT(threads); t++)
        check(pthread_create(&threads[t], NULL, allocate_all, blocks[t]) == 0, "no thread");
    for (size_t t = 0; t < COUNT(threads); t++) {
        (void)pthread_join(threads[t], NULL);
        for (size_t s = 0; s < COUNT(sizes); s++) {
            check(is_filled(blocks[t][s], sizes[s], sizes[s], 9), "a thread's block has changed");
            check_resizes("a thread", blocks[t][s], sizes[s], 9);
        }
    }
}

/* Blocks that libc allocates and the program frees. */
static void sweep_libc(void)
{
    char *text = NULL;
    check(asprintf(&text, "%150000d", 7) == 150000, "asprintf");
    check_resizes("asprintf", (unsigned char *)text, 150001, 1);
    check_resizes("strdup", (unsigned char *)strdup("text"), 5, 1);
    check_resizes("getcwd", (unsigned char *)getcwd(NULL, 0), 2, 1);
    check_resizes("realpath", (unsigned char *)realpath("/", NULL), 2, 1);
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    for (int i = 0; i < 40000; i++)
        (void)fprintf(stream, "%08d", i);
    (void)fclose(stream);
    check(size == 320000, "open_memstream");
    check_resizes("open_memstream", (unsigned char *)text, size, 1);
}

int main(int argc, char **argv)
{
    sweep_pairs();
    sweep_resizes();
    sweep_alignments();
    sweep_overflow();
    sweep_posix_memalign();
    sweep_zero();
    sweep_library(NULL);
    if (argc > 1)
        sweep_library(argv[1]);
    sweep_threads();
    sweep_libc();
    errno = MARK;
    (void)malloc_trim(0);
    return check_status();
}
