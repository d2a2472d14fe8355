/* SPDX-License-Identifier: MIT */
/* A program that other memory tools live in: threads allocate, resize and free by every function, and look at what they
 * get. An argument asks for a mistake that a debugger has to find: `overrun` writes behind a block, `leak` loses one.
 * With OWN_MALLOC the program has an allocator inside, as some do. */
#include "check.h"

#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#define ROUNDS 300

#ifdef OWN_MALLOC
static _Alignas(64) char own_memory[256 << 20];
static _Atomic size_t own_used;

static void *own_allocate(size_t size, size_t alignment)
{
    size_t start = atomic_fetch_add(&own_used, size + alignment + 16), header = 16;
    char *block = own_memory + start + header;
    block += (0 - (uintptr_t)block) % alignment;
    if (start + size + alignment + 16 > sizeof own_memory)
        return NULL;
    memcpy(block - header, &size, sizeof size);
    return block;
}

void *malloc(size_t size)
{
    return own_allocate(size, 16);
}

void *calloc(size_t count, size_t size)
{
    return own_allocate(count * size, 16); /* nothing is used twice */
}

void free(void *block)
{
    check(!block || ((char *)block >= own_memory && (char *)block < own_memory + sizeof own_memory),
          "%p is not the program's own", block);
}

void *realloc(void *block, size_t size)
{
    size_t old = 0;
    void *copy = own_allocate(size, 16);
    if (block)
        memcpy(&old, (char *)block - 16, sizeof old);
    return copy && block ? memcpy(copy, block, old < size ? old : size) : copy;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return own_allocate(size, alignment);
}

int posix_memalign(void **ret_block, size_t alignment, size_t size)
{
    *ret_block = own_allocate(size, alignment);
    return 0;
}
#endif

static void *work(void *argument)
{
    const char mark = *(const char *)argument;
    for (size_t i = 1; i <= ROUNDS; i++) {
        size_t size = i * (i % 10 == 0 ? 1000 : 7);
        char *block = malloc(size), *zeroes = calloc(i, 3), *page = aligned_alloc(4096, 4096);
        void *line = NULL;
        check(posix_memalign(&line, 64, i) == 0 && (uintptr_t)line % 64 == 0, "posix_memalign gave %p", line);
        memset(block, mark, size);
        memset(page, 0, 4096);
        check(zeroes[0] == 0 && zeroes[i * 3 - 1] == 0, "calloc of %zu", i * 3);
        block = realloc(block, size * 2);
        check(block[0] == mark && block[size - 1] == mark, "realloc from %zu", size);
        char *text = strdup("of libc");
        check(strcmp(text, "of libc") == 0, "strdup");
        free(text);
        free(line);
        free(page);
        free(zeroes);
        free(block);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static char marks[] = "abcd";
    pthread_t threads[4];
    for (unsigned i = 0; i < 4; i++)
        check(pthread_create(&threads[i], NULL, work, &marks[i]) == 0, "no thread");
    for (unsigned i = 0; i < 4; i++)
        (void)pthread_join(threads[i], NULL);
    volatile size_t size = 100; /* or the compiler finds the mistake */
    volatile char *block = malloc(size);
    if (argc > 1 && strcmp(argv[1], "overrun") == 0)
        block[size] = 1;
    if (argc > 1 && strcmp(argv[1], "leak") == 0)
        block = NULL;
    free((char *)(uintptr_t)block);
    return check_status();
}
