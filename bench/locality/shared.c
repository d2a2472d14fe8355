// SPDX-License-Identifier: MIT
//
// shared
//
// One array that the main thread allocates and fills, and that threads on all nodes read from beginning to end, each
// from another quarter on.
#include "crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIZE = 32 << 20,
    LINE = 64,
};

static char *array;

static void work(struct member *member)
{
    size_t start = SIZE / CREW * (size_t)member->index;
    volatile char sum = 0;
    crew_begin(member);
    for (size_t at = 0; at < SIZE; at += LINE)
        sum = (char)(sum + array[(start + at) % SIZE]);
    crew_end(member);
}

int main(void)
{
    crew_move(0);
    array = malloc(SIZE);
    if (!array)
        abort();
    memset(array, 1, SIZE);
    crew_run(work, true);
    free(array);
    printf("operations=%d\n", CREW * (SIZE / LINE));
    return 0;
}
