/* SPDX-License-Identifier: MIT */
/* check - one line on stderr for each expectation that does not hold; the program's exit status says whether any. */
#ifndef NP_TESTS_CHECK_H
#define NP_TESTS_CHECK_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static _Atomic unsigned long check_count, check_failures;

__attribute__((format(printf, 2, 3))) static inline bool check(bool holds, const char *format, ...)
{
    atomic_fetch_add(&check_count, 1);
    if (!holds && atomic_fetch_add(&check_failures, 1) < 20) {
        va_list arguments;
        va_start(arguments, format);
        (void)vfprintf(stderr, format, arguments);
        (void)fputc('\n', stderr);
        va_end(arguments);
    }
    return holds;
}

static inline int check_status(void)
{
    (void)printf("%lu checks, %lu failed\n", check_count, check_failures);
    return check_failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
