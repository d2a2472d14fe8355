/* SPDX-License-Identifier: MIT */
#include "kernel.h"

#include <errno.h>

int np_kernel_read_figure(const char *path, uint64_t *ret_figure)
{
    char text[256];
    ssize_t length = np_kernel_read_file(path, text, sizeof text);
    if (length < 0)
        return (int)length;
    if (*text < '0' || *text > '9')
        return -EINVAL;
    uint64_t figure = 0;
    for (const char *digit = text; *digit >= '0' && *digit <= '9'; digit++)
        if (__builtin_mul_overflow(figure, (uint64_t)10, &figure) ||
            __builtin_add_overflow(figure, (uint64_t)(*digit - '0'), &figure))
            return -ERANGE;
    *ret_figure = figure;
    return 0;
}
