/* SPDX-License-Identifier: MIT */
/* check - TAP for the tests of this folder: ok() prints a result, done() the plan. remove_tree() takes a scratch folder
 * away. */
#ifndef NP_TESTS_CONFIG_CHECK_H
#define NP_TESTS_CONFIG_CHECK_H

#include <ftw.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static unsigned checks, failures;

static inline bool ok(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline bool ok(bool good, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("%s %u - ", good ? "ok" : "not ok", ++checks);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    failures += !good;
    return good;
}

static inline int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static inline void remove_tree(const char *folder)
{
    ok(nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS) == 0, "the scratch folder is removed");
}

static inline int done(void)
{
    printf("1..%u\n", checks);
    return failures != 0;
}

#endif
