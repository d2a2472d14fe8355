/* SPDX-License-Identifier: MIT */
/* lib - what the tests of the C library share. */
#ifndef NP_TESTS_LIB_LIB_H
#define NP_TESTS_LIB_LIB_H

#include "numaperf.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB ((size_t)1 << 20)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LIB_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LIB_SANITIZED 1
#endif
#endif
#ifndef LIB_SANITIZED
#define LIB_SANITIZED 0
#endif

/** lib_policy() - a mode with the nodes of a list such as "0-2,5" ("" for none). */
__attribute__((unused)) static np_policy lib_policy(enum np_mode mode, const char *nodes)
{
    np_policy policy = {.mode = mode};
    if (*nodes != '\0' && np_nodeset_parse(nodes, &policy.nodes) != 0)
        abort();
    return policy;
}

/** lib_first_node() - a node that this process may use, as text. */
__attribute__((unused)) static const char *lib_first_node(void)
{
    static char text[16];
    np_topology *topology;
    if (*text == '\0' && np_topology_load(&topology) == 0) {
        (void)snprintf(text, sizeof text, "%d", np_nodeset_next(np_topology_allowed(topology), -1));
        np_topology_free(topology);
    }
    return text;
}

/** lib_why() - the reason of a region's enforcement. */
__attribute__((unused)) static const char *lib_why(const np_region *region)
{
    const char *why = NULL;
    (void)np_region_enforcement(region, &why);
    return why != NULL ? why : "(null)";
}

/** lib_mapped() - kilobytes of address space that this process has mapped, and lines of its map. Always the same under
 * sanitizers, which map what they like and look for leaks themselves. */
__attribute__((unused)) static unsigned long lib_mapped(unsigned *ret_lines)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long start, end, sum = 0;
    char line[512];
    *ret_lines = 0;
    if (LIB_SANITIZED) {
        if (maps != NULL)
            (void)fclose(maps);
        return 0;
    }
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        if (sscanf(line, "%lx-%lx", &start, &end) == 2 && strstr(line, "[stack") == NULL) {
            sum += (end - start) / 1024;
            ++*ret_lines;
        }
    if (maps != NULL)
        (void)fclose(maps);
    return sum;
}

#endif
