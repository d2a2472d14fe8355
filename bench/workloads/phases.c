/* SPDX-License-Identifier: MIT */
/* phases - fragmentation: in each of eight phases 16 MiB of blocks of a size of its own are allocated and all but every
 * tenth are freed, so that what stays lies scattered. Then all go. */
#include "workload.h"

#define PHASES 8
#define VOLUME ((size_t)16 << 20)

static uint64_t run_phases(void)
{
    static const size_t sizes[PHASES] = {48, 112, 400, 80, 1040, 208, 3000, 32};
    char **kept[PHASES];
    uint64_t calls = 0;
    for (unsigned phase = 0; phase < PHASES; phase++) {
        const size_t count = VOLUME / sizes[phase];
        char **blocks = (char **)take(count * sizeof *blocks);
        for (size_t i = 0; i < count; i++) {
            blocks[i] = take(sizes[phase]);
            memset(blocks[i], 3, sizes[phase]);
        }
        for (size_t i = 0; i < count; i++)
            if (i % 10 != 0)
                free(blocks[i]);
        kept[phase] = blocks;
        calls += 2 * count + 2;
    }
    for (unsigned phase = 0; phase < PHASES; phase++) {
        for (size_t i = 0; i < VOLUME / sizes[phase]; i += 10)
            free(kept[phase][i]);
        free(kept[phase]);
    }
    return calls;
}

int main(int argc, char **argv)
{
    const uint64_t rounds = workload_amount(argc, argv, 3);
    uint64_t calls = 0;
    for (uint64_t i = 0; i < rounds; i++)
        calls += run_phases();
    return workload_done(calls);
}
