/* SPDX-License-Identifier: MIT */
/* A library to preload that allocates at the worst times: in its constructor, in the fork handlers that it registers
 * there, and in its destructor. Linked as `early` or, with -DLATE, as a library to open late. */
#include <stdbool.h>

#include "family.h"

#include <pthread.h>
#include <unistd.h>

static unsigned char *blocks[COUNT(sizes)];
static void *kept; /* from the constructor, freed by the destructor */

static void churn(void)
{
    for (size_t s = 0; s < COUNT(sizes); s++) {
        unsigned char *block = allocators[s % COUNT(allocators)].allocate(sizes[s]);
        block = block ? realloc(block, sizes[COUNT(sizes) - 1 - s] + 1) : NULL;
        if (!block)
            _exit(99);
        free(block);
    }
}

__attribute__((constructor)) static void start(void)
{
    for (size_t s = 0; s < COUNT(sizes); s++) {
        blocks[s] = allocators[s % COUNT(allocators)].allocate(sizes[s]);
        if (blocks[s])
            fill(blocks[s], sizes[s], 9);
    }
    kept = malloc(200000);
#ifndef LATE
    if (pthread_atfork(churn, churn, churn) != 0)
        _exit(98);
#endif
}

__attribute__((destructor)) static void finish(void)
{
    free(kept);
    churn();
}

#ifdef LATE
#define block_of late_block
#else
#define block_of early_block
#endif

void *block_of(size_t index);
void *block_of(size_t index)
{
    return blocks[index];
}
