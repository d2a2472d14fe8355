/* SPDX-License-Identifier: MIT */
/* tap - the Test Anything Protocol: one line a check, the plan at the end, exit status 1 when a check failed. */
#ifndef NP_TESTS_TAP_H
#define NP_TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failures;

/** tap_ok() - one check, named by the behaviour it proves. Return: @good. */
__attribute__((format(printf, 2, 3), unused)) static bool tap_ok(bool good, const char *format, ...)
{
    va_list arguments;
    printf("%s %d - ", good ? "ok" : "not ok", ++tap_count);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    tap_failures += !good;
    return good;
}

/** tap_int() - are two numbers equal? Both are shown when not. */
__attribute__((unused)) static bool tap_int(long long got, long long wanted, const char *name)
{
    if (!tap_ok(got == wanted, "%s", name))
        printf("# got %lld, wanted %lld\n", got, wanted);
    return got == wanted;
}

/** tap_string() - are two texts equal? */
__attribute__((unused)) static bool tap_string(const char *got, const char *wanted, const char *name)
{
    const bool good = strcmp(got, wanted) == 0;
    if (!tap_ok(good, "%s", name))
        printf("# got '%s', wanted '%s'\n", got, wanted);
    return good;
}

/** tap_skip() - a check that cannot be made here, and why. */
__attribute__((unused)) static void tap_skip(const char *name, const char *reason)
{
    printf("ok %d - %s # SKIP %s\n", ++tap_count, name, reason);
}

/** tap_done() - the plan; main() returns it. */
__attribute__((unused)) static int tap_done(void)
{
    printf("1..%d\n", tap_count);
    return tap_failures > 0;
}

#endif
