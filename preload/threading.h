/* SPDX-License-Identifier: MIT */
/* threading - the threads that the program creates, names and binds. Context: start-up unless stated. */
#ifndef NP_PRELOAD_THREADING_H
#define NP_PRELOAD_THREADING_H

#include "core/thread.h"
#include "environment.h"

/** np_threads_start() - from now on threads follow the rules; the calling one is the main thread.
 * @stacks: put them on their threads' nodes, of which there are several.
 * @cpus: what the process may use. Return: 0; -ENOMEM; -EAGAIN without a key for thread-specific data. */
int np_threads_start(const struct np_thread_rule *rules, const struct np_pinning *pinnings, unsigned count,
                     const np_cpuset *cpus, bool stacks, const struct np_environment *environment,
                     struct np_stats *stats);
/** np_threads_forked() - in the child of a fork. Context: hook-safe. */
void np_threads_forked(void);

/** The calling thread's record; NULL: it has none. Initial-exec as np_guard_held. */
extern _Thread_local struct np_thread *np_thread_self
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/** np_thread_current() - the same; NULL also in a child of vfork(2), which runs on its parent's memory: what it does to
 * itself is nothing that its parent does. Context: hook-safe. */
struct np_thread *np_thread_current(void);

#endif
