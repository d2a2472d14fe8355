/* SPDX-License-Identifier: MIT */
/* machine - what the command knows of the machine beside the topology: memory in use, huge-page pools, bandwidths,
 * and the kernel's settings. */
#ifndef NP_CLI_MACHINE_H
#define NP_CLI_MACHINE_H

#include "core/kernel.h"

#define NP_MACHINE_POOLS 4 /* page sizes of explicit huge pages: arm64 has four */

/** The pool of explicit huge pages of one size on one node. */
struct np_pool {
    uint64_t page_bytes, total, free; /* total and free: pages */
};

/** What one node has now. */
struct np_machine_node {
    uint64_t total_bytes, free_bytes;
    uint64_t read_bandwidth, write_bandwidth; /* MB/s as its nearest CPUs see it (HMAT); 0: unknown */
    uint64_t read_latency, write_latency;     /* ns; 0: unknown */
    struct np_pool pools[NP_MACHINE_POOLS];
    unsigned pool_count; /* by rising page size */
};

/** np_machine_node() - read a node's figures from sysfs; those that are not there are 0. */
void np_machine_node(int id, struct np_machine_node *ret_node);

/** np_machine_setting() - the first line of a small file, the word in [brackets] if it has any; "" when it cannot be
 * read. @text has @size bytes and is returned. */
const char *np_machine_setting(const char *path, char *text, size_t size);

/** One thing that the kernel can do or not, found out by trying. */
struct np_ability {
    const char *name; /* as in JSON, such as "preferred_many" */
    const char *text; /* for people */
    bool has;
    int error;          /* the -errno answered, 0 when unknown or fine */
    const char *effect; /* what numaperf does without it */
};
#define NP_MACHINE_ABILITIES 7
/** np_machine_abilities() - try them. */
void np_machine_abilities(struct np_ability *ret_abilities);

/** One setting of the kernel's that matters for placement. */
struct np_setting {
    const char *name, *path;
};
/** np_machine_settings() - the table, which ends with a NULL name. */
const struct np_setting *np_machine_settings(void);

#endif
