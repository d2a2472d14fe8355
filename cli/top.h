/* SPDX-License-Identifier: MIT */
/* top - the live view, where it is built in. */
#ifndef NP_CLI_TOP_H
#define NP_CLI_TOP_H

#include <sys/types.h>

struct np_top_options {
    double interval;   /* seconds between two readings */
    const pid_t *pids; /* which processes; none: all under the shim */
    unsigned count;
};

/** np_top_run() - show it until the user quits. Return: the exit status. */
int np_top_run(const struct np_top_options *options);

#endif
