/* SPDX-License-Identifier: MIT */
/* fixture - the folder of a machine's copy; NUMAPERF_FIXTURES says where the source tree is elsewhere (a guest). */
#ifndef NP_TESTS_FIXTURE_H
#define NP_TESTS_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>

/** fixture() - a path that is good until the next call. */
static const char *fixture(const char *name)
{
    static char path[512];
    const char *folder = getenv("NUMAPERF_FIXTURES");
    snprintf(path, sizeof path, "%s/%s", folder != NULL ? folder : FIXTURES, name);
    return path;
}

#endif
