// SPDX-License-Identifier: MIT
//
// migration
//
// Threads that are moved from node to node: after each move they free half of what they have, allocate blocks of mixed
// sizes and fill them. At the end the kernel is asked for the node of every block that is left: a block is misplaced
// when it is not where the thread was when it allocated it.
#include "crew.h"

#include <err.h>
#include <numaif.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOVES = 12,
    BLOCKS = 2000, // allocated after each move
    LARGEST = 1024,
};

struct block {
    char *start;
    size_t size;
    int node;
};

static struct tally {
    size_t live, misplaced;
    struct block blocks[(size_t)MOVES * BLOCKS];
} tallies[CREW];

static void free_half(struct member *member, struct tally *tally)
{
    for (size_t left = tally->live / 2; left > 0; left--) {
        size_t which = crew_random(member, 0, tally->live);
        free(tally->blocks[which].start);
        tally->blocks[which] = tally->blocks[--tally->live];
    }
}

static void allocate(struct member *member, struct tally *tally, int node)
{
    for (int i = 0; i < BLOCKS; i++) {
        struct block block = {.size = crew_random(member, 16, LARGEST), .node = node};
        block.start = malloc(block.size);
        if (!block.start)
            abort();
        memset(block.start, i, block.size);
        tally->blocks[tally->live++] = block;
    }
}

static int node_of(char *address)
{
    int status = -1;
    void *page = address;
    if (move_pages(0, 1, &page, NULL, &status, 0) != 0)
        err(1, "move_pages");
    return status;
}

static void work(struct member *member)
{
    struct tally *tally = &tallies[member->index];
    crew_begin(member);
    for (unsigned move = 0; move < MOVES; move++) {
        unsigned node = (member->index + move) % CREW; // a CPU's number is its node's
        crew_move(node);
        free_half(member, tally);
        allocate(member, tally, (int)node);
    }
    crew_end(member);
    for (size_t i = 0; i < tally->live; i++) {
        const struct block *block = &tally->blocks[i];
        tally->misplaced +=
            node_of(block->start) != block->node || node_of(block->start + block->size - 1) != block->node;
    }
}

int main(void)
{
    size_t live = 0, misplaced = 0;
    crew_run(work, true);
    for (int i = 0; i < CREW; i++) {
        live += tallies[i].live;
        misplaced += tallies[i].misplaced;
    }
    printf("operations=%d blocks=%zu misplaced=%zu\n", CREW * MOVES * BLOCKS, live, misplaced);
    return 0;
}
