/* SPDX-License-Identifier: MIT */
/* threads_view - the rules for threads and what they come to on this machine. */
#ifndef NP_CLI_THREADS_VIEW_H
#define NP_CLI_THREADS_VIEW_H

#include "effective.h"

#include <stdio.h>

/** np_threads_show() - write a table of the rules, if there are any. Return: is any of them degraded? */
bool np_threads_show(FILE *stream, const struct np_effective *effective);
/** np_thread_explain() - write which rules can take a thread of this name, and its CPUs. */
void np_thread_explain(FILE *stream, const struct np_effective *effective, const char *name);

#endif
