/* SPDX-License-Identifier: MIT */
/* A library that is opened with RTLD_DEEPBIND finds libc's free before ours, and would call it with blocks of ours, such as
 * what libc's own strdup gives it. So it is opened without, as heaptrack does it. */
#include "core/log.h"
#include "core/numaperf.h"
#include "family.h"
#include "next.h"

#include <dlfcn.h>
#include <stdint.h>

/* The next function is jumped to, also in builds that do not optimise: from the return address it tells who calls, whose
 * RUNPATH counts. */
#ifndef __clang__
__attribute__((optimize("O2")))
#endif
NP_PUBLIC void *
dlopen(const char *file, int mode)
{
    void *(*next)(const char *, int) = np_next.dlopen;
    if ((mode & RTLD_DEEPBIND) && !np_malloc_below_floor(SIZE_MAX)) {
        np_log(NP_LOG_WARN, "%s is opened without RTLD_DEEPBIND", file ? file : "the program");
        mode &= ~RTLD_DEEPBIND;
    }
    return next(file, mode);
}
