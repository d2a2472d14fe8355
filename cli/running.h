/* SPDX-License-Identifier: MIT */
/* running - the counters of a running program under the shim, read without stopping it, or why there are none. */
#ifndef NP_CLI_RUNNING_H
#define NP_CLI_RUNNING_H

#include "core/stats.h"

#include <dirent.h>
#include <sys/types.h>

#define NP_RUNNING_REASON_SIZE 512

/** np_running_read() - copy the counters of process @pid. They go on changing meanwhile: each is right, their sums may be
 * a few blocks apart.
 * @ret_stats: the caller's, one struct.
 * Return: 0; -ESRCH no such process; -EACCES or -EPERM not ours to read; -ENOENT the shim is not active in it; each
 * with *ret_reason, of NP_RUNNING_REASON_SIZE bytes, set to a sentence. */
int np_running_read(pid_t pid, struct np_stats *ret_stats, char *ret_reason);

/** np_running_has_shim() - is the shim mapped in the process, active or not? False where that cannot be seen. */
bool np_running_has_shim(pid_t pid);

/** np_running_next() - walk through the processes that have the shim mapped, but for this one.
 * @folder: /proc, opened by the caller. Return: the next one's id, or 0 at the end. */
pid_t np_running_next(DIR *folder);
/** np_running_parse() - the process id that a word is, or 0. */
pid_t np_running_parse(const char *word);

/** np_running_emit() - write the report of a running process as JSON: its counters, and where the kernel says its pages
 * are. Return: 0 or -errno of writing. */
int np_running_emit(pid_t pid, const struct np_stats *stats, int descriptor);

#endif
