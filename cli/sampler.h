/* SPDX-License-Identifier: MIT */
/* sampler - readings of the programs under the shim, one after the other, by a thread of their own: to ask the kernel about
 * each page of a large program takes seconds, and the keys must not wait. */
#ifndef NP_CLI_SAMPLER_H
#define NP_CLI_SAMPLER_H

#include "json_read.h"

#include <sys/types.h>

/** One program in a reading. */
struct np_sampled {
    pid_t pid;
    uint64_t started;        /* clock ticks after boot: tells it from a later process of the same number */
    uint64_t when;           /* millisecond when its counters were read */
    struct np_value *report; /* as `numaperf report --json` has it, or NULL */
    char *reason;            /* why there is none, else NULL */
    struct np_value *before; /* its report of the reading before, or NULL */
    double seconds;          /* since that one */
};

struct np_sample {
    struct np_sampled *programs;
    unsigned count;
    uint64_t cost; /* milliseconds that it took */
};

/** np_sampler_start() - @pids: which processes to read, @count of them; 0 for all under the shim. They are the caller's, and
 * stay. *ret_descriptor becomes readable with each sample. Return: 0; -errno. */
int np_sampler_start(const pid_t *pids, unsigned count, int *ret_descriptor);
/** np_sampler_ask() - begin a sample. Only when the one before has been taken. */
void np_sampler_ask(void);
/** np_sampler_take() - the sample that was asked for, when the descriptor is readable. @before: the one that was taken
 * before, or NULL; it is freed. */
struct np_sample *np_sampler_take(struct np_sample *before);

/** np_sampler_now() - milliseconds of a clock that only goes on. */
uint64_t np_sampler_now(void);

#endif
