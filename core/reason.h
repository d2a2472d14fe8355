/* SPDX-License-Identifier: MIT */
/* reason - why less than was asked for holds: a text put together from parts, cut between them where it is full.
 * Context: hook-safe. */
#ifndef NP_CORE_REASON_H
#define NP_CORE_REASON_H

#define NP_REASON_SIZE 160

/** np_reason_append() - add a part to @reason (of NP_REASON_SIZE), behind @separator where it is not the first. */
void np_reason_append(char *reason, const char *separator, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
