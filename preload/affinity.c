/* SPDX-License-Identifier: MIT */
/* What the program binds itself stays so, unless a rule says `override`. */
#include "core/kernel.h"
#include "next.h"
#include "threading.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

/* Return: must the program's wish be set again? */
static bool note_affinity(struct np_thread *thread)
{
    const int saved = errno;
    const bool again = thread != NULL && np_thread_bound(thread);
    errno = saved;
    return again;
}

NP_PUBLIC int pthread_setaffinity_np(pthread_t handle, size_t size, const cpu_set_t *cpus)
{
    int result = np_next.pthread_setaffinity_np(handle, size, cpus);
    if (result == 0 && np_threads_active &&
        note_affinity(pthread_equal(handle, pthread_self()) ? np_thread_self
                                                            : np_thread_find((uint64_t)handle, 0)))
        result = np_next.pthread_setaffinity_np(handle, size, cpus);
    return result;
}

NP_PUBLIC int sched_setaffinity(pid_t tid, size_t size, const cpu_set_t *cpus)
{
    int result = np_next.sched_setaffinity(tid, size, cpus);
    if (result == 0 && np_threads_active &&
        note_affinity(tid == 0 || tid == np_kernel_thread_id() ? np_thread_current()
                                                               : np_thread_find(0, tid)))
        result = np_next.sched_setaffinity(tid, size, cpus);
    return result;
}
