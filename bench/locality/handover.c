// SPDX-License-Identifier: MIT
//
// handover [floor]
//
// Hand-over between threads: each thread allocates blocks, fills them, and leaves their addresses to its neighbour, who
// frees them without looking into them. With `floor` the same without an allocator: every thread fills the same blocks
// of its own node each time, and the neighbour only reads the addresses. What misses there, the workload itself forces.
#include "crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCKS = 4000, // of 144 bytes on average: 0.55 MiB, twice the modelled cache
    SMALLEST = 32,
    LARGEST = 256,
    WARM_UP = 4,
    ROUNDS = 20,
};

static bool floor_only;
static void **letters[CREW]; // the addresses that a thread leaves
static char *storage[CREW];  // of the floor
static size_t *sizes[CREW];  // drawn before: what is drawn on the way would be counted

static void *get(unsigned member, int index, size_t size)
{
    if (floor_only)
        return storage[member] + (size_t)index * LARGEST;
    return malloc(size);
}

static uintptr_t put(void *block)
{
    if (!floor_only)
        free(block);
    return (uintptr_t)block;
}

static void work(struct member *member)
{
    unsigned me = member->index;
    void **mine = letters[me], **theirs = letters[(me + 1) % CREW];
    for (int i = 0; i < BLOCKS; i++)
        sizes[me][i] = crew_random(member, SMALLEST, LARGEST + 1);
    for (int round = 0; round < WARM_UP + ROUNDS; round++) {
        if (round == WARM_UP)
            crew_begin(member);
        for (int i = 0; i < BLOCKS; i++) {
            mine[i] = get(me, i, sizes[me][i]);
            if (!mine[i])
                abort();
            memset(mine[i], round, sizes[me][i]);
        }
        crew_meet();
        for (int i = 0; i < BLOCKS; i++)
            member->sum += put(theirs[i]);
        crew_meet();
    }
    crew_end(member);
}

int main(int argc, char **argv)
{
    floor_only = argc > 1 && !strcmp(argv[1], "floor");
    for (unsigned i = 0; i < CREW; i++) {
        letters[i] = crew_place(BLOCKS * sizeof **letters, i);
        storage[i] = crew_place((size_t)BLOCKS * LARGEST, i);
        sizes[i] = crew_place(BLOCKS * sizeof **sizes, i);
    }
    crew_run(work, true);
    printf("operations=%d\n", CREW * ROUNDS * BLOCKS);
    return 0;
}
