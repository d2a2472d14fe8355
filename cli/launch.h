/* SPDX-License-Identifier: MIT */
/* launch - what `numaperf run` hands on to a program: the shim and what it reads. */
#ifndef NP_CLI_LAUNCH_H
#define NP_CLI_LAUNCH_H

#include "core/numaperf.h"

#include <stdio.h>

#define NP_LAUNCH_NAME    "command-line" /* stands for the path of a policy that options gave */
#define NP_LAUNCH_SECTION "malloc.all"   /* its class */

struct np_launch {
    const char *config; /* policy file, or NULL */
    const char *policy; /* the text of a policy instead of a file, or NULL */
    const char *report; /* where to, or NULL */
    bool has_mode;
    enum np_hardness mode;
};

/** np_launch_prepare() - set this process's environment, which the program gets. The text of a policy travels in
 * NUMAPERF_POLICY, which executed children inherit as they do NUMAPERF_CONFIG.
 * Return: 0, or the exit status of `run` with the reason told. */
int np_launch_prepare(const struct np_launch *launch);
/** np_launch_show() - write the environment and the command as a shell would read them. */
void np_launch_show(FILE *stream, char *const *command);

#endif
