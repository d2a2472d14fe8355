/* SPDX-License-Identifier: MIT */
/* expect - thousands of expectations, in several threads, behind each line that a test of the heap prints. */
#ifndef NP_TESTS_HEAP_EXPECT_H
#define NP_TESTS_HEAP_EXPECT_H

#include "../unit/tap.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

/* Of the running test. Weak: one for all sources of a program. */
__attribute__((weak)) _Atomic unsigned long expect_failures;

/* The first few failures are told, the rest only counted: a broken map fails in every step that follows. */
__attribute__((format(printf, 2, 3), unused)) static bool expect(bool holds, const char *format, ...)
{
    if (!holds && atomic_fetch_add(&expect_failures, 1) < 10) {
        va_list arguments;
        va_start(arguments, format);
        (void)fputs("# ", stderr);
        (void)vfprintf(stderr, format, arguments);
        (void)fputc('\n', stderr);
        va_end(arguments);
    }
    return holds;
}

__attribute__((unused)) static void run_test(void (*test)(void), const char *name)
{
    expect_failures = 0;
    test();
    (void)tap_ok(expect_failures == 0, "%s", name);
    (void)fflush(stdout);
}

/* A generator whose sequences are the same everywhere (Marsaglia, "Xorshift RNGs"). */
__attribute__((unused)) static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (*state * UINT64_C(0x2545f4914f6cdd1d)) >> 16;
}

__attribute__((unused)) static uint32_t random_below(uint64_t *state, uint32_t end)
{
    return end ? (uint32_t)(random_next(state) % end) : 0;
}

#endif
