/* SPDX-License-Identifier: MIT */
/* absence - why the shim is not in a process. */
#ifndef NP_CLI_ABSENCE_H
#define NP_CLI_ABSENCE_H

#include <stdint.h>
#include <sys/types.h>

/** np_absence_state() - the letter of proc(5) for what a process does, or NUL when there is none. */
char np_absence_state(pid_t pid);
/** np_absence_started() - when it began, in clock ticks after boot, or 0. */
uint64_t np_absence_started(pid_t pid);
/** np_absence_explain() - write a sentence of at most NP_RUNNING_REASON_SIZE bytes. */
void np_absence_explain(pid_t pid, char *ret_reason);

#endif
