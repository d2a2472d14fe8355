/* SPDX-License-Identifier: MIT */
#include "log.h"
#include "tap.h"

#include <limits.h>
#include <stdint.h>

/* snprintf is the reference: the same text and the same length, whatever the size. */
#define CHECK(...)                                                                                           \
    do {                                                                                                     \
        char wanted[200], got[200], cut[200];                                                                \
        const int length = snprintf(wanted, sizeof wanted, __VA_ARGS__);                                     \
        bool same = np_format(got, sizeof got, __VA_ARGS__) == length && strcmp(got, wanted) == 0;           \
        for (size_t size = 0; same && size <= (size_t)length + 1; size++) {                                  \
            memset(cut, '#', sizeof cut);                                                                    \
            same = np_format(cut, size, __VA_ARGS__) == length && cut[size] == '#' &&                        \
                   (size == 0 || (strncmp(cut, wanted, size - 1) == 0 && cut[size - 1] == '\0'));            \
        }                                                                                                    \
        tap_ok(same, "as snprintf: '%s'", wanted);                                                           \
    } while (0)

int main(void)
{
    CHECK("plain");
    CHECK("%s", "");
    CHECK("%s and %s", "one", "two");
    CHECK("%d %d %d", 0, INT_MAX, INT_MIN);
    CHECK("%u %u", 0u, UINT_MAX);
    CHECK("%zu", SIZE_MAX);
    CHECK("%lu %lu", 0ul, ULONG_MAX);
    CHECK("%ld", LONG_MIN);
    CHECK("%llu", ULLONG_MAX);
    CHECK("%lld", LLONG_MIN);
    CHECK("%x %lx", 0xdeadbeefu, 0x123456789abcdeful);
    CHECK("%c%c", 'a', 'Z');
    CHECK("100%%");
    CHECK("%p", (void *)(uintptr_t)0x7f0012345000);
    CHECK("%d%s%c%zu", -1, "mixed", '/', (size_t)4096);
    char text[32];
    const char *volatile missing = NULL; /* out of the compiler's sight */
    np_format(text, sizeof text, "%s", missing);
    tap_string(text, "(null)", "a missing string does not crash");
    np_format(text, sizeof text, "%p", NULL);
    tap_string(text, "0x0", "a null pointer is a number");
    tap_int(np_format(NULL, 0, "%d", 12345), 5, "no buffer at all asks for the length");
    return tap_done();
}
