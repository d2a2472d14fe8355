/* SPDX-License-Identifier: MIT */
/* workers - threads that fault memory in, on the CPUs of the nodes where it belongs. Context: start-up. */
#ifndef NP_CORE_WORKERS_H
#define NP_CORE_WORKERS_H

#include "policy.h"

/** np_workers_populate() - fault [start, start + length) in, in pieces of whole pages of @page_size bytes (a power of two),
 * by as many threads as the CPUs of the placement's nodes and the length are worth. Memory-only nodes lend the CPUs of the
 * nearest node; where pages go to whom touches them first, those of the caller's node serve. The caller does what no thread
 * does.
 * Return: 0, or the first -errno of np_kernel_populate(). */
int np_workers_populate(char *start, size_t length, size_t page_size, const struct np_placement *placement);

/** np_workers_cpus() - the CPUs that they run on: of the nodes named above, as far as the process was started on them or the
 * caller may run on them. A caller that is pinned to one CPU has workers all the same. */
void np_workers_cpus(const struct np_placement *placement, np_cpuset *ret_cpus);

#endif
