// SPDX-License-Identifier: MIT
//
// private [unpinned]
//
// Private structures: each thread builds a list of blocks of mixed sizes, walks it, and frees it, again and again.
#include "crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCKS = 6000, // 1.6 MiB in a list, six times the modelled cache
    WALKS = 3,
    WARM_UP = 2,
    ROUNDS = 5,
};

struct block {
    struct block *next;
    uint64_t sum;
};

static struct block *build(struct member *member)
{
    struct block *first = NULL;
    for (int i = 0; i < BLOCKS; i++) {
        size_t size = crew_random(member, sizeof *first, 512);
        struct block *block = malloc(size);
        if (!block)
            abort();
        memset(block, i, size);
        block->next = first;
        first = block;
    }
    return first;
}

static void work(struct member *member)
{
    for (int round = 0; round < WARM_UP + ROUNDS; round++) {
        if (round == WARM_UP)
            crew_begin(member);
        struct block *first = build(member);
        for (int walk = 0; walk < WALKS; walk++) {
            for (struct block *at = first; at; at = at->next)
                member->sum += at->sum;
        }
        while (first) {
            struct block *next = first->next;
            free(first);
            first = next;
        }
    }
    crew_end(member);
}

int main(int argc, char **argv)
{
    crew_run(work, argc < 2 || strcmp(argv[1], "unpinned") != 0);
    printf("operations=%d\n", CREW * ROUNDS * BLOCKS);
    return 0;
}
