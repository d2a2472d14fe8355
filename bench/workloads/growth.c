/* SPDX-License-Identifier: MIT */
/* growth - buffers that grow by realloc and are filled as they grow: a thousand small ones by turns, by a half of their
 * size each time from 32 bytes to 64 KiB, and two large ones in steps of 256 KiB to 32 MiB. */
#include "workload.h"

#define SMALL       1000
#define SMALL_LIMIT 65536
#define STEP        ((size_t)256 << 10)
#define LARGE_LIMIT ((size_t)32 << 20)

static char *grow(char *block, size_t from, size_t size)
{
    char *grown = realloc(block, size);
    if (grown == NULL) {
        perror("realloc");
        exit(1);
    }
    memset(grown + from, 1, size - from);
    return grown;
}

static uint64_t grow_small(void)
{
    char *blocks[SMALL] = {NULL};
    uint64_t calls = SMALL;
    for (size_t from = 0, size = 32; size < SMALL_LIMIT; from = size, size += size / 2) {
        for (unsigned i = 0; i < SMALL; i++)
            blocks[i] = grow(blocks[i], from, size);
        calls += SMALL;
    }
    for (unsigned i = 0; i < SMALL; i++)
        free(blocks[i]);
    return calls;
}

static uint64_t grow_large(void)
{
    char *blocks[2] = {NULL, NULL};
    uint64_t calls = 2;
    for (size_t size = STEP; size <= LARGE_LIMIT; size += STEP) {
        for (unsigned i = 0; i < 2; i++)
            blocks[i] = grow(blocks[i], size - STEP, size);
        calls += 2;
    }
    free(blocks[0]);
    free(blocks[1]);
    return calls;
}

int main(int argc, char **argv)
{
    const uint64_t rounds = workload_amount(argc, argv, 6);
    uint64_t calls = 0;
    for (uint64_t i = 0; i < rounds; i++)
        calls += grow_small() + grow_large();
    return workload_done(calls);
}
