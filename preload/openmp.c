/* SPDX-License-Identifier: MIT */
#include "openmp.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static bool binds;

static bool is_set(const char *value)
{
    return value != NULL && *value != '\0';
}

void np_openmp_read(const struct np_environment *environment)
{
    const char *bind = environment->omp_proc_bind, *kmp = environment->kmp_affinity;
    const bool kmp_binds =
        is_set(kmp) && strcasestr(kmp, "none") == NULL && strcasestr(kmp, "disabled") == NULL;
    if (is_set(bind)) /* it decides over the places; the runtimes' own variables come before it */
        binds = strncasecmp(bind, "false", strlen("false")) != 0;
    else
        binds = is_set(environment->omp_places);
    binds = binds || is_set(environment->gomp_cpu_affinity) || kmp_binds;
}

bool np_openmp_binds(void)
{
    return binds;
}

/* Wheels of Python carry copies such as libgomp-a34b3233.so.1. */
bool np_openmp_owns(const char *file)
{
    static const char *const runtimes[] = {"libgomp", "libomp", "libiomp"};
    for (size_t i = 0; binds && i < sizeof runtimes / sizeof *runtimes; i++)
        if (strncmp(file, runtimes[i], strlen(runtimes[i])) == 0)
            return true;
    return false;
}
