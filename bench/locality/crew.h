// SPDX-License-Identifier: MIT
//
// Four threads that do the same work, each on a CPU of its own when they are pinned, and that count from one moment to
// another.
#ifndef NUMAPERF_BENCH_CREW_H
#define NUMAPERF_BENCH_CREW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CREW = 4,
};

struct member {
    unsigned index;
    uint64_t random; // the state of its generator: every run draws the same numbers
    uint64_t sum;    // of what its work has read, so that reading it has a use
};

// Runs the work in each thread, from the beginning on the CPU of the member's index if `pinned`, and waits.
void crew_run(void (*work)(struct member *), bool pinned);

// Waits for all of them.
void crew_meet(void);

// All meet, then counting begins, or ends, then all go on. Called by all.
void crew_begin(const struct member *member);
void crew_end(const struct member *member);

// The calling thread goes on on this CPU.
void crew_move(unsigned cpu);

// From FROM to TILL - 1.
size_t crew_random(struct member *member, size_t from, size_t till);

// Memory that no allocator gave, on a node. Written to, so that it is there.
void *crew_place(size_t size, unsigned node);

#endif
