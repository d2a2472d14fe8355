/* SPDX-License-Identifier: MIT */
/* large - blocks of 64 KiB to 32 MiB in a loop, eight alive at a time; the first byte of every page is written. */
#include "workload.h"

#define LIVE 8
#define PAGE 4096

int main(int argc, char **argv)
{
    char *blocks[LIVE] = {NULL};
    const uint64_t work = workload_amount(argc, argv, 500);
    uint64_t rng = 42;
    for (uint64_t i = 0; i < work; i++) {
        const size_t size = random_size(&rng, 16, 25);
        char **slot = &blocks[i % LIVE];
        free(*slot);
        *slot = take(size);
        for (size_t at = 0; at < size; at += PAGE)
            ((volatile char *)*slot)[at] = 1;
    }
    for (unsigned i = 0; i < LIVE; i++)
        free(blocks[i]);
    return workload_done(2 * work);
}
