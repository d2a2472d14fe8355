/* SPDX-License-Identifier: MIT */
/* smaps - what /proc/PID/smaps says of each mapping of a process. Context: hook-safe, but slow. */
#ifndef NP_CORE_SMAPS_H
#define NP_CORE_SMAPS_H

#include <stdint.h>
#include <sys/types.h>

struct np_smaps_entry {
    uintptr_t start, end;
    uint64_t resident; /* bytes */
    uint64_t huge;     /* of these, in transparent or explicit huge pages */
};

typedef void np_smaps_each(void *context, const struct np_smaps_entry *entry);

/** np_smaps_read() - call @each for every mapping of process @pid (0: this one), by rising address. Return: 0;
 * -errno of reading. */
int np_smaps_read(pid_t pid, np_smaps_each *each, void *context);

#endif
