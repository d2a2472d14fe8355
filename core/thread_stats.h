/* SPDX-License-Identifier: MIT */
/* thread_stats - what is counted for a rule for threads; a part of struct np_stats, without pointers as all of it. */
#ifndef NP_CORE_THREAD_STATS_H
#define NP_CORE_THREAD_STATS_H

#include "policy.h"

#include <stdatomic.h>

/** One [thread.*] rule. */
struct np_stats_thread {
    char section[NP_SECTION_SIZE];
    uint32_t strategy, hardness; /* enum np_strategy, enum np_hardness, as requested */
    np_nodeset nodes;            /* whose CPUs are used */
    char reason[NP_REASON_SIZE]; /* as in np_stats_rule */
    _Atomic uint32_t reason_state;
    _Atomic uint64_t count, pinned, skipped; /* threads; skipped ones were to be pinned and are not */
};

#define NP_STATS_THREADS 65 /* [thread.*], and the pin of [process] */

/** np_stats_thread_degrade() - keep the first reason given, and log it as a warning. Context: hook-safe. */
void np_stats_thread_degrade(struct np_stats_thread *rule, const char *reason);

#endif
