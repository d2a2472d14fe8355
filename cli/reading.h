/* SPDX-License-Identifier: MIT */
/* reading - reports as texts in memory: as files hold them, or of running processes. */
#ifndef NP_CLI_READING_H
#define NP_CLI_READING_H

#include "core/stats.h"

#include <sys/types.h>

struct np_text {
    char *bytes; /* to be freed; without a NUL at its end */
    size_t length;
};

/** np_reading_file() - read a report file. Return: 0; -errno; -EFBIG. */
int np_reading_file(const char *path, struct np_text *ret_text);
/** np_reading_live() - the report of a running process, as the text that a file would have.
 * @stats: what np_running_read() said of it. Return: 0 or -errno. */
int np_reading_live(pid_t pid, const struct np_stats *stats, struct np_text *ret_text);
/** np_reading_stats() - room for the counters of one process; free() it. Exits without memory. */
struct np_stats *np_reading_stats(void);

#endif
