/* SPDX-License-Identifier: MIT */
/* log - one line to stderr or a file, formatted on the stack and written once. Silent below the level
 * asked for.
 * Context: hook-safe (no stdio, no allocation, errno kept). */
#ifndef NP_CORE_LOG_H
#define NP_CORE_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum np_log_level { NP_LOG_OFF = 0, NP_LOG_ERROR, NP_LOG_WARN, NP_LOG_INFO, NP_LOG_DEBUG };

/** np_log_level_from_name() - error, off, warn, info or debug; -EINVAL for another word. */
int np_log_level_from_name(const char *name);
/** np_log_setup() - choose level and file (NULL: stderr). The file is opened at the first line, appended
 * to, and kept open on a high close-on-exec descriptor. `%p` in the path is the process id, resolved then. */
void np_log_setup(enum np_log_level level, const char *path);
/** np_log_enabled() - would a line of this level be written? */
bool np_log_enabled(enum np_log_level level);
/** np_log() - write "numaperf: " and the message as one line of at most 512 bytes when @level is enabled.
 * The format knows %s %d %u %zu %lu %llu %x %p %c and %%: it is np_format()'s. */
void np_log(enum np_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** np_fatal() - write the line whatever the level, then abort(3): for heap corruption only. */
_Noreturn void np_fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** np_format() - snprintf(3) for the conversions named above, without locale, stdio or allocation (async-
 * signal-safe).
 * Return: the length of the whole text, like snprintf. */
int np_format(char *buffer, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int np_format_list(char *buffer, size_t size, const char *format, __builtin_va_list list);

#endif
