/* SPDX-License-Identifier: MIT */
/* task - what the kernel keeps for a thread and hands on to its children: the memory policy and the CPUs, which
 * [process] sets, and what programs get that are exec'ed with `children = scrub`. */
#ifndef NP_PRELOAD_TASK_H
#define NP_PRELOAD_TASK_H

#include "init.h"

/** np_task_start() - give the main thread its policy and its CPUs. @process: with its resolved section.
 * @scrub: exec'ed programs get what was there before. Context: start-up, in the main thread. */
void np_task_start(const struct np_process *process, bool scrub);

/** What a thread had while np_task_lay_down() holds. */
struct np_task {
    bool policy, cpus;
    np_cpuset kept;
};

/** np_task_lay_down() - before a program is started from the calling thread: take off what is ours and not the
 * program's own wish. Nothing without `children = scrub`. Context: hook-safe, in a vfork child too. */
void np_task_lay_down(struct np_task *ret_task);
/** np_task_take_up() - behind it: put it on again. errno is kept. */
void np_task_take_up(const struct np_task *task);

#endif
