/* SPDX-License-Identifier: MIT */
/* mixed - random sizes from 16 bytes to 16 KiB with random lifetimes: one of twenty thousand live blocks, chosen at
 * random, is replaced by a new one, again and again. */
#include "workload.h"

#define LIVE 20000

int main(int argc, char **argv)
{
    static char *blocks[LIVE];
    const uint64_t work = workload_amount(argc, argv, 4000000);
    uint64_t rng = 42, calls = 0;
    for (uint64_t i = 0; i < work; i++) {
        char **slot = &blocks[random_below(&rng, LIVE)];
        calls += *slot != NULL;
        free(*slot);
        *slot = take(random_size(&rng, 4, 14));
        calls++;
    }
    for (unsigned i = 0; i < LIVE; i++)
        free(blocks[i]);
    return workload_done(calls);
}
