/* SPDX-License-Identifier: MIT */
/* init - what happens once, before the program's first instruction, and once at its end.
 *
 * The library is linked initfirst, so its constructor runs before those of all others, libc's included:
 * environ, stdio and program_invocation_name are not there yet. Nothing else may call into this module. */
#ifndef NP_PRELOAD_INIT_H
#define NP_PRELOAD_INIT_H

#include "config/config.h"
#include "core/policy.h"
#include "core/stats.h"
#include "environment.h"

/** The frozen state of the process's policy. */
struct np_process {
    struct np_config *config;
    struct np_stats *stats;
    unsigned count; /* of placements */
    unsigned mapping_count;
    struct np_pinning *pinnings;         /* one for each thread rule; NULL without any */
    struct np_placement *task_placement; /* of [process]; NULL without one */
    struct np_pinning *task_pinning;
    np_cpuset cpus;             /* that the process may use; set with one of them */
    np_nodeset nodes;           /* allowed nodes with memory; empty until the topology was read */
    char program[NAME_MAX + 1]; /* base name as executed */
    const char *report;         /* "", "-" or a path; lies in config */
    bool forked;                /* this is a forked child that did not exec */
    struct np_placement placements[NP_MAX_RULES]; /* last: most of them are never touched */
    struct np_placement mappings[NP_MAX_RULES];
};

/** np_process_load() - find and read the policy file and resolve it against this machine. What is wrong is
 * logged, the first thing only. Context: start-up.
 * Return: 0; -EINVAL when the file or what it asks for is invalid: pass every call through; another -errno
 * likewise. */
int np_process_load(const struct np_environment *environment, struct np_process *ret_process);

/** np_process_pin() - resolve [process] and the rules for threads. Errors as np_process_load(). */
int np_process_pin(struct np_process *process, const np_topology *topology);
/** np_process_tell() - log what is wrong with a rule. @line: the section's. @refused: only by hard mode, on this machine;
 * else once in a tree of processes. */
void np_process_tell(const struct np_process *process, const char *section, unsigned line,
                     const struct np_policy_problem *problem, bool refused);

#endif
