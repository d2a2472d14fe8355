/* SPDX-License-Identifier: MIT */
#include "numaperf.h"
#include "tap.h"

#include <errno.h>
#include <limits.h>

int main(void)
{
    static const int codes[] = {EPERM, ENOSYS, EINVAL,     ENOMEM, EFAULT, EAGAIN,
                                EIO,   ENODEV, EOPNOTSUPP, ERANGE, E2BIG};
    static const int unknown[] = {INT_MAX, INT_MIN, 100000, -100000};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        const char *text = np_strerror(-codes[i]);
        tap_ok(text == np_strerror(codes[i]), "%d reads the same with either sign", codes[i]);
        tap_ok(text[strlen(text) - 1] == '.' && strcmp(text, np_strerror(100000)) != 0,
               "it is a sentence: %s", text);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        tap_string(np_strerror(unknown[i]), "The error is unknown.", "an unknown code has a sentence too");
    tap_string(np_strerror(0), "Nothing is wrong.", "0 is no error");
    tap_string(numaperf_version(), NP_VERSION, "the version is the build's");
    return tap_done();
}
