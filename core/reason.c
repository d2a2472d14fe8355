/* SPDX-License-Identifier: MIT */
#include "reason.h"

#include "log.h"

#include <stdarg.h>
#include <string.h>

void np_reason_append(char *reason, const char *separator, const char *format, ...)
{
    size_t used = strlen(reason);
    va_list arguments;
    if (used > 0)
        used += (size_t)np_format(reason + used, NP_REASON_SIZE - used, "%s", separator);
    if (used >= NP_REASON_SIZE)
        return;
    va_start(arguments, format);
    (void)np_format_list(reason + used, NP_REASON_SIZE - used, format, arguments);
    va_end(arguments);
}
