/* SPDX-License-Identifier: MIT */
/* openmp - whether the user told an OpenMP runtime to bind its threads: then they are its own. */
#ifndef NP_PRELOAD_OPENMP_H
#define NP_PRELOAD_OPENMP_H

#include "environment.h"

/** np_openmp_read() - Context: start-up. */
void np_openmp_read(const struct np_environment *environment);
/** np_openmp_binds() - was it? Context: hook-safe. */
bool np_openmp_binds(void);
/** np_openmp_owns() - is this a thread of such a runtime, by the base name of the file that its start routine
 * lies in? Context: hook-safe. */
bool np_openmp_owns(const char *file);

#endif
